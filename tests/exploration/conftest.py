"""A corpus whose voices are known by construction: two speakers a corpus, three emotions, and silence around some."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.corpora import read_corpora
from ser_core.corpora.own import write_own
from tests.synthetic import encode, voice

#: Emotion -> pitch in Hz; speaker -> factor of the pitch.
PITCH = {"happy": 200.0, "sad": 120.0, "neutral": 150.0}
FACTOR = {"anna": 1.25, "ben": 1.0}


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """12 clips of `loud` (peak 0.5, no silence) and 12 of `quiet` (peak 0.05, 0.7 s of silence before), flat pitch."""
    data = tmp_path_factory.mktemp("known")
    for corpus, level, silence in (("loud", 0.5, 0.0), ("quiet", 0.05, 0.7)):
        for (speaker, factor), (emotion, pitch), take in itertools.product(FACTOR.items(), PITCH.items(), (1, 2)):
            path = data / corpus / emotion / f"{speaker}_{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            sound = voice(1.2, pitch_hz=pitch * factor, pitch_range=0.0, level=level, seed=take)
            path.write_bytes(encode(np.pad(sound, (round(silence * 16_000), 0)), "wav"))
        write_own(data / corpus, {"title": corpus, "speaker_pattern": "^([a-z]+)_"})
    return read_corpora(data=data)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what these tests compute, shared so that it is computed once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(cache))
