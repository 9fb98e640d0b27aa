"""What a batch has finished, so that one that was interrupted goes on where it stopped: a line of JSON a call.

A line is written as a call is finished and forced to disk; a line that was cut off when the machine or the process
died is left out when the journal is read. It holds numbers only, no sound and no name.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from ser_core.calls.call import HeardCall
from ser_core.errors import CallsError


class Journal:
    """Finished calls by key.

    Parameters
    ----------
    path
        A file that is made when the first call is finished; without one, results are kept in memory only.

    Raises
    ------
    CallsError
        If the file cannot be read; later, if it cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._known: dict[str, HeardCall] = {}
        self._lock = threading.Lock()
        if path is not None and path.exists():
            self._read(path)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> HeardCall | None:
        """Return the finished call of that key; None where there is none."""
        return self._known.get(key)

    def add(self, key: str, call: HeardCall) -> None:
        """Keep a finished call; when this returns, it is on disk."""
        with self._lock:
            self._known[key] = call
            if self.path is not None:
                line = json.dumps({"key": key} | call.to_dict(), separators=(",", ":"))
                try:
                    self._append(self.path, line.encode() + b"\n")
                except OSError as error:
                    raise CallsError(
                        f"The journal {self.path} cannot be written ({error.strerror}): choose another folder."
                    ) from error

    def _append(self, path: Path, line: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+", buffering=0) as file:
            if file.tell() and not self._ends_whole(file):
                line = b"\n" + line  # the process before died within a line
            left = memoryview(line)
            while left:
                left = left[file.write(left) or 0 :]
            os.fsync(file.fileno())

    @staticmethod
    def _ends_whole(file: Any) -> bool:
        file.seek(-1, os.SEEK_END)
        return bool(file.read(1) == b"\n")

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                for line in file:
                    try:
                        content = json.loads(line)
                        self._known[str(content["key"])] = HeardCall.from_dict(content)
                    except (ValueError, KeyError, TypeError, RecursionError):  # cut off, or not ours: heard again
                        continue
        except OSError as error:
            raise CallsError(f"The journal {path} cannot be read ({error.strerror}): choose another folder.") from error
