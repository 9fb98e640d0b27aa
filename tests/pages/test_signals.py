"""The page Signals, driven without a browser: every section, on a voice, on silence, on bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.inputs import Sound
from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.effects import VoiceChange, apply
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser
from ser_core.signals.words import WORDS
from tests.pages.conftest import as_wav, charts, choose, open_app, press, text

pytestmark = pytest.mark.usefixtures("visited_before")

PANELS, COMPARE = ":material/stacked_line_chart: Panels", ":material/compare: Compare two"
WHAT_IF, CLEAN = ":material/experiment: What if", ":material/cleaning_services: Clean up"
MODEL = ":material/memory: What the model reads"
EXAMPLE = list_examples()[0]


@pytest.fixture
def page() -> AppTest:
    """The page with an example on it."""
    app = open_app().switch_page("pages/signals.py").run()
    return press(app, f"example_{EXAMPLE.id}")


def section(app: AppTest, name: str) -> AppTest:
    choose(app, "signals_section", name)
    assert not app.exception
    return app


def give(app: AppTest, name: str, data: bytes) -> AppTest:
    choose(app, "source", ":material/upload_file: Upload")
    return app.file_uploader(key="upload").set_value((name, data, "application/octet-stream")).run()


def sound(app: AppTest) -> Sound:
    return app.session_state["sound"]


def test_without_a_sound_it_says_how_to_give_one() -> None:
    app = open_app().switch_page("pages/signals.py").run()
    assert not app.exception
    assert "Press one of the examples" in app.info[0].value
    assert charts(app) == 0


def test_the_first_panels_are_drawn_and_explained(page: AppTest) -> None:
    assert charts(page) == 4
    words = "\n".join(element.value for element in page.caption)
    for name in ("waveform", "spectrogram", "pitch", "intensity"):
        assert WORDS[name].what in words
        assert WORDS[name].limits in words


def test_all_panels_at_once(page: AppTest) -> None:
    choose(page, "panel_names", list(WORDS))
    assert not page.exception
    assert charts(page) == len(WORDS)
    captions = "\n".join(element.value for element in page.caption)
    assert "syllables" in captions
    assert "jitter" in captions


@pytest.mark.parametrize(
    ("key", "value"),
    [("view_window_ms", 60.0), ("view_shape", "rectangular"), ("view_scale", "linear"), ("view_pitch_method", "pyin")],
)
def test_a_setting_acts_at_once_and_can_be_taken_back(page: AppTest, key: str, value: Any) -> None:
    before = [chart.proto.spec for chart in page.get("plotly_chart")]
    choose(page, key, value)
    assert not page.exception
    assert [chart.proto.spec for chart in page.get("plotly_chart")] != before
    press(page, "view_reset")
    assert [chart.proto.spec for chart in page.get("plotly_chart")] == before


def test_the_settings_survive_another_section(page: AppTest) -> None:
    choose(page, "view_window_ms", 60.0)
    section(page, MODEL)
    section(page, PANELS)
    assert next(slider for slider in page.slider if slider.key == "view_window_ms").value == 60.0


def test_the_part_in_view_is_drawn_alone(page: AppTest) -> None:
    key = next(slider.key for slider in page.slider if str(slider.key).startswith("in_view_"))
    choose(page, key, (0.5, 1.0))
    assert '"range":[0.5,1.0]' in page.get("plotly_chart")[0].proto.spec
    press(page, "view_all")
    assert '"range":[0.5,1.0]' not in page.get("plotly_chart")[0].proto.spec


def test_the_part_in_view_can_be_kept_alone_and_given_back(page: AppTest) -> None:
    whole = sound(page)
    choose(page, f"in_view_{whole.digest[:12]}", (0.5, 1.0))
    press(page, "view_keep")
    assert not page.exception
    assert sound(page).waveform.duration_s == pytest.approx(0.5)
    np.testing.assert_array_equal(sound(page).waveform.samples, whole.waveform.samples[8000:16000])
    press(page, "view_undo")
    assert sound(page) is whole


def test_a_long_recording_begins_with_its_first_half_minute(page: AppTest) -> None:
    long = np.tile(load_audio(EXAMPLE.path).samples, 30)
    give(page, "lecture.wav", as_wav(long))
    assert not page.exception
    assert charts(page) == 5  # the overview above the panels
    assert '"range":[0.0,30.0]' in page.get("plotly_chart")[1].proto.spec


def test_bad_input_is_one_sentence_and_the_sound_before_it_stays(page: AppTest) -> None:
    give(page, "notes.wav", b"this is no sound")
    assert not page.exception
    assert "notes.wav" in page.error[0].value
    assert charts(page) == 4
    assert sound(page).name == EXAMPLE.path.name


@pytest.mark.parametrize("samples", [np.zeros(SAMPLE_RATE), np.zeros(3), np.full(4000, 0.9)])
@pytest.mark.parametrize("name", [PANELS, WHAT_IF, CLEAN, MODEL])
def test_silence_and_scraps_break_no_section(page: AppTest, samples: np.ndarray, name: str) -> None:
    give(page, "scrap.wav", as_wav(samples))
    section(page, name)
    if name == PANELS:
        choose(page, "panel_names", list(WORDS))
        assert not page.exception


def test_two_sounds_are_compared_by_warping_and_by_time(page: AppTest) -> None:
    section(page, COMPARE)
    assert "Choose a second sound" in page.info[0].value
    press(page, f"other_example_{list_examples()[2].id}")
    assert not page.exception
    assert charts(page) == 5  # two spectrograms, pitch, intensity, differences
    warped = page.get("plotly_chart")[1].proto.spec
    choose(page, "compare_alignment", "as they are")
    assert page.get("plotly_chart")[1].proto.spec != warped
    assert sound(page).name == EXAMPLE.path.name
    assert page.session_state["other_sound"].name == list_examples()[2].path.name


def test_what_if_shows_the_answer_of_the_recogniser_on_the_changed_sound(page: AppTest) -> None:
    section(page, WHAT_IF)
    press(page, "preset_Telephone")
    assert "Changed: **telephone**" in text(page)
    changed = apply(sound(page).waveform, VoiceChange(telephone=True))
    answer = Recogniser.load("lite").predict(changed)
    assert f"{100 * answer.confidence:.0f} %" in text(page).split("After: **", 1)[1].split("**", 1)[0]
    press(page, "preset_none")
    assert "Changed: **no change**" in text(page)


@pytest.mark.parametrize(
    "name",
    ["Higher", "Lower", "Livelier", "Monotone", "Faster", "Slower", "Raised voice", "In a crowd", "Poor internet"],
)
def test_every_preset_changes_the_sound(page: AppTest, name: str) -> None:
    section(page, WHAT_IF)
    press(page, f"preset_{name}")
    assert not page.exception
    assert not page.error
    assert "no change" not in text(page)


def test_a_codec_shows_its_bit_rates(page: AppTest) -> None:
    section(page, WHAT_IF)
    choose(page, "what_if_codec", "mp3")
    choose(page, "what_if_kbit_s", 16)
    assert "Changed: **mp3 at 16 kbit/s**" in text(page)
    choose(page, "what_if_codec", "mu-law")
    assert not page.exception
    assert not page.error


def test_the_cleaned_sound_can_be_kept(page: AppTest) -> None:
    quiet = np.concatenate([np.zeros(SAMPLE_RATE), 0.05 * load_audio(EXAMPLE.path).samples])
    give(page, "far away.wav", as_wav(quiet))
    section(page, CLEAN)
    choose(page, "clean_trim", True)
    choose(page, "clean_normalise", True)
    assert "silence trimmed, level normalised" in text(page)
    press(page, "take_clean")
    assert sound(page).waveform.duration_s < len(quiet) / SAMPLE_RATE - 0.5
    assert np.abs(sound(page).waveform.samples).max() > 0.1
    assert "Done: **nothing done**" in text(page)


def test_utterances_are_listed_with_an_answer_each(page: AppTest) -> None:
    spoken = load_audio(EXAMPLE.path).samples
    pause = np.zeros(SAMPLE_RATE, np.float32)
    give(page, "two.wav", as_wav(np.concatenate([spoken, pause, spoken])))
    section(page, CLEAN)
    assert "**2** utterances" in text(page)
    choose(page, "utterance", 1)
    assert not page.exception


@pytest.mark.parametrize("model", ["lite", "functionals-svm"])
def test_the_model_reads_what_the_recogniser_gives_it(page: AppTest, model: str) -> None:
    section(page, MODEL)
    choose(page, "model", model)
    assert not page.exception
    array = Recogniser.load(model).inputs(sound(page).waveform)[0].array
    assert any(f"{array.shape[0]} × {array.shape[1]} numbers" in element.value for element in page.caption)


def test_a_corpus_clip_is_a_source(page: AppTest, synthetic_corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    choose(page, "source", ":material/library_music: Corpus clip")
    assert not page.exception
    first = sound(page)
    assert first.origin == "corpus"
    choose(page, "signals_emotion", "angry")
    assert sound(page).digest != first.digest
    assert "angry" in text(page)


def test_without_corpora_it_says_where_to_get_them(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path))
    choose(page, "source", ":material/library_music: Corpus clip")
    assert "No corpus is on this machine" in page.info[0].value
    assert charts(page) == 4
