"""Charts and tables with their downloads, alike everywhere on the page."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ser_core.charts.common import standalone_html
from ser_core.spreadsheets import guarded

_REMOVED = ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d"]
_STYLE = """
<style>
/* Plotly writes one colour into its text; the page's own follows the theme at once. */
:is(.st-key-explore, .st-key-signals, .st-key-live, .st-key-recordings) .js-plotly-plot
  :is(.xtick, .ytick, .bartext, .legendtext) text,
:is(.st-key-explore, .st-key-signals, .st-key-live, .st-key-recordings) .js-plotly-plot :is(.cbaxis, .textpoint) text,
:is(.st-key-explore, .st-key-signals, .st-key-live, .st-key-recordings) .js-plotly-plot
:is(.xtitle, .ytitle, .legendtext, .cbtitle text, .bartext) {
  fill: currentColor !important;
}
:is(.st-key-explore, .st-key-signals, .st-key-live, .st-key-recordings) .stColumn { min-width: min(100%, 15rem); }
/* The player stays in sight while panels scroll by. */
.st-key-signals_player { position: sticky; top: 3.75rem; z-index: 20; }
:is(.st-key-explore_section, .st-key-signals_section) [role=radiogroup] { flex-wrap: wrap; }
</style>
"""


def set_style() -> None:
    """Apply the page's rules of style."""
    st.html(_STYLE)


def image_format() -> str:
    """Return what the camera on a chart saves: ``svg`` or ``png``."""
    return str(st.session_state.get("image_format") or "SVG").lower()


def show_image_choice() -> None:
    """Draw the choice of what the camera on a chart saves."""
    with st.sidebar:
        st.segmented_control(
            "The camera on a chart saves",
            ["SVG", "PNG"],
            default="SVG",
            required=True,
            key="image_format",
            help="SVG is a drawing that can be edited and enlarged, PNG a picture. "
            "The button below each chart saves it as a web page of its own.",
        )


def show_chart(figure: go.Figure, key: str, alt: str, table: pd.DataFrame | None = None, title: str = "") -> None:
    """Draw a chart, what the camera on it saves, and buttons for its numbers (*table*) and as a web page."""
    st.plotly_chart(figure, key=f"chart_{key}", config=chart_config(key), alt=alt)
    save_chart(figure, key, title or alt, table)


def chart_config(key: str) -> dict[str, object]:
    """Return what the buttons on a chart do."""
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": _REMOVED,
        "toImageButtonOptions": {"format": image_format(), "filename": key.replace("_", "-"), "scale": 2},
    }


def save_chart(figure: go.Figure, key: str, title: str, table: pd.DataFrame | None = None) -> None:
    """Draw buttons that save a chart as a web page and its numbers as CSV."""

    def page() -> str:
        return standalone_html(figure, title)

    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"save_{key}"):
        _button("Chart", page, f"{key.replace('_', '-')}.html", "text/html", "bar_chart", f"html_{key}")
        if table is not None:
            save_table(table, key)


def show_table(table: pd.DataFrame, key: str, *, height: int | str = "auto") -> None:
    """Draw a table with a button that saves it as CSV."""
    shown = table.copy()
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].round(3)
    st.dataframe(shown, hide_index=True, key=f"table_{key}", height=height, width="stretch")
    save_table(table, key)


def save_table(table: pd.DataFrame, key: str) -> None:
    """Draw a button that saves *table* as CSV."""

    def text() -> str:
        return str(guarded(table).to_csv(index=False))

    _button("CSV", text, f"{key.replace('_', '-')}.csv", "text/csv", "table", f"csv_{key}")


def _button(label: str, data: object, name: str, mime: str, icon: str, key: str) -> None:
    st.download_button(
        label, data, file_name=name, mime=mime, key=key, icon=f":material/{icon}:", on_click="ignore", type="tertiary",
        help=f"Save {name}",
    )  # fmt: skip
