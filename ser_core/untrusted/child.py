"""The child process: reads files from stdin, writes samples to stdout, under limits."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ser_core.audio import load_audio
from ser_core.audio.stream import Recording, open_recording
from ser_core.errors import AudioError
from ser_core.untrusted.children import receive, send

#: Memory over what the process has at its start, in MB: an hour at once takes 350.
_MOST_MEMORY_MB = 1500
#: Processor time for one file at once, or one block of a stream, in seconds: an hour of Opus takes 5.
_MOST_CPU_S = 60
_LARGEST = 10_000_000_000
_FAILED = "The recording cannot be decoded: export it again as wav."


def main() -> None:
    """Decode files until stdin ends, which it does when the parent is gone."""
    inward, outward = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a codec prints must not get among the samples
    _limit_memory_and_files()
    while True:
        try:
            request = json.loads(receive(inward, 100_000))
            data = receive(inward, _LARGEST)
        except EOFError:
            return
        _limit_time()
        _answer(request, data, outward)
        del request, data  # while it waits for the next file, nobody's sound or its name stays here


def _answer(request: dict[str, Any], data: bytes, outward: IO[bytes]) -> None:
    try:
        {"load": _load, "open": _open, "blocks": _blocks}[request.pop("what")](request, data, outward)
    except AudioError as error:
        _say(outward, error=str(error))
    except BrokenPipeError:  # the parent has no use for it any more
        raise
    except Exception:
        _say(outward, error=_FAILED)


def _load(request: dict[str, Any], data: bytes, outward: IO[bytes]) -> None:
    waveform = load_audio(data, **request)
    _say(outward, rate=waveform.original_rate, channels=waveform.original_channels, name=waveform.name)
    send(outward, waveform.samples.tobytes())


def _open(request: dict[str, Any], data: bytes, outward: IO[bytes]) -> None:
    found = _recording(request, data)
    facts = {"duration_s": found.duration_s, "declared_s": found.declared_s, "channels": found.channels}
    _say(outward, name=found.name, rate=found.rate, **facts)


def _blocks(request: dict[str, Any], data: bytes, outward: IO[bytes]) -> None:
    channel, seconds = request.pop("channel"), request.pop("seconds")
    for block in _recording(request, data).blocks(channel, seconds):
        _say(outward)
        send(outward, block.tobytes())
        _limit_time()
    _say(outward, end=True)


def _recording(request: dict[str, Any], data: bytes) -> Recording:
    return open_recording(request.get("path", data), request["name"], max_hours=request["max_hours"])


def _say(outward: IO[bytes], **answer: Any) -> None:
    send(outward, json.dumps(answer).encode())


def _limit_memory_and_files() -> None:
    with suppress(ImportError, OSError, ValueError):  # Windows knows no such limits; some systems forbid some
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + _MOST_MEMORY_MB * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + _MOST_CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
