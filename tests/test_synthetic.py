"""The voices and the corpus made of numbers: the same every time, and read as any other corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser_core.corpora import read_corpora
from ser_core.settings import settings
from ser_core.synthetic import learning_corpus, spoken, write_corpus


def test_a_voice_is_the_same_every_time_and_another_for_another_speaker_or_take() -> None:
    voices = [spoken("sad", *who, seconds=0.3) for who in ((0, 0), (0, 0), (1, 0), (0, 1))]
    assert np.array_equal(voices[0], voices[1])
    assert not any(np.array_equal(voices[0], other) for other in voices[2:])
    assert voices[0].shape == (4800,)
    assert 0 < np.abs(voices[0]).max() < 1


def test_the_corpus_is_read_as_any_other(tmp_path: Path) -> None:
    write_corpus(tmp_path / "voices", speakers=2, takes=1, emotions=("sad", "angry"), seconds=0.2)
    table = read_corpora(["voices"], tmp_path)
    assert sorted(zip(table["speaker"], table["emotion"], table["sex"], strict=True)) == [
        ("speaker-00", "angry", "male"),
        ("speaker-00", "sad", "male"),
        ("speaker-01", "angry", "female"),
        ("speaker-01", "sad", "female"),
    ]


@pytest.mark.parametrize("here", [True, False])
def test_a_learner_gets_ravdess_where_it_is(here: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ser_core.synthetic.write_corpus", lambda folder: folder)
    if here:
        (tmp_path / "ravdess").mkdir()
    assert learning_corpus() == ("ravdess" if here else "synthetic")
    assert settings().data == (tmp_path if here else tmp_path / "cache" / "voices")
