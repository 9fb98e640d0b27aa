"""What is felt when in a recording of any length: speech is found, judged in overlapping windows, smoothed over time.

Speech with pauses under :data:`PAUSE_S` is one stretch; it is divided into equal steps of about 1.5 s, each judged from
the 3 s around it. Decoding and the speech detector run in a thread of their own, ahead of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.audio.stream import Recording
from ser_core.errors import CancelledError
from ser_core.recogniser import Recogniser, Segment
from ser_core.recordings.envelope import Envelope
from ser_core.recordings.smoothing import smooth
from ser_core.recordings.speech import Part, Span, spoken_parts
from ser_core.speech_once import Speech

#: A pause from this length on ends a stretch, in seconds: no window reaches across it.
PAUSE_S = 0.7
WINDOW_S, STEP_S = 3.0, 1.5
#: A stretch with less speech than this is left out, in seconds.
LEAST_SPEECH_S = 0.3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Timeline:
    """A recording judged step by step; times in seconds.

    Attributes
    ----------
    segments
        What was heard in each step, in order and without overlap; nothing where nobody speaks.
    speech
        Where somebody speaks, as (start, end).
    duration_s
        Length of the recording.
    envelope
        Its lowest and highest sample in equal columns [shape=(2, n), n at most 4,097].
    labels
        The classes, in the order of the probabilities.
    model
        The bundle's name.
    threshold
        From this confidence on the model counts as sure.
    name
        What the recording is called.
    windows
        From where to where each segment was judged.
    """

    segments: tuple[Segment, ...]
    speech: tuple[Span, ...]
    duration_s: float
    envelope: np.ndarray
    labels: tuple[str, ...]
    model: str
    threshold: float
    name: str
    windows: tuple[Span, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the timeline as programs get it, in JSON or over HTTP; without the envelope."""
        return {
            "name": self.name,
            "duration_s": self.duration_s,
            "model": self.model,
            "speech": [list(span) for span in self.speech],
            "segments": [segment.to_dict() for segment in self.segments],
        }


def read_timeline(
    recogniser: Recogniser,
    recording: Recording,
    *,
    channel: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Timeline:
    """Return what is felt when in a recording.

    Parameters
    ----------
    channel
        One channel, counted from 0; by default the mean of all.
    progress
        Called with (seconds of the recording that are done, seconds in all).
    cancelled
        Asked often; once it says yes, the work stops.

    Raises
    ------
    AudioError
        If the file turns out to be unreadable.
    CancelledError
        If it was stopped.
    """
    judged = judge(recogniser, recording, channel=channel, progress=progress, cancelled=cancelled)
    labels = recogniser.card.labels
    rows = smooth(judged.probabilities, judged.spans)
    return Timeline(
        segments=segments_of(judged.spans, rows, labels),
        speech=tuple(judged.speech),
        duration_s=judged.duration_s,
        envelope=judged.envelope,
        labels=labels,
        model=recogniser.card.name,
        threshold=recogniser.card.threshold,
        name=recording.name,
        windows=tuple(judged.windows),
    )


class Judged(NamedTuple):
    """What each step says alone, from its window, before it is smoothed [probabilities: shape=(n, n_classes)]; in s."""

    spans: list[Span]
    probabilities: np.ndarray
    speech: list[Span]
    duration_s: float
    envelope: np.ndarray
    windows: list[Span]


def judge(
    recogniser: Recogniser,
    recording: Recording,
    *,
    channel: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Judged:
    """Return what each step says alone; arguments and errors as for :func:`read_timeline`."""
    envelope, ended = Envelope(), 0.0
    spans: list[Span] = []
    windows: list[Span] = []
    speech: list[Span] = []
    values = [np.zeros((0, len(recogniser.card.labels)))]
    blocks = recording.blocks(channel, seconds=10.0)
    # Closed at once when the work is stopped: a stream holds one of few places.
    with closing(blocks), closing(_ahead(spoken_parts(_wanted(blocks, cancelled)))) as parts:
        for part in parts:
            envelope.add(part.samples)
            speech += part.speech
            ended = part.start_s + len(part.samples) / SAMPLE_RATE
            for step, window in _steps(part.speech):
                _stop_if(cancelled)
                heard = Waveform(part.samples).cut(window[0] - part.start_s, window[1] - part.start_s)
                values.append(recogniser.probabilities_within(heard, _spoken(window, part.wider))[None])
                spans.append(step)
                windows.append(window)
            _stop_if(cancelled)
            if progress:
                progress(round(ended), round(max(recording.duration_s, ended)))
    if progress:
        progress(round(ended), round(ended))
    return Judged(spans, np.concatenate(values), speech, ended, envelope.array(), windows)


def segments_of(spans: Sequence[Span], probabilities: np.ndarray, labels: Sequence[str]) -> tuple[Segment, ...]:
    """Return steps as segments, each named by its likeliest class [probabilities: shape=(n, n_classes)]."""
    found = []
    for (start, end), row in zip(spans, probabilities.tolist(), strict=True):
        named = dict(zip(labels, row, strict=True))
        emotion = max(named, key=named.__getitem__)
        found.append(Segment(start, end, emotion, named[emotion], named))
    return tuple(found)


def turns(timeline: Timeline, pause_s: float = PAUSE_S) -> tuple[Segment, ...]:
    """Return the segments with neighbours of the same emotion joined, unless a pause of *pause_s* lies between them.

    A joined segment has the mean of their probabilities, each weighed by its length.
    """
    joined: list[list[Segment]] = []
    for segment in timeline.segments:
        last = joined[-1][-1] if joined else None
        if last and last.emotion == segment.emotion and segment.start_s - last.end_s < pause_s:
            joined[-1].append(segment)
        else:
            joined.append([segment])
    return tuple(_join(group, timeline.labels) for group in joined)


def _join(group: Sequence[Segment], labels: Sequence[str]) -> Segment:
    rows = np.array([[segment.probabilities[label] for label in labels] for segment in group])
    mean = np.average(rows, axis=0, weights=[segment.end_s - segment.start_s for segment in group])
    named = {label: float(value) for label, value in zip(labels, mean, strict=True)}
    emotion = group[0].emotion
    return Segment(group[0].start_s, group[-1].end_s, emotion, named[emotion], named)


def _steps(speech: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Return each step and the window that it is judged from."""
    found = []
    for first, last in _stretches(speech):
        count = max(1, round((last - first) / STEP_S))
        edges = np.linspace(first, last, count + 1).tolist()
        for start, end in pairwise(edges):
            margin = max(0.0, WINDOW_S - (end - start)) / 2
            found.append(((start, end), (max(first, start - margin), min(last, end + margin))))
    return found


def _stretches(speech: Sequence[Span]) -> list[Span]:
    """Join speech across short pauses; leave out what is too short to be judged."""
    groups: list[list[Span]] = []
    for span in speech:
        if groups and span[0] - groups[-1][-1][1] < PAUSE_S:
            groups[-1].append(span)
        else:
            groups.append([span])
    return [
        (group[0][0], group[-1][1]) for group in groups if sum(end - start for start, end in group) >= LEAST_SPEECH_S
    ]


def _spoken(window: Span, speech: Sequence[Span]) -> Speech:
    """Return where somebody speaks in a window, counted from its start."""
    start, end = window
    inside = [(a - start, b - start) for a, b in speech if b > start and a < end]
    return Speech([], (inside[0][0], inside[-1][1]) if inside else None, end - start)


def _wanted(blocks: Iterator[np.ndarray], cancelled: Callable[[], bool] | None) -> Iterator[np.ndarray]:
    """Yield the blocks while nobody has stopped; blocks are empty where a stream waits for its turn."""
    for block in blocks:
        _stop_if(cancelled)
        if len(block):
            yield block


def _ahead(parts: Iterator[Part]) -> Generator[Part]:
    """Yield the same parts, each decoded in a thread while the one before is judged."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled and cancelled():
        raise CancelledError("Stopped before the end of the recording: start again to hear all of it.")
