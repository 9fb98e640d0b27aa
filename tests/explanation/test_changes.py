"""Looking for the change that turns an answer, with a model that goes by the length of the speech."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.effects import VoiceChange
from ser_core.emotions import EMOTIONS
from ser_core.errors import AudioError, CancelledError
from ser_core.explanation import changes
from ser_core.explanation.changes import change_words, changed_voice, find_change
from ser_core.recogniser import Recogniser
from tests.explanation.conftest import made_recogniser
from tests.synthetic import voice


@pytest.fixture(scope="module")
def spoken() -> Waveform:
    return Waveform(voice(1.0))


def _by_length(limit: float, longer: str = "sad") -> Recogniser:
    """Return a model that answers *longer* from *limit* times the usual length on, and neutral before."""

    def score(array: np.ndarray) -> np.ndarray:
        logits = np.zeros(len(EMOTIONS))
        logits[EMOTIONS.index(longer)] = 40 * (float(array[0]) - limit)
        logits[EMOTIONS.index("neutral")] = 3.0
        return logits

    return made_recogniser(lambda waveform: np.array([len(waveform.samples) / 16_000], np.float32), score)


def test_the_smallest_change_is_found_and_can_be_heard(spoken: Waveform) -> None:
    found = find_change(_by_length(1.05), spoken)
    assert found.before.emotion == "neutral"
    assert found.change is not None
    assert found.change.changed == ("speed",)
    assert 0.8 < found.change.speed < 0.96
    assert found.after is not None
    assert found.after.emotion == "sad"
    assert "slower speech it would be **sad**" in found.words()
    assert not found.fragile
    assert changed_voice(spoken, found.change).duration_s > spoken.duration_s * 1.02


def test_no_such_change_is_an_answer(spoken: Waveform, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[VoiceChange] = []
    monkeypatch.setattr(changes, "apply", lambda waveform, change: (tried.append(change), waveform)[1])
    told: list[tuple[int, int]] = []
    found = find_change(_by_length(9.0), spoken, target="angry", progress=lambda *counts: told.append(counts))
    assert found.change is None
    assert found.words().startswith("No such change was found")
    assert "**angry**" in found.words()
    assert found.tried == len(tried) == 65
    assert told[-1] == (65, 65)
    assert len(set(tried)) == 65
    assert any(len(change.changed) == 2 for change in tried)


def test_an_answer_that_turns_by_itself_is_said_to(spoken: Waveform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        changes, "apply",
        lambda waveform, change: Waveform(np.tile(waveform.samples, 2)) if "effort" not in change.describe()
        else waveform,
    )  # fmt: skip
    found = find_change(_by_length(1.5), spoken)
    assert found.fragile
    assert found.change is None
    assert "hangs by a thread" in found.words()


def test_changes_have_plain_words() -> None:
    assert change_words(VoiceChange(pitch_semitones=-2.8)) == "a 15 % lower pitch"
    both = VoiceChange(speed=1.2, effort_db_per_octave=3)
    assert change_words(both) == "20 % faster speech and a voice raised by 3.0 dB per octave"
    assert change_words(VoiceChange(range_factor=0.5)) == "a melody 50 % flatter"


def test_silence_and_stopping_are_sentences(spoken: Waveform) -> None:
    with pytest.raises(AudioError, match="no answer to change"):
        find_change(_by_length(1.05), Waveform(np.zeros(16_000, np.float32)))
    with pytest.raises(CancelledError, match="Stopped"):
        find_change(_by_length(1.05), spoken, cancelled=lambda: True)
