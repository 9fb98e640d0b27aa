"""A thread that reads a stream several times a second, and what it has heard so far."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from ser_core.audio import load_audio
from ser_core.errors import SERError
from ser_core.examples import list_examples
from ser_core.live.alarms import Alarm, AlarmEvent, AlarmWatch
from ser_core.live.readings import WINDOW_S, Reader, Reading
from ser_core.live.sound import SoundBuffer
from ser_core.recogniser import Recogniser

#: Seconds from one reading to the next; a machine that takes longer skips readings and stays at the present.
STEP_S = 0.3
#: The readings of the last four hours are kept, about 20 MB.
_MOST_READINGS = round(4 * 3600 / STEP_S)
_MOST_EVENTS = 10_000


class Listener:
    """Listens to one stream from start to stop. Every method may be called by any thread.

    Parameters
    ----------
    recogniser
        The model; it may be exchanged while listening.
    alarms
        What to watch for.
    clock, wall
        The time in seconds that delays are measured by, and that since 1970.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        alarms: Iterable[Alarm] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.sound = SoundBuffer(clock=clock)
        self.started_at = wall()
        self.skipped = 0
        self.problem: str | None = None
        self._clock, self._wall = clock, wall
        self._reader = Reader(recogniser)
        self._lock = threading.Lock()
        self._readings: deque[Reading] = deque(maxlen=_MOST_READINGS)
        self._events: deque[AlarmEvent] = deque(maxlen=_MOST_EVENTS)
        self._watches = [AlarmWatch(alarm) for alarm in alarms]
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def feed(self, samples: np.ndarray, rate: int) -> None:
        """Add a piece of sound; raises as :meth:`SoundBuffer.feed` does. What comes after the stop is dropped."""
        if not self._stopped.is_set():
            self.sound.feed(samples, rate)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, daemon=True, name="live-listener")
        self._thread.start()

    def stop(self) -> None:
        """End; the readings, the alarms that rang and the recording stay."""
        self._stopped.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the thread to end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, or stopped itself because of a problem."""
        return self._stopped.is_set()

    @property
    def model_name(self) -> str:
        """The name of the model's bundle."""
        return self._reader.recogniser.card.name

    def step(self) -> Reading | None:
        """Take one reading of the newest sound; None where nothing new has come."""
        latest, before = self.sound.latest(WINDOW_S), self.latest
        if latest.end_s <= (before.time_s if before else 0.0):
            return None
        heard = self._reader.read(latest.waveform, latest.end_s)
        delay_s = max(0.0, self._clock() - latest.arrived)
        reading = replace(heard, when=self._wall() - delay_s, delay_s=delay_s)
        with self._lock:  # not while the model works: a page may ask meanwhile
            self._readings.append(reading)
            for watch in self._watches:
                if (event := watch.take(reading)) is not None:
                    self._events.append(event)
        return reading

    @property
    def latest(self) -> Reading | None:
        """The newest reading."""
        return self._readings[-1] if self._readings else None

    def readings(self, since_s: float = 0.0) -> list[Reading]:
        """Return the readings from the time *since_s* on, in order."""
        with self._lock:
            found = []
            for reading in reversed(self._readings):
                if reading.time_s < since_s:
                    break
                found.append(reading)
        return found[::-1]

    def events(self) -> list[AlarmEvent]:
        """Return the alarms that rang, in order."""
        with self._lock:
            return list(self._events)

    def watches(self) -> Sequence[AlarmWatch]:
        """Return how far each alarm is."""
        return tuple(self._watches)

    def set_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Watch for other alarms; one that was there before goes on where it is."""
        with self._lock:
            known = {watch.alarm: watch for watch in self._watches}
            self._watches = [known.get(alarm) or AlarmWatch(alarm) for alarm in alarms]

    def set_recogniser(self, recogniser: Recogniser) -> None:
        """Go on with another model."""
        if recogniser is not self._reader.recogniser:
            self._reader = Reader(recogniser)

    def _run(self) -> None:
        try:
            warm_up(self._reader.recogniser)
            due = self._clock()
            while not self._stopped.is_set():
                heard = self.step()
                due += STEP_S
                late = self._clock() - due
                if late > 0:  # what could not be read in time is left out, so that the present is never behind
                    self.skipped += int(late / STEP_S) + 1 if heard else 0
                    due += late
                self._stopped.wait(max(0.0, due - self._clock()))
        except SERError as error:
            self.problem = str(error)
        except Exception as error:  # a thread's traceback would reach nobody: the person gets a sentence
            self.problem = f"Listening ended because the model failed ({type(error).__name__}): start it again."
        finally:
            self._stopped.set()


def warm_up(recogniser: Recogniser) -> None:
    """Make the first answer quick: models compile and load parts on their first use, which takes seconds."""
    recogniser.predict(load_audio(list_examples()[0].path))
