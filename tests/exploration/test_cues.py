"""What recordings give away, on tables where the answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from ser_core.exploration import cues as module
from ser_core.exploration.acoustics import CUES
from ser_core.exploration.cues import CueResult, corpora_differ, cues_predict

EMOTIONS = ("neutral", "happy", "sad", "angry")


@pytest.fixture(autouse=True)
def _small_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TREES", 20)


def _table(shift_by_corpus: float, shift_by_emotion: float) -> pd.DataFrame:
    """Two corpora, eight speakers each, four emotions, five takes; cues of unit variance around the shifts."""
    rng = np.random.default_rng(0)
    rows = []
    for (place, corpus), speaker, (number, emotion), take in itertools.product(
        enumerate(("a", "b")), range(8), enumerate(EMOTIONS), range(5)
    ):
        centre = shift_by_corpus * place + shift_by_emotion * number
        cues = dict(zip(CUES, rng.normal(centre, 1, len(CUES)), strict=True))
        row = {"corpus": corpus, "clip": f"{speaker}-{emotion}-{take}", "speaker": str(speaker), "emotion": emotion}
        rows.append(row | cues)
    return pd.DataFrame(rows).astype(dict.fromkeys(["corpus", "clip", "speaker", "emotion"], "string"))


def _result(results: list[CueResult], corpus: str, target: str, source: str = "cues") -> CueResult:
    (found,) = [r for r in results if (r.corpus, r.target, r.source) == (corpus, target, source)]
    return found


def test_cues_that_tell_the_corpus_and_nothing_else() -> None:
    results = cues_predict(_table(4.0, 0.0))
    assert [(r.corpus, r.target, r.source) for r in results] == [
        ("all", "corpus", "cues"),
        ("all", "emotion", "cues"),
        ("all", "emotion", "corpus"),
        ("a", "emotion", "cues"),
        ("b", "emotion", "cues"),
    ]
    corpus, emotion = _result(results, "all", "corpus"), _result(results, "all", "emotion")
    assert corpus.uar > 0.95
    assert corpus.chance == 0.5
    assert "above chance" in corpus.words
    assert "which of the 2 corpora a clip is from" in corpus.words
    assert emotion.uar == pytest.approx(0.25, abs=0.08)
    assert "no more than chance" in emotion.words
    assert emotion.confusion.sum() == emotion.clips == 320
    assert (emotion.speakers, emotion.classes) == (16, ("neutral", "happy", "sad", "angry"))
    assert sum(corpus.importances.values()) == pytest.approx(1)


def test_cues_that_tell_the_emotion() -> None:
    results = cues_predict(_table(0.0, 3.0))
    assert _result(results, "a", "emotion").uar > 0.9
    assert _result(results, "all", "corpus").uar == pytest.approx(0.5, abs=0.08)


def test_a_speaker_is_never_on_both_sides() -> None:
    """Cues that are the speaker's alone must not help: each speaker has one emotion, and each its own place."""
    table = _table(0.0, 0.0)
    table["emotion"] = pd.Series(np.array(EMOTIONS)[table["speaker"].astype(int) % 4], dtype="string")
    rng = np.random.default_rng(1)
    everybody = sorted({*zip(table["corpus"], table["speaker"], strict=True)})
    places = {key: rng.normal(0, 30, len(CUES)) for key in everybody}
    keys = list(zip(table["corpus"], table["speaker"], strict=True))
    table[list(CUES)] = np.stack([places[key] for key in keys]) + rng.normal(0, 0.1, (len(table), len(CUES)))
    assert _result(cues_predict(table), "all", "emotion").uar < 0.5


def test_the_name_of_the_corpus_alone() -> None:
    table = _table(0.0, 0.0)
    table = table[(table["corpus"] == "a") | (table["emotion"] == "sad")].reset_index(drop=True)
    found = _result(cues_predict(table), "all", "emotion", "corpus")
    # b says sad, so that half of sad is right; a says one of its other three.
    assert found.uar == pytest.approx((1 + 0.5) / 4)
    assert found.words.startswith("The name of the corpus alone tells the emotion")


def test_it_is_deterministic_and_leaves_out_what_cannot_be_asked() -> None:
    table = _table(1.0, 0.5)
    first, second = (cues_predict(table, most=200) for _ in range(2))
    assert [r.uar for r in first] == [r.uar for r in second]
    assert first[0].clips == 200
    alone = table[table["corpus"] == "a"]
    assert [(r.corpus, r.target) for r in cues_predict(alone)] == [("a", "emotion")]
    assert cues_predict(alone[alone["speaker"] == "0"]) == []
    assert cues_predict(alone.assign(speaker=pd.NA)) == []
    assert cues_predict(alone.assign(level_dbfs=np.nan)) == []
    assert cues_predict(alone.iloc[:0]) == []


def test_how_corpora_differ() -> None:
    found = corpora_differ(_table(4.0, 0.0))
    assert len(found) == 2 * len(CUES)
    medians = found.pivot_table(index="cue", columns="group", values="median")
    assert ((medians["b"] - medians["a"]) > 3.5).all()
