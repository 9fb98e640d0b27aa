"""Figures of an explanation: what is framed, hatched and outlined, so that colour carries nothing alone."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.charts.explanation import decisive_spectrogram_figure, decisive_waveform_figure, steps_figure
from ser_core.charts.signals import LEFT, RIGHT
from ser_core.explanation import Explanation
from ser_core.explanation.deletion import BANDS, band_edges
from tests.synthetic import voice


@pytest.fixture(scope="module")
def waveform() -> Waveform:
    return Waveform(voice(2.0))


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    steps = np.full(10, 0.01)
    steps[[3, 4]], steps[7] = 1.0, -0.5
    cells = np.zeros((BANDS, 10))
    cells[2:4, 2:8] = 1.0
    return Explanation("angry", 0.9, np.linspace(0.2, 1.8, 11), band_edges(), steps, cells, 0.2, 0.8, "made")


def test_what_decided_is_framed_and_marked(waveform: Waveform, explanation: Explanation) -> None:
    figure = decisive_waveform_figure(waveform, explanation)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1) == pytest.approx(explanation.decisive()[0])
    assert frame.line.width == 2
    assert figure.data[-1].text == ("▼",)


def test_what_speaks_against_is_hatched(waveform: Waveform, explanation: Explanation) -> None:
    figure = steps_figure(waveform, explanation)
    (bars,) = figure.data
    assert [shape == "/" for shape in bars.marker.pattern.shape] == (explanation.steps < 0).tolist()
    assert (figure.layout.margin.l, figure.layout.margin.r) == (LEFT, RIGHT)
    assert figure.layout.xaxis.range == (0.0, waveform.duration_s)


def test_cells_are_outlined_as_one_area(waveform: Waveform, explanation: Explanation) -> None:
    figure = decisive_spectrogram_figure(waveform, explanation)
    cells, line = figure.data[1], figure.data[-1]
    assert cells.z.shape == (BANDS, 10)
    assert len(cells.y) == BANDS + 1
    drawn = [place for place in line.x if place is not None]
    assert min(drawn) == pytest.approx(explanation.times_s[2])
    assert max(drawn) == pytest.approx(explanation.times_s[8])
    assert len(drawn) == 2 * (2 * 6 + 2 * 2)  # the border alone, not every cell
    figure.to_json()
