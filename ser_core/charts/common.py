"""What all Plotly figures share: no background, so that a page's theme shows through, and their form as a web page."""

from __future__ import annotations

import plotly.graph_objects as go

#: A grey that reads on white and on near-black.
GREY = "#808792"


def standalone_html(figure: go.Figure, title: str) -> str:
    """Return *figure* as one web page that works without a network (4.5 MB: it carries the plotting library)."""
    page = go.Figure(figure)
    page.update_layout(title=title, template="plotly_white", height=None, margin={"t": 70, "l": 120, "b": 60})
    return str(page.to_html(include_plotlyjs=True, config={"displaylogo": False}))


def finish(figure: go.Figure, height: int, top: int = 8) -> go.Figure:
    """Give *figure* what all figures share: no background, no margins, *height* and *top* in pixels."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 8, "t": top, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 14},
        bargap=0.28,
        dragmode=False,
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": GREY},
    )
    return figure
