"""A stranger's recording of any length, decoded as a stream in a child process."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.audio.stream import Recording
from ser_core.settings import settings
from ser_core.untrusted.children import SHORT, STREAMS, Child, a_child, printable

#: Seconds after which a stream that waits for its place looks whether anybody still wants it.
_LOOK_S = 0.5


def open_untrusted(source: bytes | Path, name: str | None = None) -> Recording:
    """Look at the headers of a stranger's sound file in a child process, and make it ready for being read in one.

    Parameters and what comes back are those of :func:`ser_core.audio.stream.open_recording`.

    Raises
    ------
    AudioError
        As there; also where the file ended the decoder.
    """
    asked = _Asked(source, name, settings().max_hours)
    with SHORT, a_child() as child, child.watched(asked.called):
        child.ask("open", *asked.message())
        answer = child.answer()
        numbers = int(answer["channels"]), int(answer["rate"]), float(answer["declared_s"])
        return _Untrusted(printable(str(answer["name"])), float(answer["duration_s"]), *numbers, asked)


@dataclass(frozen=True)
class _Asked:
    """What a child needs to know to open a file: its bytes, or where it lies."""

    source: bytes | Path
    name: str | None
    max_hours: float

    @property
    def called(self) -> str:
        return self.name or (self.source.name if isinstance(self.source, Path) else "The recording")

    def message(self, **more: Any) -> tuple[dict[str, Any], bytes]:
        request = {"name": self.name, "max_hours": self.max_hours} | more
        if isinstance(self.source, Path):
            return request | {"path": str(self.source.absolute())}, b""
        return request, self.source


@dataclass(frozen=True)
class _Untrusted(Recording):
    """A recording whose blocks come from a child; while it waits for its turn they are empty."""

    _asked: _Asked

    def blocks(self, channel: int | None = None, seconds: float = 30.0) -> Generator[np.ndarray]:
        self.check_channel(channel)
        return self._blocks(channel, seconds)

    def _blocks(self, channel: int | None, seconds: float) -> Generator[np.ndarray]:
        most = max(1, round(seconds * SAMPLE_RATE))
        while not STREAMS.acquire(timeout=_LOOK_S):
            yield np.zeros(0, np.float32)  # whoever reads can give up while all places are taken
        try:
            with a_child() as child:
                yield from self._from(child, channel, seconds, most)
        finally:
            STREAMS.release()

    def _from(self, child: Child, channel: int | None, seconds: float, most: int) -> Generator[np.ndarray]:
        ended = False
        try:
            with child.watched(self.name):
                child.ask("blocks", *self._asked.message(channel=channel, seconds=seconds))
            while True:
                with child.watched(self.name):
                    if child.answer().get("end"):
                        break
                    block = child.samples(most)
                yield block
            ended = True
        finally:
            if not ended:  # the child may be about to send more, which must not meet the next file
                child.close()
