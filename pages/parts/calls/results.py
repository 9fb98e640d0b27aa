"""What was heard: limits that the person sets, the table of calls, agents, files to save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from pages.parts.calls.listen import Heard
from pages.parts.show import show_chart
from ser_core.calls import Call, Limits, Source, calls_table, compare_agents
from ser_core.calls.agents import LEAST_CALLS
from ser_core.calls.batch import relabelled
from ser_core.calls.call import CHANNELS
from ser_core.calls.exports import calls_csv, calls_json, calls_xlsx
from ser_core.calls.report import html_report
from ser_core.calls.words import DERIVED, MIXED, batch_words, calm_words, clock, trend_words
from ser_core.charts.calls import agents_figure
from ser_core.spreadsheets import guarded


@dataclass(frozen=True)
class View:
    """A batch under the limits that are set: its calls and sources in the same order, and the table of calls."""

    calls: list[Call]
    sources: list[Source]
    table: pd.DataFrame
    limits: Limits
    model: str
    key: str


def make_view(heard: Heard) -> View:
    """Draw what the person sets; return the batch under it. Nothing is listened to again."""
    st.markdown(f"#### {batch_words(heard.calls)}")
    with st.container(border=True, key="calls_limits"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            threshold = _kept_slider(
                "Dissatisfied from", 0.1, 0.95, 0.6, 0.05, "threshold",
                "Speech counts as dissatisfied when its negative high arousal, from 0 to 1, reaches this.",
            )  # fmt: skip
        with middle:
            calm = _kept_slider(
                "Calm after (s)", 2.0, 60.0, 10.0, 1.0, "calm",
                "The caller counts as calm again after this much speech without any that is dissatisfied.",
            )  # fmt: skip
        with right:
            caller = _ask_caller(heard)
    limits = Limits(threshold, calm)
    calls = relabelled(heard.calls, heard.sources, CHANNELS[caller])
    return View(calls, heard.sources, calls_table(calls, limits), limits, heard.model, heard.key)


def _kept_slider(label: str, low: float, high: float, first: float, step: float, name: str, explain: str) -> float:
    kept = f"calls_{name}_kept"
    value = st.slider(label, low, high, st.session_state.get(kept, first), step, key=f"calls_{name}", help=explain)
    st.session_state[kept] = value
    return value


def _ask_caller(heard: Heard) -> str:
    sides = list(CHANNELS)
    if all(call.heard is None or call.heard.mixed for call in heard.calls):
        st.caption(MIXED)
        return sides[0]
    side = st.segmented_control(
        "The caller is on the", sides, default=st.session_state.get("calls_caller_kept", sides[0]), required=True,
        format_func=lambda side: f"{side} channel", key="calls_caller",
        help="Where the manifest says nothing. If the “caller” in your calls sounds like the agent, change it.",
    )  # fmt: skip
    st.session_state["calls_caller_kept"] = side or sides[0]
    return side or sides[0]


def show_calls(view: View) -> None:
    """Draw the table of calls, the most dissatisfied first, and what could not be read."""
    broken = [call for call in view.calls if call.error]
    if broken:
        with st.expander(f"{len(broken):,} could not be read", icon=":material/warning:", expanded=len(broken) <= 3):
            for call in broken[:50]:
                st.text(call.error if call.name in (call.error or "") else f"{call.name}: {call.error}")
            if len(broken) > 50:
                st.caption("The files that you can save have the rest.")
    shown = _shown(view.table)
    event = st.dataframe(
        shown, hide_index=True, key="calls_table", width="stretch", on_select="rerun", selection_mode="single-row",
        height=min(38 * (len(shown) + 1), 520),
        column_config={
            "dissatisfied": st.column_config.ProgressColumn(
                "dissatisfied", min_value=0, max_value=100, format="%.0f %%",
                help="Share of the caller's speech that is dissatisfied",
            ),
            "call": st.column_config.TextColumn("call", width="medium"),
            "agent": st.column_config.TextColumn("agent", width=90),
        },
    )  # fmt: skip
    rows = event["selection"]["rows"] if event else []
    if rows and st.session_state.get("calls_row") != rows:
        st.session_state["calls_one_kept"] = int(view.table["place"].iloc[rows[0]])
    st.session_state["calls_row"] = rows
    st.caption(
        "Click into the box at the left of a row to see the call below, or choose it there. *Trend*: negative high "
        "arousal in the last third minus the first. *Time to calm*: from the first dissatisfied moment to the last one "
        "before the caller is calm; *never*: not by the end."
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table in words; only the share stays a number, which is drawn."""
    rows = table.astype(object).where(table.notna(), None)
    return pd.DataFrame(
        {
            "call": table["call"],
            "agent": table["agent"],
            "dissatisfied": 100 * table["dissatisfied_share"],
            "in all": [clock(value) for value in rows["dissatisfied_s"]],
            "longest": [clock(value) for value in rows["longest_s"]],
            "trend": [trend_words(value) for value in rows["trend"]],
            "time to calm": [calm_words(*pair) for pair in zip(rows["calm"], rows["time_to_calm_s"], strict=True)],
            "length": [clock(value) for value in rows["duration_s"]],
            "caller": [value or "–" for value in rows["caller"]],
            "note": [
                "could not be read" if error else ("" if speech else "nobody speaks there")
                for error, speech in zip(rows["error"], rows["speech_s"], strict=True)
            ],
        }
    )


def show_agents(view: View) -> None:
    """Draw the agents with intervals, or how to name them."""
    agents = compare_agents(view.table)
    if agents.empty:
        st.info(
            "Nothing says who the agents are: give a pattern of the file names or a manifest, under “Who is the "
            "agent?” at the top. The calls need not be listened to again.",
            icon=":material/badge:",
        )
        return
    out = agents[agents["stands_out"]]
    for row in out.to_dict("records"):
        side = "more" if row["difference"] > 0 else "less"
        st.text(f"Callers of {row['agent']} are {side} often dissatisfied than those of the others.")
    if out.empty:
        st.markdown("**No agent stands out:** the differences may be chance.")
    alt = f"Share of dissatisfied speech of the callers of {len(agents)} agents, with 95 % intervals."
    show_chart(agents_figure(agents), "calls_agents", alt, guarded(agents), title="Agents")
    st.caption(
        f"Points are means over an agent's calls, lines their 95 % intervals (none with fewer than {LEAST_CALLS} "
        "calls). Who stands out is further from the others than anybody would be in 95 % of all cases if the same "
        "calls were handed out by chance. Agents get different calls: a difference is no proof of a fault."
    )


def show_files(view: View) -> None:
    """Draw the files to save."""
    stem = f"calls-{datetime.now():%Y-%m-%d}"
    files: dict[str, tuple[Callable[[], str | bytes], str, str, str]] = {
        "Report": (lambda: html_report(view.calls, view.limits, view.model), "html", "text/html", "description"),
        "CSV": (lambda: calls_csv(view.calls, view.limits), "csv", "text/csv", "table"),
        "XLSX": (
            lambda: calls_xlsx(view.calls, view.limits, view.model), "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "table_view",
        ),
        "JSON": (
            lambda: calls_json(view.calls, view.limits, view.model), "json", "application/json", "data_object",
        ),
    }  # fmt: skip
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="calls_files_to_save"):
        st.markdown("Save all:", width="content")
        for label, (make, ending, mime, icon) in files.items():
            st.download_button(
                label, make, file_name=f"{stem}.{ending}", mime=mime, key=f"calls_save_{ending}",
                icon=f":material/{icon}:", on_click="ignore", type="tertiary",
                help=f"Save {stem}.{ending}" + (", a page to hand on that needs nothing else" * (ending == "html")),
            )  # fmt: skip
    st.caption(DERIVED)
