"""A whole sound file of a stranger, decoded in a child process."""

from __future__ import annotations

from ser_core.audio import Waveform
from ser_core.settings import settings
from ser_core.untrusted.children import SHORT, a_child, printable


def load_untrusted(
    data: bytes, *, name: str | None = None, max_seconds: float | None = None, max_megabytes: float | None = None
) -> Waveform:
    """Read the bytes of a stranger's sound file into mono float32 at 16 kHz, in a child process.

    Parameters are those of :func:`ser_core.audio.load_audio`, and so is what comes back.

    Raises
    ------
    AudioError
        As there; also where the file ended the decoder.
    """
    limits = settings()
    megabytes = limits.max_megabytes if max_megabytes is None else max_megabytes
    seconds = limits.max_seconds if max_seconds is None else max_seconds
    request = {"name": name, "max_seconds": seconds, "max_megabytes": megabytes}
    if len(data) > megabytes * 1e6:
        data = data[: int(megabytes * 1e6) + 1]  # enough to be refused for its size
    with SHORT, a_child() as child, child.watched(name or "The recording"):
        child.ask("load", request, data)
        answer = child.answer()
        samples = child.samples(round((seconds + 60) * 16_000))
        if not len(samples):
            raise ValueError("no samples")
        return Waveform(samples, int(answer["rate"]), int(answer["channels"]), printable(str(answer["name"])))
