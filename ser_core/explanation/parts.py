"""The parts that decided as sound: what is played, and a moment cut out of a long recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.explanation.deletion import FADE_S, Deletion
from ser_core.explanation.importance import Explanation
from ser_core.recordings import Recording, Timeline
from ser_core.recordings.speech import Span

#: Silence between two parts, in seconds: they do not belong together.
_GAP_S = 0.15


def decisive_sound(waveform: Waveform, explanation: Explanation) -> Waveform:
    """Return only the parts that decided, one after another, with soft edges."""
    fade, gap = round(FADE_S * SAMPLE_RATE), np.zeros(round(_GAP_S * SAMPLE_RATE), np.float32)
    pieces = [gap]
    for start, end in explanation.decisive():
        part = waveform.cut(start - FADE_S / 2, end + FADE_S / 2).samples.copy()
        edge = min(fade, len(part) // 2)
        ramp = np.linspace(0, 1, edge, dtype=np.float32)
        part[:edge] *= ramp
        part[len(part) - edge :] *= ramp[::-1]
        pieces += [part, gap]
    return replace(waveform, samples=np.concatenate(pieces))


def rest_sound(waveform: Waveform, explanation: Explanation) -> Waveform:
    """Return the sound with the parts that decided replaced by its own background, as the model was asked."""
    return Deletion(waveform, explanation.times_s).without(explanation.mask())


def step_window(timeline: Timeline, time_s: float) -> tuple[Span, Span]:
    """Return the step of a timeline nearest to a moment, and the stretch from which it was judged, in seconds.

    Raises
    ------
    AudioError
        If nobody speaks in the recording.
    """
    if not timeline.segments:
        raise AudioError("No speech was found in this recording, so there is nothing to explain: choose another.")
    steps = [(segment.start_s, segment.end_s) for segment in timeline.segments]
    judged = zip(steps, timeline.windows, strict=True)
    return min(judged, key=lambda one: max(one[0][0] - time_s, time_s - one[0][1], 0.0))


def cut_moment(recording: Recording, start_s: float, end_s: float) -> Waveform:
    """Return a part of a recording, which is read from its beginning to there.

    Raises
    ------
    AudioError
        If the file is damaged, or ends before.
    """
    samples = np.concatenate([np.zeros(0, np.float32), *_between(recording, start_s, end_s)])
    if not len(samples):
        raise AudioError(f"{recording.name} has no sound at that time: choose an earlier one.")
    return Waveform(samples, name=recording.name)


def _between(recording: Recording, start_s: float, end_s: float) -> Iterator[np.ndarray]:
    first, last, place = round(max(0.0, start_s) * SAMPLE_RATE), round(end_s * SAMPLE_RATE), 0
    for block in recording.blocks(seconds=10.0):
        yield block[max(0, first - place) : max(0, last - place)]
        place += len(block)
        if place >= last:
            return
