"""Figures of a timeline: what is drawn where, and that a file's name is only text in the page."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.charts.recordings import (
    LEFT,
    RIGHT,
    curves_figure,
    lanes_figure,
    recording_page,
    shares_figure,
    waveform_lane,
)
from ser_core.emotions import COLOURS
from ser_core.recogniser import Segment
from ser_core.recordings import Timeline, summarise

_LABELS = ("neutral", "angry")


def _timeline(name: str = "call.wav", steps: int = 40) -> Timeline:
    segments = []
    for step in range(steps):
        angry = 0.9 if step >= steps // 2 else 0.4
        start = 2.0 * step + (30.0 if step >= steps // 2 else 0.0)
        named = {"neutral": 1 - angry, "angry": angry}
        segments.append(
            Segment(start, start + 2.0, "angry" if angry > 0.5 else "neutral", max(angry, 1 - angry), named)
        )
    speech = ((0.0, 1.0 * steps), (steps + 30.0, 2.0 * steps + 30.0))
    envelope = np.stack([np.full(4000, -0.2), np.full(4000, 0.3)])
    return Timeline(tuple(segments), speech, 2.0 * steps + 40.0, envelope, _LABELS, "lite", 0.7, name)


def test_the_waveform_is_coloured_by_emotion_and_grey_in_pauses() -> None:
    (bars,) = waveform_lane(_timeline(), 0.0, 120.0).data
    colours = dict(zip(np.round(bars.x).tolist(), bars.marker.color, strict=True))
    assert colours[10] == COLOURS["neutral"]
    assert colours[100] == COLOURS["angry"]
    assert colours[55] not in COLOURS.values()
    assert len(bars.x) <= 900
    assert (np.asarray(bars.base) == -0.2).all()


def test_lanes_say_in_words_and_pattern_what_colours_say() -> None:
    figure = lanes_figure(_timeline(), 0.0, 120.0)
    assert [bar.y[0].split()[1] for bar in figure.data] == ["neutral", "angry"]
    assert [bar.marker.pattern.shape[0] for bar in figure.data] == ["/", ""]  # 60 % is not sure, 90 % is
    assert [(bar.base[0], bar.x[0]) for bar in figure.data] == [(0, 40), (70, 40)]
    assert len(lanes_figure(_timeline(), 0.0, 30.0).data[1].y) == 0


def test_curves_have_a_gap_where_nobody_speaks() -> None:
    valence = curves_figure(_timeline(), 0.0, 120.0).data[0]
    assert np.isnan(valence.y).sum() == 1
    assert len(curves_figure(_timeline(steps=5000), 0.0, 10_040.0).data[0].x) <= 902


@pytest.mark.parametrize("draw", [waveform_lane, lanes_figure, curves_figure])
def test_all_figures_share_their_margins_and_their_view(draw: object) -> None:
    for timeline in (_timeline(), _timeline(steps=0)):
        figure = draw(timeline, 10.0, 35.0)
        assert (figure.layout.margin.l, figure.layout.margin.r) == (LEFT, RIGHT)
        assert figure.layout.xaxis.range == (10.0, 35.0)
        assert figure.layout.xaxis.ticktext[0] == "0:10"


def test_the_web_page_holds_words_figures_and_a_name_that_is_only_text() -> None:
    timeline = _timeline('<script>alert("x")</script>.wav')
    page = recording_page(timeline, summarise(timeline))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "Somebody speaks for 1:20 of 2:00 minutes" in page
    assert page.count("Plotly.newPlot(") >= 4
    assert "https://cdn" not in page.split("</script>")[-1]


def test_shares_are_written_beside_the_bars() -> None:
    (bars,) = shares_figure(summarise(_timeline())).data
    assert list(bars.text) == ["50 % ", "50 % "]
