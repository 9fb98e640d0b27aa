"""Copies are found, other takes are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.effects.change import VoiceChange, apply
from ser_core.leakage.fingerprint import COPY, fingerprint, similarity
from tests.synthetic import voice


def _noisy(waveform: Waveform, snr_db: float = 20.0) -> Waveform:
    noise = np.random.default_rng(0).standard_normal(len(waveform.samples))
    gain = np.sqrt(np.mean(waveform.samples**2) / 10 ** (snr_db / 10))
    return replace(waveform, samples=(waveform.samples + gain * noise).astype(np.float32))


def _played(waveform: Waveform, factor: float) -> Waveform:
    """Return it played faster, and so higher, by resampling."""
    samples = soxr.resample(waveform.samples, SAMPLE_RATE, SAMPLE_RATE / factor)
    return replace(waveform, samples=samples.astype(np.float32))


def _cut(waveform: Waveform, seconds: float = 0.3) -> Waveform:
    return replace(waveform, samples=waveform.samples[round(seconds * SAMPLE_RATE) :])


CHANGES = {
    "noise": _noisy,
    "slower": lambda w: _played(w, 0.95),
    "faster": lambda w: _played(w, 1.05),
    "stretched": lambda w: apply(w, VoiceChange(speed=0.95)),
    "squeezed": lambda w: apply(w, VoiceChange(speed=1.05)),
    "higher": lambda w: apply(w, VoiceChange(pitch_semitones=1)),
    "lower": lambda w: apply(w, VoiceChange(pitch_semitones=-1)),
    "softer": lambda w: apply(w, VoiceChange(level_db=-12)),
    "cut": _cut,
    "noisy and faster": lambda w: _noisy(apply(w, VoiceChange(speed=1.04))),
}


def _mixed_voice(seed: int) -> Waveform:
    """Return speech-like sound whose syllables are of uneven length and level, unlike any other seed's."""
    rng = np.random.default_rng(seed)
    parts = [
        voice(rng.uniform(0.12, 0.5), pitch_hz=rng.uniform(100, 200), level=rng.uniform(0.1, 0.6), seed=seed * 100 + k)
        for k in range(9)
    ]
    return Waveform(np.concatenate([np.zeros(6400, np.float32), *parts, np.zeros(3200, np.float32)]))


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_is_known_and_another_sound_is_not(name: str) -> None:
    original, other = _mixed_voice(1), _mixed_voice(2)
    alike, unlike = similarity(fingerprint(CHANGES[name](original)), [fingerprint(original), fingerprint(other)])
    assert alike >= COPY
    assert unlike < COPY - 0.15


def test_the_same_sound_is_wholly_alike_and_either_way_round() -> None:
    first, second = fingerprint(_mixed_voice(1)), fingerprint(_noisy(_mixed_voice(1)))
    assert similarity(first, [first])[0] == pytest.approx(1, abs=1e-5)
    assert similarity(first, [second])[0] == pytest.approx(similarity(second, [first])[0], abs=0.02)
    assert np.linalg.norm(first.sketch) == pytest.approx(1, abs=1e-5)
    assert first.sketch @ second.sketch > 0.95


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(16000), np.ones(100), np.ones(30)])
def test_what_has_no_pattern_is_like_nothing(samples: np.ndarray) -> None:
    empty = fingerprint(Waveform(samples.astype(np.float32)))
    full = fingerprint(_mixed_voice(1))
    assert similarity(empty, [full, empty]).tolist() == [0, 0]
    assert similarity(full, [empty]).tolist() == [0]


def test_long_sounds_are_compared_by_their_beginning() -> None:
    long = Waveform(np.tile(_mixed_voice(3).samples, 12))
    assert fingerprint(long).pattern.shape[1] <= 2001


def test_takes_of_one_sentence_are_told_from_copies(real_table) -> None:
    """The hardest case: one actor, sentence, emotion and intensity, recorded twice in a row (RAVDESS)."""
    keys = ["speaker", "sentence", "emotion", "intensity"]
    takes = real_table[real_table["corpus"] == "ravdess"].groupby(keys, dropna=False)["path"].apply(list)
    pairs = takes[takes.map(len) == 2].sample(40, random_state=1)
    prints = [(fingerprint(load_audio(first)), fingerprint(load_audio(second))) for first, second in pairs]
    values = np.array([similarity(first, [second])[0] for first, second in prints])
    assert (values >= COPY).mean() <= 0.025
    names = [*CHANGES][: len(pairs)]
    copies = []
    for place, name in enumerate(names):
        waveform = load_audio(pairs.iloc[place][0])
        copies.append(similarity(fingerprint(CHANGES[name](waveform)), [prints[place][0]])[0])
    assert min(copies) >= COPY
