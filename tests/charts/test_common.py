"""A figure as a web page of its own."""

from __future__ import annotations

from ser_core.charts.answer import probability_figure
from ser_core.charts.common import standalone_html
from ser_core.emotions import EMOTIONS


def test_a_saved_page_needs_no_network() -> None:
    page = standalone_html(probability_figure(dict.fromkeys(EMOTIONS, 1 / 8), 1 / 8), "call.wav")
    assert "call.wav" in page
    assert "Plotly.newPlot" in page
    assert '<script src="http' not in page
    assert "angry" in page
