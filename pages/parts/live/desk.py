"""What a visitor's session keeps of the page Live: the listener, which is the present or the last one, and alarms."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.session_end import at_the_end
from ser_core.live import DRIVER_STRESS, Alarm, Listener, Reading, frame_samples
from ser_core.recogniser import Recogniser

if TYPE_CHECKING:
    import av

_KEY = "live_desk"


class Desk:
    """One visitor's listening. The stream's thread feeds it, the page reads it.

    Attributes
    ----------
    listener
        The one that listens or was stopped last; None before the first and after its sound was dropped.
    alarms
        What the visitor watches for, also in the next listening.
    model
        The model that the next listening uses.
    delays
        From the arrival of sound to its reading on the page, in seconds, of the last readings shown.
    """

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self.alarms: list[Alarm] = [DRIVER_STRESS]
        self.model: Recogniser | None = None
        self.delays: deque[float] = deque(maxlen=240)
        self._shown_s = -1.0
        self._wav: tuple[Listener, bytes] | None = None

    @property
    def listening(self) -> bool:
        """Whether it listens now."""
        return self.listener is not None and not self.listener.stopped

    def begin(self) -> None:
        """Start a new listening; the sound and the readings of the one before are gone."""
        self.end()
        if self.model is not None:
            self.delays.clear()
            self._shown_s, self._wav = -1.0, None
            self.listener = Listener(self.model, self.alarms)
            self.listener.start()

    def end(self) -> None:
        """Stop listening; what was heard stays."""
        if self.listener is not None:
            self.listener.stop()

    def drop(self) -> None:
        """Forget everything that was heard."""
        self.end()
        self.listener = self._wav = None

    def take(self, frame: av.AudioFrame) -> None:
        """Take a piece of the stream; the stream's own loop calls this, so it must be quick."""
        if self.listener is not None:
            self.listener.feed(*frame_samples(frame))

    def set_alarms(self, alarms: list[Alarm]) -> None:
        """Watch for other alarms from now on."""
        self.alarms = alarms
        if self.listener is not None:
            self.listener.set_alarms(alarms)

    def show(self, reading: Reading) -> None:
        """Note that a reading is on the page now."""
        if reading.time_s > self._shown_s:
            self._shown_s = reading.time_s
            self.delays.append(max(0.0, time.time() - reading.when))

    def wav(self) -> bytes:
        """Return the recording as a WAV file, made once."""
        assert self.listener is not None
        if self._wav is None or self._wav[0] is not self.listener:
            self._wav = (self.listener, self.listener.sound.recording().to_wav())
        return self._wav[1]


def desk() -> Desk:
    """Return this visitor's desk."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Desk()
        at_the_end("live", st.session_state[_KEY].drop)
    found: Desk = st.session_state[_KEY]
    return found
