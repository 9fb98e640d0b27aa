"""The ways in: an example, a recording, an upload. The one used last is the one shown, on every page.

What a person gave lies in the session's state as :class:`Sound` until something better comes; a sound that cannot be
read leaves it there and adds a complaint. A page that compares two sounds keeps the other in a slot of its own.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import streamlit as st
from audio_recorder_streamlit import audio_recorder

from pages.parts.microphone import advice, microphone_state, mount_probe
from ser_core.audio import Waveform, load_audio
from ser_core.emotions import SYMBOLS
from ser_core.errors import SERError
from ser_core.examples import Example, about_examples, list_examples
from ser_core.settings import settings
from ser_core.untrusted import load_untrusted

UPLOAD_TYPES = ["wav", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "webm", "m4a", "mp4"]

#: The slot of the sound that all pages show, and that of the sound it is compared with.
MAIN, OTHER = "", "other"

_REPLACED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Sound:
    """A recording that could be read.

    Attributes
    ----------
    origin
        ``example``, ``recording``, ``hands_free``, ``upload``, ``corpus`` or ``changed`` (made from another sound).
    title
        What it is, for a person.
    name
        Its file name.
    digest
        SHA-256 of its bytes, the key of everything computed from it.
    waveform
        Its samples.
    """

    origin: str
    title: str
    name: str
    digest: str
    waveform: Waveform


def show_inputs() -> None:
    """Draw the three ways in, side by side (below one another on a phone)."""
    with st.container(key="ways"):
        example, record, upload = st.columns(3, gap="medium")
    with example.container(border=True, height="stretch", key="card_example"):
        st.subheader(":material/play_circle: Try an example", anchor=False)
        show_examples()
    with record.container(border=True, height="stretch", key="card_record"):
        st.subheader(":material/mic: Record yourself", anchor=False)
        show_recorders()
    with upload.container(border=True, height="stretch", key="card_upload"):
        st.subheader(":material/upload_file: Upload a file", anchor=False)
        show_uploader()


def current_sound(slot: str = MAIN) -> Sound | None:
    """Read what was given last, if anything new was; return what is to be shown."""
    withdrawn, since = st.session_state.get(_key("withdrawn", slot), (None, 0.0))
    pending = st.session_state.get(_key("pending", slot))
    if time.monotonic() - since > _REPLACED_WITHIN_S:
        st.session_state.pop(_key("withdrawn", slot), None)
    if pending is not None:
        origin, title, name, data = pending
        try:
            with st.spinner("Reading the sound …"):
                # The examples are this program's own files, and the first click should not wait for a process.
                read = load_audio if origin == "example" else load_untrusted
                waveform = read(data, name=name)
        except SERError as error:
            st.session_state[_key("complaint", slot)] = str(error)
            if withdrawn is not None:
                st.session_state[_key("sound", slot)] = withdrawn
        else:
            take_sound(Sound(origin, title, name, hashlib.sha256(data).hexdigest(), waveform), slot)
        del st.session_state[_key("pending", slot)]  # only now: a rerun may interrupt the reading
        st.session_state.pop(_key("withdrawn", slot), None)
    return st.session_state.get(_key("sound", slot))


def take_sound(sound: Sound, slot: str = MAIN) -> None:
    """Make a sound that was read already the one that is shown."""
    st.session_state[_key("sound", slot)] = sound
    st.session_state[_key("complaint", slot)] = None


def complaint(slot: str = MAIN) -> str | None:
    """Return the sentence about the last input when it could not be used."""
    return st.session_state.get(_key("complaint", slot))


def show_examples(slot: str = MAIN) -> None:
    """Draw a button for each built-in voice."""
    st.caption("The same sentence in six synthetic voices. One press shows a result.")
    with st.container(horizontal=True, gap="small", key=_key("examples", slot)):
        for example in list_examples():
            st.button(
                f"{SYMBOLS[example.style]} {example.style}",
                key=_key(f"example_{example.id}", slot),
                help=f"Synthetic voice: {example.description}",
                on_click=_take_example,
                args=(example, slot),
            )
    st.caption("Not acted speech, so the answer may differ from the name.", help=about_examples())


def show_recorders(slot: str = MAIN) -> None:
    """Draw both recorders, or why there are none."""
    state = microphone_state()
    if (sentence := advice(state)) is not None:
        st.warning(sentence)
    if state != "insecure":
        _show_working_recorders(slot)
    mount_probe()


def _show_working_recorders(slot: str) -> None:
    st.audio_input(
        "Press to start, press again to stop",
        sample_rate=16000,
        key=_key("recording", slot),
        on_change=_take_recording,
        args=(slot,),
    )
    with st.container(
        horizontal=True, wrap=False, gap="small", vertical_alignment="center", key=_key("hands_free", slot)
    ):
        with st.container(width=40):
            data = audio_recorder(
                text="",
                icon_size="2x",
                pause_threshold=1.5,
                neutral_color="#2E86C1",  # reads on a light and on a dark page
                recording_color="#D55E00",
                key=_key("hands_free_recorder", slot),
            )
        st.caption(
            "**Hands-free:** press once and speak; it turns orange and stops by itself after a pause of 1.5 seconds, "
            "or when you press it again.",
            help="If nothing happens when you press it, the browser refused the microphone: click the sign at the "
            "left of the address, allow it, and reload the page.",
        )
    _take_hands_free(data, slot)


def largest_upload() -> int:
    """Return how many megabytes a visitor's file may have: the setting, as far as Streamlit's server takes it."""
    return max(1, min(int(settings().max_megabytes), int(st.get_option("server.maxUploadSize"))))


def show_uploader(slot: str = MAIN) -> None:
    """Draw the box for files."""
    st.file_uploader(
        "A voice, speaking for one second or longer",
        type=None,  # what is in a file decides, not what it is called; a wrong one gets a sentence
        key=_key("upload", slot),
        on_change=_take_upload,
        args=(slot,),
        max_upload_size=largest_upload(),
    )
    st.caption("wav, flac, ogg, opus, mp3, aiff, webm, m4a, mp4.")


def _take_example(example: Example, slot: str) -> None:
    title = f"Example “{example.title}”, a synthetic voice saying: “{example.text}”"
    _put(slot, "example", title, example.path.name, example.path.read_bytes())


def _take_recording(slot: str) -> None:
    file = st.session_state[_key("recording", slot)]
    if file is None:
        _forget("recording", slot)
    else:
        _put(slot, "recording", "Your recording", "recording.wav", file.getvalue())


def _take_upload(slot: str) -> None:
    file = st.session_state[_key("upload", slot)]
    if file is None:
        _forget("upload", slot)
    else:
        _put(slot, "upload", f"Your file “{file.name}”", file.name, file.getvalue())


def _take_hands_free(data: bytes | None, slot: str) -> None:
    """Take a hands-free recording when it is new: the component gives the same bytes again on every rerun."""
    if not data:
        return
    digest = hashlib.sha256(data).hexdigest()
    if digest != st.session_state.get(_key("hands_free_seen", slot)):
        st.session_state[_key("hands_free_seen", slot)] = digest
        _put(slot, "hands_free", "Your hands-free recording", "recording.wav", data)


def _put(slot: str, origin: str, title: str, name: str, data: bytes) -> None:
    st.session_state[_key("pending", slot)] = (origin, title, name, data)


def _key(name: str, slot: str) -> str:
    return f"{slot}_{name}" if slot else name


def _forget(origin: str, slot: str) -> None:
    """Take the sound shown away when its owner did.

    A browser reports one file replaced by another as a removal and then an upload. So the sound is kept for a while,
    in case that upload cannot be read.
    """
    st.session_state[_key("complaint", slot)] = None
    sound = st.session_state.get(_key("sound", slot))
    if sound is not None and sound.origin == origin:
        st.session_state[_key("withdrawn", slot)] = (st.session_state.pop(_key("sound", slot)), time.monotonic())
