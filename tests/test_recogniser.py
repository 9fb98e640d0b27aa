"""The recogniser with the bundles that ship: shapes, doubt, quality first, long recordings, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ser_core.affect import affect
from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.emotions import EMOTIONS
from ser_core.recogniser import Recogniser
from ser_core.scorers import Scorer
from tests.synthetic import voice


@pytest.fixture(scope="module", params=["lite", "functionals-svm"])
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    return Recogniser.load(request.param)


def test_prediction_has_its_shape(recogniser: Recogniser) -> None:
    prediction = recogniser.predict(Waveform(voice(2.0)))
    assert list(prediction.probabilities) == list(EMOTIONS)
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0)
    assert prediction.emotion == max(prediction.probabilities, key=prediction.probabilities.__getitem__)
    assert prediction.confidence == max(prediction.probabilities.values())
    assert prediction.sure == (prediction.confidence >= recogniser.card.threshold)
    assert set(prediction.to_dict()) == {
        "emotion", "confidence", "sure", "candidates", "probabilities", "duration_s", "model", "warnings",
        "valence", "arousal", "negative_high_arousal",
    }  # fmt: skip
    assert prediction.affect == affect(prediction.probabilities)
    assert prediction.to_dict()["valence"] == prediction.affect.valence


@pytest.mark.parametrize(("threshold", "size"), [(0.0, 1), (1.0, 8), (None, 0)])
def test_candidates_are_the_set_that_the_card_promises(
    recogniser: Recogniser, threshold: float | None, size: int
) -> None:
    level = None if threshold is None else 0.8
    card = recogniser.card.model_copy(update={"set_level": level, "set_threshold": threshold})
    prediction = Recogniser(card, recogniser._scorer).predict(Waveform(voice(2.0)))
    ranked = sorted(prediction.probabilities, key=prediction.probabilities.__getitem__, reverse=True)
    assert list(prediction.candidates) == ranked[:size] == prediction.to_dict()["candidates"]


def test_the_slope_of_the_card_is_used(recogniser: Recogniser) -> None:
    card = recogniser.card.model_copy(update={"temperature_slope": -1.0, "temperature": 20.0, "bias": (0.0,) * 8})
    even = Recogniser(card, recogniser._scorer).predict(Waveform(voice(2.0)))
    without = Recogniser(card.model_copy(update={"temperature_slope": 0.0}), recogniser._scorer)
    assert even.confidence > without.predict(Waveform(voice(2.0))).confidence


@pytest.mark.parametrize("kind", ["silence", "noise", "short"])
def test_no_emotion_is_named_without_speech(recogniser: Recogniser, kind: str) -> None:
    samples = {
        "silence": np.zeros(2 * SAMPLE_RATE, np.float32),
        "noise": np.random.default_rng(0).normal(0, 0.05, 2 * SAMPLE_RATE).astype(np.float32),
        "short": voice(0.2),
    }[kind]
    prediction = recogniser.predict(Waveform(samples))
    assert prediction.emotion is None
    assert not prediction.sure
    assert prediction.candidates == ()
    assert prediction.warnings
    assert prediction.affect is None
    assert prediction.to_dict()["arousal"] is None


@pytest.mark.parametrize("change", ["quieter", "silence before", "silence after"])
def test_level_and_silence_do_not_change_the_answer(recogniser: Recogniser, change: str) -> None:
    def room(seconds: float) -> np.ndarray:
        return np.random.default_rng(0).normal(0, 1e-3, round(seconds * SAMPLE_RATE)).astype(np.float32)

    samples = np.concatenate([room(0.5), voice(2.0, seed=3) + room(2.0), room(0.5)])
    changed = {
        "quieter": samples * np.float32(0.1),
        "silence before": np.concatenate([room(1.28), samples]),
        "silence after": np.concatenate([samples, room(1.28)]),
    }[change]
    before = list(recogniser.predict(Waveform(samples)).probabilities.values())
    after = list(recogniser.predict(Waveform(changed)).probabilities.values())
    assert np.abs(np.subtract(before, after)).max() < 0.1


def test_long_speech_is_read_in_windows(recogniser: Recogniser) -> None:
    prediction = recogniser.predict(Waveform(voice(21.0)))
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0)
    assert prediction.duration_s == 21.0


def test_stretches_of_speech_get_the_probabilities_of_a_prediction(recogniser: Recogniser) -> None:
    waves = [Waveform(voice(2.0, seed=seed)) for seed in range(3)]
    alone = [list(recogniser.predict(wave).probabilities.values()) for wave in waves]
    assert recogniser.probabilities(waves) == pytest.approx(np.array(alone), abs=0.1)


def test_threads_get_the_same_answers(recogniser: Recogniser) -> None:
    waves = [Waveform(voice(1.5, seed=seed, pitch_hz=100 + 20 * seed)) for seed in range(6)]
    alone = [recogniser.predict(wave).probabilities for wave in waves]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda wave: recogniser.predict(wave).probabilities, waves * 4))
    for number, answer in enumerate(together):
        assert answer == pytest.approx(alone[number % 6], abs=1e-5)


def test_a_real_voice_gets_an_answer(recogniser: Recogniser, originals: Path) -> None:
    prediction = recogniser.predict(load_audio(originals / "cremad/1001_DFA_ANG_XX.wav"))
    assert prediction.emotion in EMOTIONS


def test_a_real_voice_that_was_heard_in_training_is_mostly_recognised(data_folder: Path) -> None:
    """No measure of quality, only that bundle, front end and class order fit together."""
    lite = Recogniser.load("lite")
    clips = sorted((data_folder / "ravdess/Actor_05").glob("*-02-*-*-*.opus"))[::2]
    answers = [lite.predict(load_audio(clip)).emotion for clip in clips]
    right = [EMOTIONS[int(clip.name[6:8]) - 1] == answer for clip, answer in zip(clips, answers, strict=True)]
    assert np.mean(right) > 0.6


@pytest.mark.parametrize("seconds", [2.0, 12.0])
def test_inputs_are_the_arrays_behind_the_answer(recogniser: Recogniser, seconds: float) -> None:
    waveform = Waveform(np.concatenate([np.zeros(SAMPLE_RATE, np.float32), voice(seconds)]))
    given: list[np.ndarray] = []
    scorer = recogniser._scorer
    score = lambda array: (given.append(array), scorer.score(array))[1]  # noqa: E731
    spy = Recogniser(recogniser.card, Scorer(scorer.read, score, scorer.read_spoken))
    spy.predict(waveform)
    inputs = recogniser.inputs(waveform)
    assert len(inputs) == len(given) == (1 if seconds < 8 else 6)
    for one, array in zip(inputs, given, strict=True):
        np.testing.assert_array_equal(one.array, array)
    assert inputs[0].start_s == pytest.approx(0.9, abs=0.15)
    assert inputs[-1].end_s == pytest.approx(1 + seconds, abs=0.3)


@pytest.mark.parametrize("seconds", [0.6, 3.0, 7.0, 12.0])
def test_looking_for_speech_once_or_twice_is_the_same(recogniser: Recogniser, seconds: float) -> None:
    pause = np.random.default_rng(0).normal(0, 1e-3, SAMPLE_RATE).astype(np.float32)
    waveform = Waveform(np.concatenate([pause, voice(seconds), pause]))
    twice = Recogniser(recogniser.card, Scorer(recogniser._scorer.read, recogniser._scorer.score))
    assert recogniser.predict(waveform).probabilities == twice.predict(waveform).probabilities


def test_a_recording_without_an_answer_has_no_inputs(recogniser: Recogniser) -> None:
    assert recogniser.inputs(Waveform(np.zeros(SAMPLE_RATE, np.float32))) == []
