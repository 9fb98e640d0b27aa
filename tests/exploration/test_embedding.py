"""Maps of clips: what lies together, that they are the same each time, and even samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from ser_core.audio import load_audio
from ser_core.bundle import checked_weights, find_bundle, load_card
from ser_core.errors import BundleError, CancelledError, CorpusError
from ser_core.exploration.embedding import bundle_vectors, map_clips, project
from ser_core.exploration.sampling import sample_evenly
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.residual_crnn import ResidualCRNN, ResidualCRNNConfig
from ser_core.scorers import load_embedder, load_scorer
from tests.synthetic import clip_bytes


def _clouds() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 40)
    centres = 10 * rng.normal(size=(3, 12))
    return centres[groups] + rng.normal(size=(120, 12)), groups


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_clouds_stay_together_and_the_map_is_the_same_each_time(method: str) -> None:
    vectors, groups = _clouds()
    places, shares = project(vectors, method, seed=1)  # type: ignore[arg-type]
    again, _ = project(vectors, method, seed=1)  # type: ignore[arg-type]
    np.testing.assert_array_equal(places, again)
    assert places.shape == (120, 2)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert np.mean(groups[distance.argmin(axis=1)] == groups) > 0.95
    assert (shares is None) == (method == "tsne")


def test_pca_against_the_singular_values() -> None:
    vectors, _ = _clouds()
    places, shares = project(vectors, "pca")
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    values = np.linalg.svd(scaled, compute_uv=False) ** 2
    np.testing.assert_allclose(shares, values[:2] / values.sum())
    np.testing.assert_allclose((places**2).sum(axis=0), values[:2])


def test_numbers_that_never_change_are_left_out() -> None:
    vectors, _ = _clouds()
    constant = np.column_stack([vectors, np.full(len(vectors), 7.0)])
    np.testing.assert_allclose(project(constant, "pca")[0], project(vectors, "pca")[0])
    assert not project(np.ones((5, 3)), "pca")[0].any()
    assert project(vectors[:4, :1], "tsne")[0].shape == (4, 2)


def test_a_map_of_functionals(known: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    found = map_clips(known, "pca", jobs=1)
    assert len(found.clips) == len(known)
    assert found.clips.columns.tolist() == [*known.columns, "x", "y"]
    assert found.explained is not None
    assert 0 < found.explained[1] <= found.explained[0] < 1
    monkeypatch.setattr("ser_core.exploration.embedding.project", None)
    pd.testing.assert_frame_equal(map_clips(known, "pca", jobs=1).clips, found.clips)
    monkeypatch.undo()
    few = map_clips(known, "tsne", most=10, jobs=1)
    assert len(few.clips) == 10
    assert few.explained is None


def test_a_damaged_kept_map_is_made_anew(known: pd.DataFrame, cache: object) -> None:
    first = map_clips(known, "pca", jobs=1)
    for path in (cache / "maps").iterdir():  # type: ignore[operator]
        path.write_bytes(b"no map")
    pd.testing.assert_frame_equal(map_clips(known, "pca", jobs=1).clips, first.clips)


def test_a_bundle_gives_its_own_view(known: pd.DataFrame) -> None:
    card = load_card(find_bundle("functionals-svm"))
    scorer = load_scorer(card, checked_weights(find_bundle("functionals-svm"), card))
    few = known.iloc[:4].reset_index(drop=True)
    vectors = bundle_vectors(few, "functionals-svm", jobs=1)
    np.testing.assert_allclose(vectors[2], scorer(load_audio(few["path"][2])), rtol=1e-5)
    assert len(map_clips(few, "pca", model="functionals-svm", jobs=1).clips) == 4


def test_errors(known: pd.DataFrame) -> None:
    with pytest.raises(BundleError, match="There is no model"):
        map_clips(known, model="nothing")
    with pytest.raises(CorpusError, match="at least three clips"):
        map_clips(known.iloc[:2], jobs=1)
    with pytest.raises(CancelledError):
        map_clips(known.iloc[2:6], jobs=1, cancelled=lambda: True)


def test_sampling_is_even_and_does_not_depend_on_the_order(synthetic_table: pd.DataFrame) -> None:
    rows = sample_evenly(synthetic_table, 112)
    assert len(rows) == len(set(rows)) == 112
    assert rows.tolist() == sorted(rows)
    chosen = synthetic_table.iloc[rows]
    sizes = chosen.groupby(["corpus", "emotion"]).size()
    assert len(sizes) == 6 + 8 + 7 + 7
    assert sizes["tess"].tolist() == [2] * 7  # all there are
    others = sizes.drop("tess")
    assert others.max() - others.min() <= 1
    shuffled = synthetic_table.sample(frac=1, random_state=1).reset_index(drop=True)
    assert set(shuffled.iloc[sample_evenly(shuffled, 112)]["path"]) == set(chosen["path"])
    assert set(synthetic_table.iloc[sample_evenly(synthetic_table, 112, seed=1)]["path"]) != set(chosen["path"])
    assert sample_evenly(synthetic_table, 10_000).tolist() == list(range(len(synthetic_table)))


def test_a_network_gives_what_its_last_layer_reads() -> None:
    config = ResidualCRNNConfig(n_mels=16, channels=(8, 8), hidden=8)
    network = ResidualCRNN(config).eval()
    card = load_card(find_bundle("functionals-svm"))
    card = card.model_copy(update={"front_end": LogMelConfig(n_mels=16), "model": config})
    weights = safetensors.torch.save(network.state_dict())
    waveform = load_audio(clip_bytes("sad", 1.0))
    vector = load_embedder(card, weights)(waveform)
    assert vector.shape == (4 * config.hidden,)
    with torch.inference_mode():
        logits = network.head(torch.from_numpy(vector)).numpy()
    np.testing.assert_allclose(logits, load_scorer(card, weights)(waveform), rtol=1e-4, atol=1e-5)
