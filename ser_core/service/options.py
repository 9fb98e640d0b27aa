"""What whoever runs the service decides: the model, who may call it, and how much work is taken on at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.errors import SettingsError

#: The environment variable with the key of callers, where there is no file of keys.
KEY_VARIABLE = "SER_API_KEY"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


@dataclass(frozen=True)
class ServiceOptions:
    """Settings of one service process.

    Attributes
    ----------
    model
        Name or folder of the bundle that answers where a caller names none; it is loaded at the start.
    api_keys
        Callers must send one of these; empty: anybody who reaches the port may call.
    cors
        Origins whose pages may read answers, such as `https://example.org`; empty: none.
    workers
        Predictions at a time; by default one a core.
    queue
        Predictions that may wait for a worker; the next caller is told to come back later.
    rate, burst
        Requests a second that one caller may send in the long run (0: any number), and how many at once.
    longest_s
        Longest recording that is answered at once, in seconds, where `SER_MAX_SECONDS` allows as much; longer ones get
        a timeline. An hour in one piece would take 1.5 GB, as a timeline 0.2 GB.
    timelines
        Timelines that may wait for their worker; half as many threads as workers serve them.
    streams
        Streams at a time.
    models
        Models in memory at a time; the least recently used is dropped, never the default one.
    held_megabytes
        Uploads in memory at a time, those of waiting timelines included. One alone may always be as large as the
        setting `SER_MAX_MEGABYTES` allows.
    receive_s
        Seconds within which an upload must have arrived.
    """

    model: str = "lite"
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    cors: tuple[str, ...] = ()
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    queue: int = 16
    rate: float = 20.0
    burst: int = 100
    longest_s: float = 600.0
    timelines: int = 8
    streams: int = 8
    models: int = 3
    held_megabytes: float = 400.0
    receive_s: float = 120.0


def read_api_keys(path: str | os.PathLike[str] | None, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the keys of a file (one a line; empty lines and lines with # are skipped), else of `SER_API_KEY`.

    Raises
    ------
    SettingsError
        If the file cannot be read or holds no key: a service that should have one never starts without.
    """
    if path is None:
        value = (os.environ if environment is None else environment).get(KEY_VARIABLE, "").strip()
        return (_checked(value, KEY_VARIABLE),) if value else ()
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file of API keys {path} cannot be read: check its path and its rights.") from error
    keys = tuple(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))
    if not keys:
        raise SettingsError(f"The file {path} holds no API key: write one key a line into it.")
    return tuple(_checked(key, str(path)) for key in keys)


def check_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Return origins as browsers send them.

    Raises
    ------
    SettingsError
        If one is no scheme, host and port: a star would let any page of the web use the service.
    """
    checked = tuple(origin.rstrip("/").lower() for origin in origins)
    if bad := [origin for origin in checked if not _ORIGIN.fullmatch(origin)]:
        raise SettingsError(f"'{bad[0]}' is no origin of web pages: give scheme and host, such as https://example.org.")
    return checked


def _checked(key: str, place: str) -> str:
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(f"An API key in {place} holds more than letters, digits and signs: make a new one.")
    return key
