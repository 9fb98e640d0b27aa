"""Bundles: those that ship load, damaged or hostile ones are refused with a sentence, nothing is unpickled."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import skops.io

from ser_core import bundle
from ser_core.audio import load_audio
from ser_core.bundle import CARD_NAME, checked_weights, find_bundle, list_bundles, load_card, write_bundle
from ser_core.emotions import EMOTIONS
from ser_core.errors import BundleError
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser
from ser_core.scorers import load_scorer

SHIPPED = ("lite", "functionals-svm")


@pytest.fixture(params=SHIPPED)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle that may be damaged."""
    return Path(shutil.copytree(find_bundle(request.param), tmp_path / request.param))


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD_NAME).read_text())
    change(card)
    (folder / CARD_NAME).write_text(json.dumps(card))


def _refused(folder: Path, part: str) -> None:
    with pytest.raises(BundleError, match=part) as caught:
        Recogniser.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_bundles_are_complete(name: str) -> None:
    card = load_card(list_bundles()[name])
    assert card.name == name
    assert card.labels == EMOTIONS
    further = {"leave-one-corpus-out"} if name == "lite" else set()
    assert set(card.evaluation) == {"ravdess-emobox", "cremad-evar", "savee-loso", "tess-loso"} | further
    assert {corpus.corpus for corpus in card.training_data} == {"cremad", "ravdess", "savee", "tess"}
    assert 0 < card.threshold < 1
    assert card.weights.bytes < 12_000_000
    assert len(checked_weights(list_bundles()[name], card)) == card.weights.bytes


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_evaluations_agree_with_their_confusion(name: str) -> None:
    for protocol, report in load_card(find_bundle(name)).evaluation.items():
        counts = report["confusion"]
        total = sum(map(sum, counts))
        assert total == sum(fold["n"] for fold in report["folds"]), protocol
        recalls = [row[place] / sum(row) for place, row in enumerate(counts)]
        assert report["uar"] == pytest.approx(sum(recalls) / len(recalls))
        assert report["wa"] == pytest.approx(sum(row[place] for place, row in enumerate(counts)) / total)
        assert report["uar_ci95"][0] <= report["uar"] <= report["uar_ci95"][1]


def test_lite_is_small() -> None:
    parameters = load_card(find_bundle("lite")).parameters
    assert parameters is not None
    assert parameters < 2_000_000


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(BundleError, match="lite"):
        find_bundle("no-such-model")


def test_own_bundles_are_found(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = copy.parent / "own"
    shutil.copytree(copy, own / "mine")
    monkeypatch.setenv("SER_MODELS", str(own))
    assert list_bundles()["mine"] == own / "mine"


def test_newer_format(copy: Path) -> None:
    _edit(copy, lambda card: card.update(format_version=99, surprise=1))
    _refused(copy, "format 99.*update the program")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format_version": "x"}', "\x00\xff"])
def test_damaged_card(copy: Path, text: str) -> None:
    (copy / CARD_NAME).write_text(text)
    _refused(copy, "damaged")


def test_card_that_is_no_text(copy: Path) -> None:
    (copy / CARD_NAME).write_bytes(b"\xff\xfe\x00")
    _refused(copy, "damaged")


@pytest.mark.parametrize("field", ["temperature", "front_end", "weights", "evaluation", "labels"])
def test_missing_or_wrong_field(copy: Path, field: str) -> None:
    _edit(copy, lambda card: card.update({field: -1}))
    _refused(copy, f"damaged at '{field}")


def test_sets_need_both_level_and_threshold(copy: Path) -> None:
    _edit(copy, lambda card: card.update({"set_level": 0.8, "set_threshold": None}))
    _refused(copy, "level of sets needs their threshold")


def test_a_card_of_an_earlier_version_promises_no_sets(copy: Path) -> None:
    later = ("temperature_slope", "set_level", "set_threshold")
    _edit(copy, lambda card: [card.pop(name, None) for name in later])
    card = load_card(copy)
    assert (card.temperature_slope, card.set_level, card.set_threshold) == (0.0, None, None)


def test_missing_weights(copy: Path) -> None:
    (copy / load_card(copy).weights.file).unlink()
    _refused(copy, "lacks its file")


def test_flipped_bit(copy: Path) -> None:
    path = copy / load_card(copy).weights.file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    _refused(copy, "damaged")


def test_weights_outside_the_folder(copy: Path) -> None:
    _edit(copy, lambda card: card["weights"].update(file="../" + card["weights"]["file"]))
    _refused(copy, "outside its folder")


def _swap(folder: Path, data: bytes) -> None:
    """Put other weights into a bundle, with a hash that fits."""
    card = load_card(folder)
    fields = {name: getattr(card, name) for name in type(card).model_fields if name != "weights"}
    write_bundle(folder, data, card.weights.file, fields)


def test_a_pickle_is_not_run(copy: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "run",))

    _swap(copy, pickle.dumps(Evil()))
    _refused(copy, "install (it|the model) again")
    assert not (tmp_path / "run").exists()


def test_foreign_types_in_skops_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("functionals-svm"), tmp_path / "svm"))
    _swap(folder, skops.io.dumps(shutil.rmtree))
    _refused(folder, "do not use it|cannot be read")


def test_skops_file_that_is_no_classifier(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("functionals-svm"), tmp_path / "svm"))
    _swap(folder, skops.io.dumps([1, 2, 3]))
    _refused(folder, "install (it|the model) again")


def test_network_of_another_shape(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("lite"), tmp_path / "lite"))
    _edit(folder, lambda card: card["model"].update(hidden=16))
    _refused(folder, "do not fit")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"front_end": {"kind": "log-mel", "n_mels": 40}}, "another number of bands"),
        ({"front_end": {"kind": "functionals"}}, "front end is not one that the model reads"),
        ({"model": {"kind": "k-nn"}}, "front end is not one that the model reads"),
        ({"model": {"kind": "cnn", "n_classes": 4}}, "another number of classes"),
        ({"labels": ["happy", "sad"], "bias": [0, 0]}, "another number of classes"),
        ({"bias": [0, 0]}, "another number of biases"),
        ({"model": {"kind": "oracle"}}, "oracle"),
    ],
)
def test_parts_that_do_not_fit_each_other(change: dict[str, Any], part: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("lite"), tmp_path / "lite"))
    _edit(folder, lambda card: card.update(change))
    _refused(folder, part)


def test_a_network_of_another_family(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("lite"), tmp_path / "lite"))
    _edit(folder, lambda card: card.update(model={"kind": "transformer"}))
    _refused(folder, "do not fit")


def test_network_that_claims_gigabytes(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_bundle("lite"), tmp_path / "lite"))
    _edit(folder, lambda card: card["model"].update(hidden=10**7))
    _refused(folder, "damaged at 'model")


@pytest.mark.parametrize("killed_at", ["write_card", "replace"])
def test_a_bundle_that_is_replaced_is_the_old_or_the_new_one_at_every_step(
    killed_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = load_card(find_bundle("lite")).model_dump(exclude={"weights", "onnx"})
    old, new, last = (bytes([number]) * 1000 for number in range(3))

    def write(weights: bytes) -> None:
        write_bundle(tmp_path / "m", weights, "weights.safetensors", fields)

    write(old)
    target = bundle if killed_at == "write_card" else Path
    original = getattr(target, killed_at)

    def killed(*arguments: Any) -> Any:
        if killed_at == "write_card" or arguments[0].name.endswith(".next"):
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(target, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            write(new)
    expected = old if killed_at == "write_card" else new
    assert checked_weights(tmp_path / "m", load_card(tmp_path / "m")) == expected
    with monkeypatch.context() as patch:  # a second kill must not cost what the first one left
        patch.setattr(bundle, "write_card", killed if killed_at == "write_card" else _killed)
        with pytest.raises(KeyboardInterrupt):
            write(last)
    assert checked_weights(tmp_path / "m", load_card(tmp_path / "m")) == expected
    write(last)
    assert checked_weights(tmp_path / "m", load_card(tmp_path / "m")) == last
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [CARD_NAME, "weights.safetensors"]


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("field", ["temperature", "temperature_slope", "threshold"])
def test_a_card_with_numbers_that_are_none_is_refused(copy: Path, field: str) -> None:
    for value in (float("nan"), float("inf")):
        _edit(copy, lambda card, value=value: card.update({field: value}))
        _refused(copy, f"damaged at '{field}'")


def test_weights_that_are_no_numbers_are_refused() -> None:
    card = load_card(find_bundle("lite"))
    tensors = safetensors.torch.load(checked_weights(find_bundle("lite"), card))
    tensors = {
        name: tensor * float("nan") if tensor.is_floating_point() else tensor for name, tensor in tensors.items()
    }
    with pytest.raises(BundleError, match="do not fit"):
        load_scorer(card, safetensors.torch.save(tensors))


def test_numbers_of_another_type_are_refused_and_those_that_overflow_when_used() -> None:
    card = load_card(find_bundle("lite"))
    whole = safetensors.torch.load(checked_weights(find_bundle("lite"), card))
    first = next(name for name, tensor in whole.items() if tensor.is_floating_point())
    with pytest.raises(BundleError, match="do not fit"):
        load_scorer(card, safetensors.torch.save(whole | {first: whole[first].int()}))
    huge = {name: tensor * 0 + 1e38 if tensor.is_floating_point() else tensor for name, tensor in whole.items()}
    model = Recogniser(card, load_scorer(card, safetensors.torch.save(huge)))
    with pytest.raises(BundleError, match="no numbers"):
        model.predict(load_audio(list_examples()[0].path))


def test_a_card_that_is_nested_too_deeply_to_be_written_again_is_refused(copy: Path) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    _edit(copy, lambda card: card.update(recipe={"a": deep}))
    _refused(copy, "nested too deeply")
