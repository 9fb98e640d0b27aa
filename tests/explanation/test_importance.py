"""Explanations of a model whose decisive stretch and band are known."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError, CancelledError
from ser_core.explanation import explain
from ser_core.explanation.deletion import BANDS
from ser_core.explanation.importance import most_important, place_at_random, runs
from ser_core.recogniser import Recogniser
from tests.explanation.conftest import WHISTLE_HZ, WHISTLE_S
from tests.synthetic import voice


def test_the_decisive_stretch_and_band_are_found(listener: Recogniser, whistled: Waveform) -> None:
    told: list[tuple[int, int]] = []
    found = explain(listener, whistled, progress=lambda *counts: told.append(counts))
    assert found.label == "angry"
    assert found.probability == pytest.approx(listener.predict(whistled).confidence, abs=1e-6)
    middles = (found.times_s[:-1] + found.times_s[1:]) / 2
    inside = (middles > WHISTLE_S[0]) & (middles < WHISTLE_S[1])
    assert set(np.argsort(-found.steps)[: inside.sum()]) == set(np.flatnonzero(inside))
    assert np.abs(found.steps[~inside]).max() < 0.25 * found.steps[inside].min()
    band = int(np.searchsorted(found.bands_hz, WHISTLE_HZ)) - 1
    assert found.cells.shape == (BANDS, len(found.steps))
    assert found.cells[:, inside].mean(axis=1).argmax() == band
    assert found.without < 0.5 * found.without_random
    assert any(start < 1.05 < end for start, end in found.decisive())
    assert found.to_dict()["decisive_s"] == [list(span) for span in found.decisive()]
    assert told[-1][0] <= told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_another_emotion_can_be_asked_for(listener: Recogniser, whistled: Waveform) -> None:
    against = explain(listener, whistled, label="sad", spoken=True)
    assert against.label == "sad"
    assert against.times_s[[0, -1]].tolist() == [0.0, whistled.duration_s]
    middles = (against.times_s[:-1] + against.times_s[1:]) / 2
    inside = (middles > WHISTLE_S[0]) & (middles < WHISTLE_S[1])
    assert (against.steps[inside] < 0).all()  # the whistle speaks against it


def test_what_cannot_be_explained_is_a_sentence(listener: Recogniser, whistled: Waveform) -> None:
    with pytest.raises(AudioError, match="no answer to explain"):
        explain(listener, Waveform(np.zeros(2 * SAMPLE_RATE, np.float32)))
    with pytest.raises(AudioError, match="choose a shorter part"):
        explain(listener, Waveform(voice(10.0)))
    with pytest.raises(CancelledError, match="Stopped"):
        explain(listener, whistled, cancelled=lambda: True)


def test_random_parts_are_as_many_and_as_long() -> None:
    rng = np.random.default_rng(0)
    mask = most_important(np.array([0.0, 5, 6, 1, 2, 7, 0, 0, 0, 0, 0, 0]), share=0.25)
    assert runs(mask) == [(1, 3), (5, 6)]
    places = set()
    for _ in range(40):
        drawn = place_at_random(mask, rng)
        assert drawn.sum() == 3
        assert max(end - first for first, end in runs(drawn)) >= 2
        places.add(drawn.tobytes())
    assert len(places) > 20
    cells = np.zeros((BANDS, 12))
    cells[2, 3:6] = 1
    drawn = place_at_random(cells, rng)
    assert drawn.shape == cells.shape
    assert (drawn.sum(axis=1) > 0).sum() == 1
    assert runs(drawn[drawn.any(axis=1)][0])[0][1] - runs(drawn[drawn.any(axis=1)][0])[0][0] == 3
