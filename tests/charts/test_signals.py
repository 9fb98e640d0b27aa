"""Panels: the same axis and margins for all, small at any length, and what they draw is where it belongs."""

from __future__ import annotations

import json

import numpy as np
import plotly.io as pio
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.charts.signals import (
    BOTTOM,
    LEFT,
    PANELS,
    RIGHT,
    pitch_panel,
    spectrogram_panel,
    states_figure,
    voicing_panel,
)
from ser_core.signals.analysis import Analysis
from ser_core.signals.settings import ViewSettings
from ser_core.signals.words import WORDS
from tests.synthetic import voice

MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def minutes() -> Waveform:
    return Waveform(np.tile(voice(4.0), 150))


def test_every_panel_is_explained() -> None:
    assert list(PANELS) == list(WORDS)


@pytest.mark.parametrize("name", PANELS)
def test_all_panels_share_axis_and_margins(name: str, speech: np.ndarray) -> None:
    figure = PANELS[name](Analysis(Waveform(speech), None, 0.4, 1.6))
    assert figure.layout.xaxis.range == (0.4, 1.6)
    margin = figure.layout.margin
    assert (margin.l, margin.r, margin.b, margin.autoexpand) == (LEFT, RIGHT, BOTTOM, False)
    assert figure.data


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize("samples", [1, 200, 8000])
def test_silence_can_be_drawn(name: str, samples: int) -> None:
    assert PANELS[name](Analysis(Waveform(np.zeros(samples, np.float32)))).data


@pytest.mark.parametrize("name", PANELS)
def test_ten_minutes_are_small(name: str, minutes: Waveform) -> None:
    assert len(pio.to_json(PANELS[name](Analysis(minutes)))) < MOST_BYTES


@pytest.mark.parametrize("scale", ["linear", "mel", "logarithmic"])
def test_the_finest_settings_stay_small(scale: str) -> None:
    settings = ViewSettings(window_ms=100, hop_ms=2, n_mels=128, scale=scale, range_db=120)
    assert len(pio.to_json(spectrogram_panel(Analysis(Waveform(voice(4.0)), settings)))) < MOST_BYTES


def test_the_pitch_is_drawn_where_it_is() -> None:
    figure = pitch_panel(Analysis(Waveform(voice(2.0, pitch_hz=200, pitch_range=0.0))))
    assert np.nanmedian(figure.data[-1].y) == pytest.approx(190, rel=0.03)  # the voice falls a little below its 200 Hz
    assert figure.data[0].y.max() <= 1000


def test_silence_between_words_has_its_lane() -> None:
    samples = np.concatenate([voice(1.0), np.zeros(SAMPLE_RATE, np.float32), voice(1.0)])
    lanes = {trace.hovertemplate.split(" ", 1)[0]: trace for trace in voicing_panel(Analysis(Waveform(samples))).data}
    silent = lanes["silent"]
    longest = int(np.argmax(silent.x))
    assert silent.base[longest] == pytest.approx(1.0, abs=0.15)
    assert silent.x[longest] == pytest.approx(1.0, abs=0.25)


def test_a_panel_is_plain_json() -> None:
    assert json.loads(pio.to_json(spectrogram_panel(Analysis(Waveform(voice(1.0))))))["data"][0]["type"] == "heatmap"


def test_states_keep_their_sign_and_their_layer() -> None:
    rng = np.random.default_rng(0)
    states = rng.standard_normal((2 * 512, 20)).astype(np.float32)
    states[512:] += 10
    figure = states_figure(states, np.arange(20) * 0.08, (3, 4))
    drawn = figure.data[0].z
    assert drawn.shape == (256, 20)
    np.testing.assert_allclose(drawn, states[::4], atol=0.051)
    assert list(figure.layout.yaxis.ticktext) == ["layer 3", "layer 4"]
    lower, upper = (drawn[round(place)].mean() for place in figure.layout.yaxis.tickvals)
    assert lower < 2 < 8 < upper
