"""What the browser itself does: a few rules of style, and bringing a new answer into view."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
/* Beside the sidebar of a tablet, three cards would be three ribbons: let them wrap. */
.st-key-ways .stColumn { min-width: min(100%, 15rem); }
.st-key-result .stColumn { min-width: min(100%, 18rem); }
.st-key-trust [data-testid=stMarkdownContainer] { overflow-x: auto; }
@media (max-width: 640px) {
  .st-key-trust :is(th, td) { padding: 0.3rem 0.35rem; font-size: 0.85rem; }
}
/* Plotly writes one colour into its text; the page's own follows the theme at once. */
.st-key-result .js-plotly-plot :is(.xtick, .ytick, .textpoint) text,
.st-key-result .js-plotly-plot :is(.xtitle, .ytitle) { fill: currentColor !important; }
</style>
"""

# On a phone or in a low window the answer lies below the three ways in.
_REVEAL = """
let shown = null;
export default function ({ data }) {
  if (data === shown) return;
  shown = data;
  const answer = document.querySelector(".st-key-result");
  if (answer && answer.getBoundingClientRect().top > 0.55 * window.innerHeight) {
    answer.style.scrollMarginTop = "4rem";  // below the page's own bar
    answer.scrollIntoView({ block: "start" });
  }
}
"""

_reveal = st.components.v2.component("ser_reveal_result", js=_REVEAL)


def set_style() -> None:
    """Apply the page's rules of style."""
    st.html(_STYLE)


def reveal_result(version: str) -> None:
    """Bring the answer into view when *version*, which names it, is a new one."""
    _reveal(key="reveal", data=version, height=1)
