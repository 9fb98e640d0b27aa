"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from ser_core.corpora import read_corpora
from tests.synthetic import clip_bytes, voice, write_corpora

PROJECT = Path(__file__).resolve().parent.parent

# A busy machine must not fail a test: no deadline. Derandomised, so that a run can be repeated.
hypothesis_settings.register_profile(
    "project", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("project")


#: Files that wait for browsers and other processes: they begin first, so that none of them is left alone at the end.
_SLOW = ("tests/browser", "tests/scripts", "tests/training", "tests/test_parallel.py", "tests/pages", "tests/calls")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow files first; the order is the same in every process."""

    def place(item: pytest.Item) -> int:
        return next((number for number, start in enumerate(_SLOW) if item.nodeid.startswith(start)), len(_SLOW))

    items.sort(key=place)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with the four real corpora (`SER_DATA`, else ../shared/corpora); skips where it is missing."""
    folder = Path(os.environ.get("SER_DATA") or PROJECT.parent / "shared/corpora")
    missing = [name for name in ("cremad", "ravdess", "savee", "tess") if not (folder / name).is_dir()]
    if missing:
        pytest.skip(f"the real corpora are not here: no folder {missing[0]} where SER_DATA points")
    return folder


@pytest.fixture(scope="session")
def originals(data_folder: Path) -> Path:
    """The publishers' own files of some clips, defects included; skips where they are missing."""
    folder = data_folder / "originals"
    if not folder.is_dir():
        pytest.skip("the publishers' original files are not here: no folder originals/ beside the corpora")
    return folder


@pytest.fixture(scope="session")
def real_table(data_folder: Path) -> pd.DataFrame:
    """The table of all real clips."""
    return read_corpora(["cremad", "ravdess", "savee", "tess"], data_folder)


@pytest.fixture(scope="session")
def synthetic_corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `SER_DATA` wants it: every speaker of the four corpora, each emotion once, 0.6 s a clip."""
    return write_corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="session")
def synthetic_table(synthetic_corpora: Path) -> pd.DataFrame:
    """The table of the synthetic corpora."""
    return read_corpora(data=synthetic_corpora)


@pytest.fixture(scope="session")
def clip_wav() -> bytes:
    """Two seconds of a synthetic voice as a WAV file."""
    return clip_bytes("happy", 2.0)


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """Two seconds of a synthetic voice [shape=(32000,), float32], peak 0.3."""
    return voice(2.0)
