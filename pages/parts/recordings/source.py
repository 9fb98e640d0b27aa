"""Where a long recording comes from: an example joined of the built-in voices, an upload, the microphone."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass

import numpy as np
import soundfile as sf
import streamlit as st

from pages.parts.inputs import largest_upload
from pages.parts.microphone import advice, microphone_state, mount_probe
from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.errors import SERError
from ser_core.examples import list_examples
from ser_core.recordings import Recording
from ser_core.untrusted import open_untrusted

_EXAMPLE, _UPLOAD, _RECORD = (
    ":material/play_circle: Example",
    ":material/upload_file: Upload",
    ":material/mic: Record",
)
#: The example: which voices speak one after another, and the pauses between them in seconds.
_ORDER = ("neutral", "neutral", "happy", "happy", "surprised", "neutral", "sad", "sad", "angry", "angry", "fearful",
          "neutral")  # fmt: skip
_PAUSES_S = (0.5, 1.2, 0.4, 0.9)


@dataclass(frozen=True)
class Given:
    """A sound file that a visitor gave: its bytes, what names them, and what its headers say."""

    data: bytes
    digest: str
    title: str
    recording: Recording


def choose_recording() -> Given | None:
    """Draw the ways to give a recording; return the one that was given last."""
    way = st.segmented_control(
        "Recording from", [_EXAMPLE, _UPLOAD, _RECORD], default=_EXAMPLE, required=True, key="recordings_source",
        label_visibility="collapsed",
    )  # fmt: skip
    if way == _UPLOAD:
        _show_upload()
    elif way == _RECORD:
        _show_recorder()
    else:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                "Listen to the example", icon=":material/play_circle:", key="recordings_example",
                on_click=_take_example,
            )  # fmt: skip
            st.caption("Built-in synthetic voices one after another, under a minute.", width="content")
    if (sentence := st.session_state.get("recordings_complaint")) is not None:
        kept = " What is shown is the recording before it." if "recordings_given" in st.session_state else ""
        st.error(sentence + kept, icon=":material/error:")
    return st.session_state.get("recordings_given")


def _show_upload() -> None:
    largest = largest_upload()
    st.file_uploader(
        "A recording of minutes to hours", type=None, key="recordings_upload", on_change=_take_upload,
        max_upload_size=largest,
    )  # fmt: skip
    st.caption(
        f"wav, flac, ogg, opus, mp3, aiff, webm, m4a, mp4; up to {largest} MB, or {largest / 29:.0f} hours of MP3 at "
        "64 kbit/s. For larger files: `python scripts/predict.py FILE --timeline`."
    )


def _show_recorder() -> None:
    state = microphone_state()
    if (sentence := advice(state)) is not None:
        st.warning(sentence)
    if state != "insecure":
        st.audio_input(
            "Press to start, press again to stop", sample_rate=16000, key="recordings_microphone",
            on_change=_take_recording,
        )  # fmt: skip
    mount_probe()


def _take_example() -> None:
    _take("Example: built-in synthetic voices", "example.flac", example_bytes())


def _take_upload() -> None:
    file = st.session_state["recordings_upload"]
    if file is not None:
        _take(f"Your file “{_plain(file.name)}”", file.name, file.getvalue())


def _take_recording() -> None:
    file = st.session_state["recordings_microphone"]
    if file is not None:
        _take("Your recording", "recording.wav", file.getvalue())


def _take(title: str, name: str, data: bytes) -> None:
    try:
        recording = open_untrusted(data, name=name)
    except SERError as error:
        st.session_state["recordings_complaint"] = str(error)
        return
    st.session_state["recordings_complaint"] = None
    st.session_state["recordings_given"] = Given(data, hashlib.sha256(data).hexdigest(), title, recording)


def _plain(name: str) -> str:
    """Return a stranger's file name so that Markdown takes nothing in it for a link, a picture or a formula."""
    return re.sub(r"([^\w\s])", r"\\\1", name[:80])


def example_bytes() -> bytes:
    """Return the built-in voices joined with pauses, as a FLAC file."""
    voices = {example.style: load_audio(example.path).samples for example in list_examples()}
    hiss = np.random.default_rng(0)
    parts = []
    for number, style in enumerate(_ORDER):
        pause = round(_PAUSES_S[number % len(_PAUSES_S)] * SAMPLE_RATE)
        parts += [hiss.normal(0, 3e-4, pause).astype(np.float32), voices[style]]
    buffer = io.BytesIO()
    sf.write(buffer, np.concatenate(parts), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
