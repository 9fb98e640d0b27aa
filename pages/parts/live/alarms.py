"""The alarms: which there are, a form for another, and which rang."""

from __future__ import annotations

import html

import streamlit as st

from pages.parts.live.desk import Desk
from pages.parts.show import save_table
from ser_core.errors import AlarmError
from ser_core.live import ANGRY_CALLER, DRIVER_STRESS, MEASURES, Alarm, alarms_table

_PRESETS = {"Driver stress (car)": DRIVER_STRESS, "Angry caller (call centre)": ANGRY_CALLER}
_MOST = 8
_LOG_S = 1.0


@st.fragment
def show_alarms(desk: Desk) -> None:
    """Draw the alarms and the form; a change holds at once, also while listening."""
    st.subheader(":material/notifications: Alarms", anchor=False)
    if not desk.alarms:
        st.caption("None yet.")
    for place, alarm in enumerate(desk.alarms):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", key=f"live_alarm_{place}"):
            st.html(f"<b>{html.escape(alarm.name)}</b>: {alarm.describe()}", width="stretch")
            st.button(
                "Remove", key=f"live_remove_{place}", icon=":material/delete:", type="tertiary",
                help=f"Remove the alarm {place + 1}", on_click=_remove, args=(desk, alarm),
            )  # fmt: skip
    missing = {label: alarm for label, alarm in _PRESETS.items() if alarm not in desk.alarms}
    with st.container(horizontal=True, key="live_presets"):
        for label, alarm in missing.items():
            st.button(
                label, key=f"live_preset_{alarm.measure}", icon=":material/add:", on_click=_add, args=(desk, alarm),
                help=alarm.describe(),
            )  # fmt: skip
    _show_form(desk)
    if (sentence := st.session_state.pop("live_alarm_problem", None)) is not None:
        st.error(sentence, icon=":material/error:")


def _show_form(desk: Desk) -> None:
    with st.expander("Another alarm"), st.form("live_alarm_form", border=False):
        st.text_input("Name", "My alarm", key="live_alarm_name", max_chars=40)
        st.selectbox("Rings when", list(MEASURES), format_func=MEASURES.__getitem__, key="live_alarm_measure")
        st.slider("is at least (%)", 5, 100, 60, 5, key="live_alarm_threshold")
        st.number_input("for so many seconds of speech", 0.0, 600.0, 5.0, 1.0, key="live_alarm_seconds")
        st.number_input(
            "and then keeps quiet for (s)", 0.0, 3600.0, 30.0, 5.0, key="live_alarm_hold_off",
            help="The hold-off: if the condition still holds after it, the alarm rings again.",
        )  # fmt: skip
        st.form_submit_button("Add", icon=":material/add:", on_click=_add_own, args=(desk,))
    st.caption(
        "Seconds of speech are counted: a pause of up to 3 s neither breaks nor adds. An alarm says what a voice "
        "resembles, not what somebody feels."
    )


def _add_own(desk: Desk) -> None:
    state = st.session_state
    try:
        alarm = Alarm(
            name=str(state["live_alarm_name"]).strip(),
            measure=state["live_alarm_measure"],
            threshold=state["live_alarm_threshold"] / 100,
            seconds=state["live_alarm_seconds"],
            hold_off_s=state["live_alarm_hold_off"],
        )
    except AlarmError as error:
        state["live_alarm_problem"] = str(error)
        return
    _add(desk, alarm)


def _add(desk: Desk, alarm: Alarm) -> None:
    if alarm in desk.alarms:
        st.session_state["live_alarm_problem"] = "This alarm is there already."
    elif len(desk.alarms) >= _MOST:
        st.session_state["live_alarm_problem"] = f"There are {_MOST} alarms already: remove one first."
    else:
        desk.set_alarms([*desk.alarms, alarm])


def _remove(desk: Desk, alarm: Alarm) -> None:
    desk.set_alarms([known for known in desk.alarms if known != alarm])


def show_log(desk: Desk) -> None:
    """Draw which alarms rang, and keep up with it while listening."""
    st.fragment(_draw_log, run_every=_LOG_S if desk.listening else None)(desk)


def _draw_log(desk: Desk) -> None:
    events = desk.listener.events() if desk.listener is not None else []
    if not events:
        return
    st.markdown(f"**Rang {len(events)} times**" if len(events) > 1 else "**Rang once**")
    table = alarms_table(events)
    shown = table.iloc[::-1].assign(clock=[text[11:19] for text in table["clock"][::-1]])
    st.dataframe(shown, hide_index=True, key="table_live_alarms", height=min(215, 37 + 36 * len(shown)))
    save_table(table, "live_alarms")
