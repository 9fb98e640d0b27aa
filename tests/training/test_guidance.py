"""A head on an encoder, trained, shipped, teaching a small network and answering beside it: with a tiny encoder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy.special import softmax

from ser_core.audio import Waveform, load_audio
from ser_core.bundle import checked_weights, load_card, write_card
from ser_core.cards import card_page
from ser_core.corpora import read_corpora
from ser_core.errors import BundleError, EncoderError, RecipeError, TrainingError
from ser_core.explanation import explain
from ser_core.exports import export_bundle, export_onnx, import_bundle
from ser_core.features.logmel import LogMelConfig, log_mel
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoder_head import EncoderHeadConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.protocols import ALL, make_split
from ser_core.recogniser import Recogniser
from ser_core.scorers import load_scorer
from ser_core.training.data import TASKS
from ser_core.training.features import feature_sources, features_cached, load_features
from ser_core.training.guidance import guidance
from ser_core.training.job import train_folds
from ser_core.training.others import check_held_out, check_others
from ser_core.training.parts import (
    DistillationConfig,
    FilterConfig,
    OptimiserConfig,
    PartnerConfig,
    StartConfig,
    TasksConfig,
    VariantsConfig,
)
from ser_core.training.publish import publish_bundle, publish_run
from ser_core.training.recipe import NetworkRecipe, with_settings
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder
from tests.networks.tiny_encoders import WIDTH, tiny_encoder

pytest.importorskip("transformers")

PROTOCOL = "ravdess-emobox"
LEVELS = TASKS["intensity"]
VOTES = '"","A","D","F","H","N","S","fileName","numResponses"\n"100001",6,2,0,0,2,0,"{clip}",10\n'


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    tiny_encoder("whisper", folder)
    return folder


@pytest.fixture(scope="module")
def teacher(synthetic_corpora: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """Fold 0 of a head of two members; runs and cache of the whole module lie beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_DATA", str(synthetic_corpora))
        patch.setenv("SER_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        recipe = NetworkRecipe(
            name="teacher",
            corpora=("ravdess",),
            front_end=EncoderConfig(encoder=str(encoder), layers=(1, 2), width=WIDTH),
            network=EncoderHeadConfig(members=2, hidden=8, n_layers=2, width=WIDTH),
            variants=VariantsConfig(kinds=("voice",), probability=0.5),
            optimiser=OptimiserConfig(epochs=2, batch_size=32),
        )
        yield _train(recipe)


def _train(recipe: NetworkRecipe, protocol: str = PROTOCOL) -> RunFolder:
    table, store = load_features(recipe)
    run = RunFolder.open(recipe, protocol)
    train_folds(run, recipe, protocol, table, store, folds=[0])
    return run


def _pupil(**changes: object) -> NetworkRecipe:
    recipe = NetworkRecipe(
        name="pupil",
        corpora=("ravdess",),
        front_end=LogMelConfig(n_mels=24),
        network=ResidualCRNNConfig(n_mels=24, channels=(8,), hidden=8),
        optimiser=OptimiserConfig(epochs=1, batch_size=32),
    )
    return recipe.model_copy(update=changes)


def test_a_head_becomes_a_bundle_that_answers_as_it_was_trained(teacher: RunFolder, tmp_path: Path) -> None:
    card = publish_run(teacher, tmp_path / "head")
    assert isinstance(card.front_end, EncoderConfig)
    assert len(card.front_end.fingerprint) == 32
    frame = teacher.predictions(0)
    table = read_corpora(("ravdess",))
    clip = frame[frame["part"] == "test"].iloc[0]
    sound = load_audio(table.set_index("clip").loc[clip["clip"], "path"])
    model = Recogniser.load(tmp_path / "head")
    ranked = list(model.predict(sound).probabilities.values())
    scores = model._calibration.scores(clip[[f"logit_{label}" for label in card.labels]].to_numpy(float)[None])[0]
    np.testing.assert_allclose(ranked, np.exp(scores) / np.exp(scores).sum(), atol=2e-3)
    (array,) = (one.array for one in model.inputs(sound))
    assert array.shape[0] == 2 * WIDTH
    with pytest.raises(BundleError, match="reads the encoder"):
        export_onnx(tmp_path / "head")
    tiny_encoder("whisper", tmp_path / "other", seed=1)
    body = card.front_end.model_copy(update={"encoder": str(tmp_path / "other")})
    write_card(tmp_path / "head", card.model_copy(update={"front_end": body}))
    with pytest.raises(EncoderError, match="other weights"):
        Recogniser.load(tmp_path / "head")


def _with_partner(teacher: RunFolder, partner: str, **changes: object) -> NetworkRecipe:
    recipe = NetworkRecipe.model_validate(teacher.read()["recipe"])
    return recipe.model_copy(update={"name": "both", "partner": PartnerConfig(recipe=partner, share=0.25)} | changes)


def _test_clip(run: RunFolder) -> tuple[pd.Series, Waveform]:
    frame = run.predictions(0)
    clip = frame[frame["part"] == "test"].iloc[0]
    return clip, load_audio(read_corpora(("ravdess",)).set_index("clip").loc[clip["clip"], "path"])


def test_partners_answer_together_in_training_and_in_use(teacher: RunFolder, tmp_path: Path) -> None:
    pupil = _train(_pupil(name="beside"))
    run = _train(_with_partner(teacher, "beside"))
    alone, beside, both = (one.predictions(0)[LOGIT_COLUMNS].to_numpy() for one in (teacher, pupil, run))
    np.testing.assert_allclose(both, 0.75 * alone + 0.25 * beside, rtol=1e-4, atol=1e-4)
    run.fold(1)  # begun, and without a partner yet: the finished one can be used
    card = publish_run(run, tmp_path / "both")
    assert card.partner is not None
    assert card.parameters == sum(publish_run(one, tmp_path / one.name).parameters or 0 for one in (teacher, pupil))
    clip, sound = _test_clip(run)
    model = Recogniser.load(tmp_path / "both")
    answer = model.predict(sound)
    scores = model._calibration.scores(clip[[f"logit_{label}" for label in card.labels]].to_numpy(float)[None])
    np.testing.assert_allclose(list(answer.probabilities.values()), softmax(scores)[0], atol=2e-3)
    assert explain(model, sound).probability == pytest.approx(answer.confidence, abs=1e-6)
    assert "beside it" in card_page(card)
    (read,) = model.inputs(sound)
    assert read.partner is not None
    np.testing.assert_array_equal(read.partner.array, log_mel(sound, LogMelConfig(n_mels=24)))
    copy = import_bundle(export_bundle(tmp_path / "both"), tmp_path / "copy")
    assert Recogniser.load(tmp_path / "copy").predict(sound).probabilities == answer.probabilities
    with pytest.raises(BundleError, match="do not fit"):
        load_scorer(copy.model_copy(update={"partner": None}), checked_weights(tmp_path / "copy", copy))
    with pytest.raises(BundleError, match="do not fit"):
        load_scorer(copy, checked_weights(tmp_path / teacher.name, load_card(tmp_path / teacher.name)))


def test_a_partner_may_read_an_encoder(teacher: RunFolder, tmp_path: Path) -> None:
    run = _train(_with_partner(teacher, "teacher", name="heads"))
    alone, both = (one.predictions(0)[LOGIT_COLUMNS].to_numpy() for one in (teacher, run))
    np.testing.assert_allclose(both, alone, rtol=1e-4, atol=1e-4)  # the same head twice
    publish_run(teacher, tmp_path / "head")
    card = publish_run(run, tmp_path / "heads")
    assert card.partner is not None
    assert card.partner.front_end == card.front_end  # with the fingerprint of the encoder
    _, sound = _test_clip(run)
    model, single = (Recogniser.load(folder) for folder in (tmp_path / "heads", tmp_path / "head"))
    np.testing.assert_allclose(
        list(model.predict(sound).probabilities.values()), list(single.predict(sound).probabilities.values()), atol=1e-6
    )


def test_a_partner_with_other_clips_is_refused(teacher: RunFolder) -> None:
    _train(_pupil(name="fewer", filters=FilterConfig(emotions=("happy", "sad"))))
    refused = {"fewer": "on the same clips", "nobody": "'both' builds on 'nobody'"}
    for name, words in refused.items():
        with pytest.raises(TrainingError, match=words):
            check_others(_with_partner(teacher, name), PROTOCOL, [0])
    with pytest.raises(TrainingError, match="same corpora"):
        check_others(_pupil(distillation=DistillationConfig(teacher="teacher"), corpora=("savee",)), PROTOCOL, [0])
    with pytest.raises(RecipeError, match="on an encoder"):
        with_settings(_pupil(), {"partner": {"recipe": "teacher"}})
    with pytest.raises(TrainingError, match="not finished fold 0"):  # before anything is trained
        _train(_with_partner(teacher, "nobody", name="both-nobody"))


def test_what_ships_has_the_partner_that_was_measured(teacher: RunFolder, tmp_path: Path) -> None:
    recipe = _with_partner(teacher, "shipping", name="shipped")
    for protocol in (PROTOCOL, ALL):
        _train(_pupil(name="shipping"), protocol)
    held_out, final = _train(recipe), _train(recipe, ALL)
    card = publish_run(final, tmp_path / "of-all", table=read_corpora(("ravdess",)))
    assert card.partner is not None
    other = final.path / "fold-0" / "partner.json"
    other.write_text(other.read_text().replace('"learning_rate": 0.001', '"learning_rate": 0.002'))
    with pytest.raises(TrainingError, match="another partner"):
        publish_bundle(tmp_path / "no", recipe, final, held_out, read_corpora(("ravdess",)))


def test_features_are_of_the_clips_and_of_their_versions(teacher: RunFolder) -> None:
    recipe = NetworkRecipe.model_validate(teacher.read()["recipe"])
    assert len(feature_sources(recipe)) == 2
    assert len(feature_sources(recipe, versions=False)) == 1
    assert features_cached(recipe, read_corpora(("ravdess",)))
    assert not features_cached(_pupil(front_end=LogMelConfig(n_mels=20)), read_corpora(("cremad",)))


def test_the_teacher_answers_for_what_is_trained_on_alone(teacher: RunFolder) -> None:
    recipe = _pupil(distillation=DistillationConfig(teacher="teacher", weight=0.6))
    table = read_corpora(("ravdess",))
    split = make_split(table, PROTOCOL, 0)
    found = guidance(recipe, table, split.train, PROTOCOL, 0)
    others = np.setdiff1d(np.arange(len(table)), split.train)
    assert not found.shares[others].any()
    assert not found.trust[others].any()
    assert found.vectors.shape == (len(table), 0)
    np.testing.assert_allclose(found.trust[split.train], 0.6)
    np.testing.assert_allclose(found.shares[split.train].sum(1), 1, atol=1e-5)
    assert found.shares[split.train].std(0).min() > 0


def test_the_teachers_vectors_keep_their_main_directions(teacher: RunFolder) -> None:
    recipe = _pupil(distillation=DistillationConfig(teacher="teacher", vectors=1.0, directions=3))
    table = read_corpora(("ravdess",))
    split = make_split(table, PROTOCOL, 0)
    vectors = guidance(recipe, table, split.train, PROTOCOL, 0).vectors
    assert vectors.shape == (len(table), 3)
    assert not vectors[np.setdiff1d(np.arange(len(table)), split.train)].any()
    kept = vectors[split.train].astype(float)
    assert (kept**2).mean() == pytest.approx(1, rel=1e-3)
    covariance = np.cov(kept.T)
    assert np.all(np.diff(np.diag(covariance)) < 0)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-3)


@pytest.mark.parametrize(("protocol", "fold"), [("joint", 0), (PROTOCOL, 1)])
def test_a_teacher_that_may_have_heard_the_test_speakers_is_refused(
    teacher: RunFolder, protocol: str, fold: int
) -> None:
    recipe = _pupil(distillation=DistillationConfig(teacher="teacher"))
    table = read_corpora(("ravdess",))
    check_others(recipe, PROTOCOL, [0])
    with pytest.raises(TrainingError, match="under protocol .* first"):
        check_others(recipe, protocol, [fold])
    with pytest.raises(TrainingError, match="under protocol .* first"):
        guidance(recipe, table, np.arange(4), protocol, fold)


def test_a_teacher_of_other_labels_is_refused(teacher: RunFolder) -> None:
    recipe = with_settings(_pupil(distillation=DistillationConfig(teacher="teacher")), {"labels": 4})
    assert isinstance(recipe, NetworkRecipe)
    with pytest.raises(TrainingError, match="same label set"):
        guidance(recipe, read_corpora(("ravdess",)), np.arange(4), PROTOCOL, 0)


def test_listeners_of_a_clip_count_beside_its_label(
    synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    table = read_corpora(("cremad",))
    monkeypatch.setenv("SER_DATA", str(tmp_path))
    (tmp_path / "cremad").mkdir()
    (tmp_path / "cremad/tabulatedVotes.csv").write_text(VOTES.format(clip=table["clip"].iloc[2]))
    found = guidance(_pupil(listeners=0.4), table, np.arange(5), "cremad-evar", 0)
    assert found.trust.tolist() == [0, 0, pytest.approx(0.4)] + [0] * (len(table) - 3)
    assert found.shares[2].tolist() == pytest.approx([0.2, 0, 0, 0, 0.6, 0, 0.2, 0])


def test_what_is_told_beside_the_emotion_is_of_what_is_trained_on_alone(
    synthetic_corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    table = read_corpora(("ravdess", "savee"))
    said = itertools.islice(itertools.cycle([*LEVELS, None]), (len(table) + 1) // 2)
    table["intensity"] = pd.Series([word for one in said for word in (one, "high")][: len(table)], dtype="string")
    train = np.arange(0, len(table), 2)
    found = guidance(_pupil(tasks=TasksConfig(sex=0.1, intensity=0.2)), table, train, PROTOCOL, 0).tasks
    assert (found[1::2] == -1).all()
    assert (found[train, 0] == (table["sex"].to_numpy(object) == "male")[train]).all()
    levels = [LEVELS.get(word, -1) for word in table["intensity"].iloc[train].fillna("not said")]
    assert found[train, 1].tolist() == levels
    assert len(set(levels)) == 4
    assert (guidance(_pupil(), table, train, PROTOCOL, 0).tasks == -1).all()


def test_what_is_told_beside_the_emotion_changes_what_is_learnt(teacher: RunFolder) -> None:
    lessons = {"plain": TasksConfig(), "sexes": TasksConfig(sex=1.0), "strengths": TasksConfig(intensity=1.0)}
    angry = [_train(_pupil(name=name, tasks=given)).predictions(0)["logit_angry"] for name, given in lessons.items()]
    for one, other in itertools.combinations(angry, 2):
        assert not np.allclose(one, other)
    with pytest.raises(RecipeError, match="must be 'log-mel'"):
        with_settings(NetworkRecipe.model_validate(teacher.read()["recipe"]), {"tasks.sex": 1})


def test_a_training_begins_with_the_weights_of_another(teacher: RunFolder, tmp_path: Path) -> None:
    first = _train(_pupil(name="first"))
    still = OptimiserConfig(epochs=1, batch_size=8, learning_rate=1e-9)
    second = _train(_pupil(name="second", start=StartConfig(recipe="first"), seed=5, optimiser=still))
    begun, gone_on = (load_file(run.fold(0) / "weights.safetensors") for run in (first, second))
    learnt = [name for name in begun if name.endswith(("weight", "bias"))]
    for name in learnt:
        np.testing.assert_allclose(gone_on[name], begun[name], atol=1e-6, err_msg=name)
    random = load_file(_train(_pupil(name="third", seed=5, optimiser=still)).fold(0) / "weights.safetensors")
    assert not np.allclose(random["head.weight"], begun["head.weight"], atol=1e-3)
    mixed = StartConfig(recipe="first", kept=0.5)
    fast = still.model_copy(update={"learning_rate": 1e-2})
    far, near = (
        load_file(_train(_pupil(name=name, start=given, optimiser=fast)).fold(0) / "weights.safetensors")
        for name, given in (("far", StartConfig(recipe="first")), ("near", mixed))
    )
    for name in learnt:
        np.testing.assert_allclose(near[name], (far[name] + begun[name]) / 2, atol=1e-6, err_msg=name)
    used = publish_run(second, tmp_path / "second", table=read_corpora(("ravdess",)))
    assert "train.py first --protocol" in card_page(used)


def test_what_cannot_be_begun_with_is_refused(teacher: RunFolder) -> None:
    _train(_pupil(name="begun"))
    with pytest.raises(TrainingError, match="'later' builds on 'nobody'"):
        _train(_pupil(name="later", start=StartConfig(recipe="nobody")))
    with pytest.raises(TrainingError, match="not finished fold 1"):
        check_others(_pupil(start=StartConfig(recipe="begun")), PROTOCOL, [1])
    with pytest.raises(TrainingError, match="front end and network must be the same"):
        check_others(_pupil(start=StartConfig(recipe="teacher")), PROTOCOL, [0])
    with pytest.raises(TrainingError, match="train both on the same clips"):
        check_others(_pupil(start=StartConfig(recipe="begun"), filters=FilterConfig(sex="female")), PROTOCOL, [0])
    with pytest.raises(RecipeError, match="a start cannot search"):
        with_settings(_pupil(start=StartConfig(recipe="begun")), {"search": {"optimiser.learning_rate": [1e-3, 1e-2]}})


@pytest.mark.parametrize("lesson", ["teacher", "start"])
def test_what_held_other_speakers_out_is_not_built_on(teacher: RunFolder, lesson: str) -> None:
    named = {"teacher": DistillationConfig(teacher="teacher"), "start": StartConfig(recipe="earlier")}
    recipe = _pupil(name=f"cautious-{lesson}", **{"distillation" if lesson == "teacher" else lesson: named[lesson]})
    run = teacher if lesson == "teacher" else _train(_pupil(name="earlier"))
    table = read_corpora(("ravdess",))
    check_held_out(recipe, table, PROTOCOL, 0)
    path = run.fold(0) / "predictions.parquet"
    kept = pd.read_parquet(path)
    try:
        kept.assign(speaker=kept["speaker"].replace({kept["speaker"].iloc[-1]: "99"})).to_parquet(path)
        with pytest.raises(TrainingError, match="held other speakers out"):
            _train(recipe)
    finally:
        kept.to_parquet(path)
    check_held_out(recipe, table, PROTOCOL, 0)


def test_a_pupil_learns_from_the_teacher(teacher: RunFolder) -> None:
    answers = DistillationConfig(teacher="teacher", weight=0.8)
    lessons = {"alone": None, "answers": answers, "vectors": answers.model_copy(update={"vectors": 1.0})}
    angry = [
        _train(_pupil(name=name, distillation=given)).predictions(0)["logit_angry"] for name, given in lessons.items()
    ]
    for one, other in itertools.combinations(angry, 2):
        assert not np.allclose(one, other)
