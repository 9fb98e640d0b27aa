"""The page about the corpora, driven without a browser, on small synthetic corpora and on none."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from ser_core.corpora import CORPORA, read_corpora
from ser_core.emotions import EMOTIONS
from tests.pages.conftest import charts, choose, open_app, press, text
from tests.synthetic import clip_bytes

COUNTS = ":material/bar_chart: Counts"
LISTEN = ":material/headphones: Listen"
PEOPLE = ":material/hearing: What people hear"
COPY = ":material/fact_check: This copy"
VOICE = ":material/graphic_eq: Voice by emotion"
_FIRST = PagesManager.__init__

pytestmark = pytest.mark.usefixtures("visited_before")
HEADER = '"","A","D","F","H","N","S","fileName"'


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers of RAVDESS (one without calm), three of CREMA-D with votes."""
    root = tmp_path_factory.mktemp("explore")
    for actor in (1, 2):
        for number, emotion in enumerate(EMOTIONS[:8], 1):
            if (actor, emotion) != (2, "calm"):
                path = root / f"ravdess/Actor_{actor:02d}/03-01-{number:02d}-01-01-01-{actor:02d}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(clip_bytes(emotion))
    rows = [HEADER]
    for actor in (1001, 1002, 1003):
        for code, emotion in (("ANG", "angry"), ("SAD", "sad"), ("NEU", "neutral")):
            path = root / f"cremad/AudioWAV/{actor}_DFA_{code}_XX.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(clip_bytes(emotion))
            rows.append(f'"1{len(rows):05d}",{8 if code == "ANG" else 1},0,0,0,2,0,"{path.stem}"')
    (root / "cremad/tabulatedVotes.csv").write_text("\n".join(rows))
    people = ["1001,51,Male", "1002,21,Female", "1003,21,Female"]
    (root / "cremad/VideoDemographics.csv").write_text("\n".join(["ActorID,Age,Sex", *people]))
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))


def explore(data: Path, monkeypatch: pytest.MonkeyPatch, section: str | None = None) -> AppTest:
    monkeypatch.setenv("SER_DATA", str(data))
    app = open_app().switch_page("pages/explore.py").run()
    if section is not None:
        choose(app, "explore_section", section)
    return app


def table(app: AppTest, first: str) -> pd.DataFrame:
    """Return the first table whose first column is called that."""
    return next(frame.value for frame in app.dataframe if frame.value.columns[0] == first)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_without_any_corpus_it_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(tmp_path / "nowhere", monkeypatch)
    assert not app.exception
    assert not app.error
    assert [header.value for header in app.subheader] == [facts.title for facts in CORPORA.values()]
    assert "SER_DATA" in app.info[0].value
    assert "**7,442** clips · **91** speakers" in text(app)
    assert [code.value for code in app.get("code")] == [
        f"python scripts/corpora.py download {corpus}" for corpus in ("cremad", "ravdess", "tess")
    ]


def test_the_first_visitor_of_a_server_may_come_to_this_page(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesManager, "__init__", _FIRST)
    app = explore(corpora, monkeypatch)
    assert not app.exception
    assert app.title[0].value == "What is in the corpora?"
    assert app.button_group(key="explore_section").value == ":material/menu_book: The corpora"


def test_counts_are_those_of_the_files(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, COUNTS)
    assert not app.exception
    files = list(corpora.rglob("*.wav"))
    assert metrics(app)["Clips"] == str(len(files)) == "24"
    assert metrics(app)["Speakers"] == "5"
    shown = table(app, "emotion").set_index("emotion")["clips"]
    assert shown["angry"] == sum("_ANG_" in file.name or "-05-" in file.name[5:9] for file in files) == 5
    assert shown["calm"] == 1
    assert charts(app) == 4


def test_a_missing_combination_is_named(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, COUNTS)
    assert "**1** combinations" in text(app)
    missing = next(frame.value for frame in app.dataframe if list(frame.value) == ["corpus", "speaker", "emotion"])
    assert missing.to_numpy().tolist() == [["ravdess", "ravdess/02", "calm"]]


def test_filters_apply_to_everything_below(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, COUNTS)
    choose(app, "filter_corpus", ["cremad"])
    assert metrics(app)["Clips"] == "9"
    choose(app, "filter_sex", ["female"])
    assert metrics(app)["Clips"] == "6"
    choose(app, "filter_age", (21.0, 50.0))
    assert metrics(app)["Clips"] == "6"
    choose(app, "filter_emotion", ["angry", "sad"])
    assert metrics(app)["Clips"] == "4"
    assert list(table(app, "emotion")["emotion"]) == ["sad", "angry"]
    choose(app, "explore_section", LISTEN)
    assert app.selectbox(key="listen_emotion").options == ["sad 😢", "angry 😠"]
    press(app, "filter_reset")
    choose(app, "explore_section", COUNTS)
    assert metrics(app)["Clips"] == "24"


def test_filters_that_leave_nothing_say_so(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, COUNTS)
    choose(app, "filter_corpus", ["cremad"])
    choose(app, "filter_emotion", ["calm"])
    assert "No clip fits" in app.info[0].value
    assert not app.exception


def test_listening_goes_from_corpus_to_clip(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, LISTEN)
    choose(app, "listen_corpus", "ravdess")
    choose(app, "listen_emotion", "angry")
    choose(app, "listen_speaker", "ravdess/02")
    assert not app.exception
    assert app.selectbox(key="listen_clip").value == "03-01-05-01-01-01-02"
    assert "“Kids are talking by the door.”, angry 😠, normal intensity, speaker 02 (female), RAVDESS" in text(app)
    assert "The same sentence by the same speaker in 7 emotions" in [header.value for header in app.subheader]
    assert len(app.get("audio")) == 1 + 7
    assert any("has been heard before" in warning.value for warning in app.warning)
    choose(app, "listen_side_by_side", False)
    assert len(app.get("audio")) == 1


def test_a_choice_that_became_impossible_is_replaced(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, LISTEN)
    choose(app, "listen_corpus", "ravdess")
    choose(app, "listen_emotion", "calm")
    choose(app, "listen_corpus", "cremad")
    assert not app.exception
    assert app.selectbox(key="listen_emotion").value in ("neutral", "sad", "angry")


def test_a_clip_that_cannot_be_read_is_a_sentence(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "data"
    shutil.copytree(corpora / "cremad", root / "cremad")
    (root / "cremad/AudioWAV/1001_DFA_NEU_XX.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    app = explore(root, monkeypatch, LISTEN)
    assert not app.exception
    assert "Git-LFS pointer" in app.error[0].value


def test_votes_are_those_of_the_file(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, PEOPLE)
    assert not app.exception
    # 8 + 2 votes on each of three angry clips, of which 8 are right; 1 + 2 on the others, right: the neutral 2.
    assert metrics(app)["Votes"] == str(3 * 10 + 6 * 3)
    assert metrics(app)["Right"] == f"{100 * (3 * 8 + 3 * 2) / 48:.1f} %"
    choose(app, "votes_modality", "face")
    assert not app.exception
    assert "no votes on face" in app.error[0].value


def test_without_votes_it_says_which_file_is_missing(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpora / "cremad", tmp_path / "cremad", ignore=shutil.ignore_patterns("tabulatedVotes.csv"))
    app = explore(tmp_path, monkeypatch, PEOPLE)
    assert not app.exception
    assert "tabulatedVotes.csv" in app.error[0].value


def test_the_copy_is_checked_in_the_background(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = explore(corpora, monkeypatch, COPY)
    assert not app.exception
    press(app, "start_job")
    wait_for_jobs()
    app.run()
    assert not app.exception
    found = table(app, "what")
    assert (found["what"] == "Missing").sum() == 7442 - 9


def test_a_failed_computation_is_a_sentence_and_can_be_tried_again(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("pages.parts.explore.voice.measure_clips", fail)
    app = explore(corpora, monkeypatch, VOICE)
    press(app, "start_job")
    wait_for_jobs()
    app.run()
    assert not app.exception
    assert "did not work (MemoryError)" in app.warning[0].value
    press(app, "retry_job")
    assert app.button(key="start_job")


def test_the_table_is_read_once(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.parts.explore import data

    calls: list[Any] = []

    def read(names: list[str], root: str) -> pd.DataFrame:
        calls.append(names)
        return read_corpora(names, root)

    monkeypatch.setattr(data, "read_corpora", read)
    data._read.clear()
    app = explore(corpora, monkeypatch, COUNTS)
    choose(app, "count_by", "sex")
    assert calls == [["cremad"], ["ravdess"]]
    extra = corpora / "ravdess/Actor_01/03-01-01-01-01-02-01.wav"
    extra.write_bytes(clip_bytes("neutral"))
    try:
        app.run()
        assert metrics(app)["Clips"] == "25"
        assert calls[2:] == [["ravdess"]]
    finally:
        extra.unlink()


def test_a_folder_without_clips_is_named_and_the_others_are_shown(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpora / "ravdess", tmp_path / "ravdess")
    (tmp_path / "cremad/AudioWAV").mkdir(parents=True)  # as a download leaves it that got nothing
    (tmp_path / "tess").mkdir()
    (tmp_path / "tess/notes.txt").write_text("nothing here")
    app = explore(tmp_path, monkeypatch, COUNTS)
    assert not app.exception
    assert [warning.value for warning in app.warning if "does not hold TESS" in warning.value]
    assert not [warning.value for warning in app.warning if "CREMA-D" in warning.value]
    assert metrics(app)["Clips"] == "15"


def test_a_csv_holds_the_numbers_on_the_page(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, Any] = {}
    original = st.download_button

    def spy(label: str, data: Any, *, file_name: str, **options: Any) -> bool:
        offered[file_name] = data
        return bool(original(label, data, file_name=file_name, **options))

    monkeypatch.setattr(st, "download_button", spy)
    app = explore(corpora, monkeypatch, COUNTS)
    saved = pd.read_csv(io.StringIO(offered["clips-by-emotion.csv"]()))
    assert dict(zip(saved["emotion"], saved["clips"], strict=True))["angry"] == 5
    assert len(saved) == len(table(app, "emotion"))
    assert "Plotly.newPlot" in offered["clips-by-emotion.html"]()


def wait_for_jobs() -> None:
    from pages.parts.jobs import _jobs

    for job in _jobs(private=False).values():
        assert job.finished.wait(120)
