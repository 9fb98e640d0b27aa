"""The microphone, streamed from the browser over WebRTC to this program and to nobody else."""

from __future__ import annotations

import importlib.util

import streamlit as st

from pages.parts.live.desk import Desk
from pages.parts.microphone import advice, microphone_state, mount_probe

MISSING = "Listening live needs one more library: 'pip install -r requirements-live.txt', then start the app again."
_FAILED = "The browser and this program could not agree on a connection: press Stop, reload the page and start again."
#: The component's state lies in the session under this name.
KEY = "live_microphone"
#: No server outside: both ends find each other on this machine or its own network.
_NO_SERVERS: dict[str, list[str]] = {"iceServers": []}
#: The voice as it is: a browser's own clean-up would even out what tells emotions apart.
_RAW_SOUND = {"audio": {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}, "video": False}
_WORDS = {
    "start": "Start listening",
    "stop": "Stop",
    "select_device": "Choose a microphone",
    "select_microphone": "Microphone",
    "media_api_not_available": "This browser lends no microphone to this page.",
    "device_ask_permission": "Allow the microphone in the browser's question.",
    "device_not_available": "No microphone was found: connect one.",
    "device_access_denied": "The browser refuses the microphone: click the sign at the left of the address, allow it.",
}


def show_connection(desk: Desk) -> None:
    """Draw the buttons that start and stop the stream, or why there are none."""
    state = microphone_state()
    if (sentence := advice(state)) is not None:
        st.warning(sentence, icon=":material/mic_off:")
    if importlib.util.find_spec("streamlit_webrtc") is None:
        st.error(MISSING, icon=":material/error:")
    elif state != "insecure":
        _connect(desk)
    mount_probe()


def _connect(desk: Desk) -> None:
    from streamlit_webrtc import WebRtcMode, create_audio_sink_track, webrtc_streamer

    def changed() -> None:
        state = st.session_state[KEY].state
        if not (state.playing or state.signalling):
            desk.end()
        elif not desk.listening:
            desk.begin()

    try:
        webrtc_streamer(
            key=KEY,
            mode=WebRtcMode.SENDONLY,
            rtc_configuration=_NO_SERVERS,
            media_stream_constraints=_RAW_SOUND,
            sink_audio_track=create_audio_sink_track(desk.take, key=KEY, on_ended=desk.end),
            on_change=changed,
            translations=_WORDS,
            media_toggle_controls=False,
        )
    except Exception:  # whatever the two ends disagree on, the person can only begin anew
        desk.end()
        st.error(_FAILED, icon=":material/error:")
