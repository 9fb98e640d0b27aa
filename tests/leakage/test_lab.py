"""The mistakes inflate scores where voices matter, and honest experiments do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform
from ser_core.emotions import EMOTIONS, class_indices
from ser_core.errors import CancelledError, ProtocolError
from ser_core.features.functionals import FunctionalsConfig, functional_vector
from ser_core.leakage.copies import CopyConfig, copy_functionals
from ser_core.leakage.lab import LabData, _few_speakers, load_lab, run_lab
from ser_core.leakage.words import EXPLANATIONS, HONEST, REFERENCES, TITLES
from tests.synthetic import voice

LABELS = ("neutral", "happy", "sad", "angry")


def _data(speakers: int = 10, each: int = 12, idiosyncrasy: float = 2.0) -> LabData:
    """Return features in which each speaker shows emotions in a way of their own, besides a common one."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "corpus": "mine",
            "speaker": np.repeat([f"s{k:02d}" for k in range(speakers)], each * len(LABELS)),
            "emotion": list(LABELS) * (speakers * each),
        }
    ).astype("string")
    table["clip"] = pd.Series([f"c{k}" for k in range(len(table))], dtype="string")
    table = table.assign(sex=np.where(table["speaker"].str[-1].astype(int) % 2, "male", "female"), song=False)
    target = class_indices(table["emotion"].tolist())
    person = table["speaker"].str[1:].astype(int).to_numpy()
    common, own = rng.normal(size=(len(EMOTIONS), 20)), rng.normal(size=(speakers, len(EMOTIONS), 20))
    features = 0.4 * common[target] + idiosyncrasy * own[person, target] + 1.5 * rng.normal(size=(len(table), 20))
    copies = features + 0.1 * rng.normal(size=features.shape)
    return LabData(table, features.astype(np.float32), copies.astype(np.float32), target)


@pytest.fixture(scope="module")
def experiments() -> dict:
    report = run_lab("mine", seeds=2, data=_data())
    assert (report.clips, report.speakers, report.classes, report.chance) == (480, 10, 4, 0.25)
    return {entry.name: entry for entry in report.experiments}


def test_all_experiments_are_there_in_order_with_words(experiments: dict) -> None:
    assert list(experiments) == list(TITLES) == list(EXPLANATIONS)
    for name, entry in experiments.items():
        assert len(entry.explanation) > 80
        assert len(entry.seeds) == 2
        assert entry.uar_ci95[0] <= entry.uar <= entry.uar_ci95[1]
        assert entry.honest == (name in HONEST)
        if name in REFERENCES:
            assert entry.gain == pytest.approx(entry.uar - experiments[REFERENCES[name]].uar)
            assert REFERENCES[name] in HONEST


def test_hearing_the_speakers_inflates_and_hearing_the_copies_more(experiments: dict) -> None:
    assert experiments["random"].gain > 0.2
    assert experiments["random"].gain_ci95[0] > 0.1
    assert experiments["augmented-before"].uar > experiments["random"].uar
    assert experiments["augmented-before"].gain_ci95[0] > 0.1


def test_choosing_the_epoch_on_the_test_never_loses(experiments: dict) -> None:
    assert experiments["epoch-test"].gain > 0


def test_a_scaler_on_all_clips_hardly_matters(experiments: dict) -> None:
    assert abs(experiments["scaler"].gain) < 0.05


def test_without_ways_of_their_own_a_random_split_gains_little() -> None:
    report = run_lab("mine", seeds=1, data=_data(idiosyncrasy=0.0))
    found = {entry.name: entry for entry in report.experiments}
    assert abs(found["random"].gain) < 0.08
    assert found["augmented-before"].gain > 0.1  # copies give the answer away all the same


def test_the_same_seed_gives_the_same_report_and_it_can_be_stopped() -> None:
    data = _data(speakers=4, each=4)
    seen: list[tuple[int, int]] = []
    first = run_lab("mine", seeds=1, data=data, progress=lambda done, total: seen.append((done, total)))
    assert first == run_lab("mine", seeds=1, data=data)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(CancelledError):
        run_lab("mine", data=data, cancelled=lambda: True)


def test_large_corpora_are_cut_to_whole_speakers() -> None:
    table = pd.DataFrame({"speaker": np.repeat([f"s{k}" for k in range(60)], 50)})
    kept = _few_speakers(table)
    assert len(kept) == 2000
    assert set(kept["speaker"].value_counts()) == {50}
    with pytest.raises(ProtocolError, match="at least two speakers"):
        _few_speakers(pd.DataFrame({"speaker": ["only"] * 5}))


def test_a_copy_is_near_its_clip_and_repeats() -> None:
    waveform = Waveform(voice(1.5))
    copy = copy_functionals(waveform, CopyConfig())
    np.testing.assert_array_equal(copy, copy_functionals(waveform, CopyConfig()))
    plain = functional_vector(waveform, FunctionalsConfig())
    assert copy.shape == plain.shape
    assert not np.array_equal(copy, plain)
    assert not np.array_equal(copy, copy_functionals(waveform, CopyConfig(seed=1)))


def test_a_corpus_on_disk_is_read_and_its_copies_made(synthetic_corpora, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    data = load_lab("savee")
    assert len(data.table) == len(data.features) == len(data.copies) == len(data.target) == 28
    assert np.isfinite(data.copies).all()
    assert data.features.shape == data.copies.shape
