"""Figures: small, complete, and true to what they draw."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.affect import POSITIONS, Affect
from ser_core.audio import Waveform
from ser_core.charts.answer import affect_figure, probability_figure, waveform_figure
from ser_core.emotions import COLOURS, EMOTIONS, SYMBOLS

SHARES = dict(zip(EMOTIONS, [0.02, 0.05, 0.6, 0.03, 0.1, 0.1, 0.04, 0.06], strict=True))


@pytest.mark.parametrize("seconds", [3, 600])
def test_a_waveform_is_a_small_figure_at_any_length(seconds: int) -> None:
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000 * seconds).astype(np.float32)
    figure = waveform_figure(Waveform(samples))
    assert len(figure.to_json()) < 40_000
    assert list(figure.layout.xaxis.range) == [0, seconds]


def test_digital_silence_can_be_drawn() -> None:
    low, high = waveform_figure(Waveform(np.zeros(16_000, np.float32))).layout.yaxis.range
    assert low < 0 < high


def test_every_emotion_has_its_bar_name_sign_colour_and_number() -> None:
    figure = probability_figure(SHARES, chance=1 / 8)
    bars, numbers = figure.data
    assert [name.split()[0] for name in bars.y] == list(EMOTIONS)
    assert [name.split()[1] for name in bars.y] == [SYMBOLS[emotion] for emotion in EMOTIONS]
    assert list(bars.x) == pytest.approx([100 * share for share in SHARES.values()])
    assert list(bars.marker.color) == [COLOURS[emotion] for emotion in EMOTIONS]
    assert numbers.text[2] == "60 %"


def test_the_chance_line_is_there_and_labelled() -> None:
    figure = probability_figure(SHARES, chance=1 / 8)
    assert figure.layout.shapes[0].x0 == pytest.approx(12.5)
    assert "12.5 %" in figure.layout.annotations[0].text


def test_the_scale_is_the_same_for_every_answer() -> None:
    even = dict.fromkeys(EMOTIONS, 1 / 8)
    ranges = [probability_figure(shares, 1 / 8).layout.xaxis.range for shares in (SHARES, even)]
    assert ranges[0] == ranges[1]


def test_the_plane_names_every_class_and_marks_the_reading() -> None:
    labels = ("neutral", "happy", "sad", "angry")
    classes, voice = affect_figure(Affect(-0.4, 0.3, 0.5), labels).data
    assert [name.split()[0] for name in classes.text] == list(labels)
    assert list(zip(classes.x, classes.y, strict=True)) == [POSITIONS[label] for label in labels]
    assert (voice.x[0], voice.y[0]) == (-0.4, 0.3)
    assert "this voice" in voice.text[0]
    assert voice.marker.symbol != classes.marker.symbol


@pytest.mark.parametrize("name", EMOTIONS)
def test_the_words_at_the_reading_keep_clear_of_the_names(name: str) -> None:
    """A word is about 0.45 wide and 0.1 high in the plane."""
    valence, arousal = (0.85 * value for value in POSITIONS[name])
    classes, voice = affect_figure(Affect(valence, arousal, 0.5), EMOTIONS).data

    def middle(point: tuple[float, float], side: str) -> tuple[float, float]:
        along, across = side.split()
        up = {"top": 1, "bottom": -1}.get(along, 0)
        return point[0] + 0.25 * {"left": -1, "right": 1}.get(across, 0), point[1] + 0.1 * up

    own = middle((valence, arousal), voice.textposition)
    for x, y, side in zip(classes.x, classes.y, classes.textposition, strict=True):
        other = middle((x, y), side)
        assert abs(own[0] - other[0]) > 0.35 or abs(own[1] - other[1]) > 0.07
