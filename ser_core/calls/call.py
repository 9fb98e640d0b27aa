"""One call: the sound of its one or two channels -> what was heard on each, window by window.

What is heard is kept apart from what is made of it (:mod:`ser_core.calls.measures`), so that thresholds can be moved
without listening again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.affect import affect_curves
from ser_core.errors import AudioError
from ser_core.recogniser import Recogniser
from ser_core.recordings import read_timeline
from ser_core.untrusted import open_untrusted

#: Raised whenever the same sound and model would give other tracks, so that kept results are not taken for new ones.
SCORING_VERSION = 1
#: Which channel is which person's, by the words for it.
CHANNELS: Mapping[str, int] = {"left": 0, "right": 1}

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Track:
    """What was heard on one channel.

    Attributes
    ----------
    labels
        The model's classes.
    spans
        Where each judged window begins and ends, in seconds [shape=(n, 2)].
    probabilities
        Of the classes in each window [shape=(n, n_classes)].
    """

    labels: tuple[str, ...]
    spans: np.ndarray
    probabilities: np.ndarray

    @property
    def seconds(self) -> np.ndarray:
        """Length of each window [shape=(n,)]."""
        return self.spans[:, 1] - self.spans[:, 0]

    @cached_property
    def readings(self) -> np.ndarray:
        """Valence, arousal and negative high arousal of each window [shape=(n, 3)]."""
        return affect_curves(self.probabilities, self.labels)

    @property
    def unrest(self) -> np.ndarray:
        """Negative high arousal of each window, 0 to 1 [shape=(n,)]."""
        return self.readings[:, 2]

    def emotions(self) -> list[str]:
        """Return the likeliest class of each window."""
        return [self.labels[place] for place in self.probabilities.argmax(axis=1)] if len(self.spans) else []

    def same_as(self, other: Track) -> bool:
        """Return whether another channel carries the same sound, as far as it was heard."""
        return (
            len(self.spans) > 0
            and np.array_equal(self.spans, other.spans)
            and np.array_equal(self.probabilities, other.probabilities)
        )


@dataclass(frozen=True, eq=False)
class HeardCall:
    """A call after the model has listened to it.

    Attributes
    ----------
    duration_s
        Its length in seconds.
    tracks
        One a channel: one or two.
    """

    duration_s: float
    tracks: tuple[Track, ...]

    @property
    def mixed(self) -> bool:
        """Whether both speakers are on one channel: a mono call, or a stereo file of twice the same channel."""
        return len(self.tracks) == 1 or self.tracks[0].same_as(self.tracks[1])

    def to_dict(self) -> dict[str, Any]:
        """Return the call as it is kept in a journal."""
        labels = list(self.tracks[0].labels)
        tracks = [
            {"spans": track.spans.tolist(), "probabilities": track.probabilities.tolist()} for track in self.tracks
        ]
        return {"duration_s": self.duration_s, "labels": labels, "tracks": tracks}

    @classmethod
    def from_dict(cls, content: Any) -> HeardCall:
        """Return what :meth:`to_dict` gave.

        Raises
        ------
        ValueError
            If it is something else.
        """
        try:
            labels = tuple(map(str, content["labels"]))
            tracks = tuple(_track(labels, entry["spans"], entry["probabilities"]) for entry in content["tracks"])
            duration = float(content["duration_s"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no kept call.") from error
        if len(tracks) not in (1, 2) or not 0 <= duration < float("inf"):
            raise ValueError("This is no kept call.")
        return cls(duration, tracks)


def _track(labels: tuple[str, ...], spans: Any, probabilities: Any) -> Track:
    track = Track(
        labels,
        np.asarray(spans, dtype=np.float64).reshape(-1, 2),
        np.asarray(probabilities, dtype=np.float64).reshape(-1, len(labels)),
    )
    if len(track.spans) != len(track.probabilities) or not np.isfinite(track.spans).all():
        raise ValueError("This is no kept call.")
    _ = track.readings  # refuses what is no probability
    return track


def hear_call(
    recogniser: Recogniser, source: bytes | Path, name: str, cancelled: Callable[[], bool] | None = None
) -> HeardCall:
    """Listen to every channel of a call.

    Numbers are rounded to four digits, so that a result is the same after it was kept.

    Raises
    ------
    AudioError
        If it cannot be read, or has more than two channels.
    CancelledError
        Once *cancelled* says yes.
    """
    recording = open_untrusted(source, name=name)
    if recording.channels > 2:
        raise AudioError(
            f"{recording.name} has {recording.channels} channels, and a call has one or two: export it as stereo."
        )
    tracks, duration = [], recording.duration_s
    for channel in range(recording.channels):
        timeline = read_timeline(recogniser, recording, channel=channel, cancelled=cancelled)
        duration = timeline.duration_s
        spans = [(segment.start_s, segment.end_s) for segment in timeline.segments]
        values = [list(segment.probabilities.values()) for segment in timeline.segments]
        tracks.append(
            Track(
                recogniser.card.labels,
                np.array(spans, dtype=np.float64).reshape(-1, 2).round(_DIGITS),
                np.array(values, dtype=np.float64).reshape(-1, len(recogniser.card.labels)).round(_DIGITS),
            )
        )
    return HeardCall(round(duration, _DIGITS), tuple(tracks))


@dataclass(frozen=True, eq=False)
class Call:
    """One row of an archive: what is known of a call, and what was heard or why nothing was.

    Attributes
    ----------
    name
        Its file's name in the archive, as a person may be shown it.
    call_id, agent
        What a manifest or the file's name says; empty where nothing does.
    caller
        The caller's channel, 0 for left and 1 for right.
    heard
        None where the file could not be read; then *error* says why.
    """

    name: str
    call_id: str = ""
    agent: str = ""
    caller: int = 0
    heard: HeardCall | None = None
    error: str | None = None

    @property
    def title(self) -> str:
        """What to call it."""
        return self.call_id or self.name

    @property
    def track(self) -> Track | None:
        """The caller's track; the only one of a call whose speakers are mixed."""
        if self.heard is None:
            return None
        return self.heard.tracks[0 if self.heard.mixed else self.caller]

    @property
    def side(self) -> str | None:
        """Where the caller is heard: left, right, or mixed with the agent."""
        if self.heard is None:
            return None
        return "mixed" if self.heard.mixed else list(CHANNELS)[self.caller]

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Who is heard on each channel that is looked at, in the file's order."""
        if self.heard is None:
            return ()
        if self.heard.mixed:
            return ("both speakers",)
        return ("caller", "agent") if self.caller == 0 else ("agent", "caller")

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the call."""
        return {
            "call": self.title,
            "file": self.name,
            "agent": self.agent,
            "caller": self.side,
            "error": self.error,
        }


def content_digest(source: bytes | Path) -> str:
    """Return the SHA-256 of a file's bytes; raises :class:`OSError` where it cannot be read."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
