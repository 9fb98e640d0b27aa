"""What `scripts/evaluate.py` says in words."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ser_core.evaluation.report import evaluate_predictions
from tests.evaluation.simulated import answers

PROJECT = Path(__file__).resolve().parents[2]


def test_words_about_people_and_corpora(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    command = importlib.import_module("evaluate")
    frames = [answers(corpus, 4, 70, skill=np.array([1, 1, 0.3, 1])) for corpus in ("savee", "tess")]
    frames[0].loc[frames[0]["speaker"] == "03", "logit_sad"] = 9.0
    report = evaluate_predictions("leave-one-corpus-out", frames)
    command._print_words(report)
    words = capsys.readouterr().out
    assert "on tess, never heard: UAR 0." in words
    assert "mostly get one answer: 1 of 8; the nearest to it is savee/03 with 100 % sad" in words
    gap = report["people"]["sex"]["gap"]
    assert gap > 0
    assert f"; gap {gap:+.3f} [" in words
    old = {name: value for name, value in report.items() if name not in ("people", "one_answer_speakers")}
    command._print_words(old)  # a card of an older version
    assert "mostly" not in capsys.readouterr().out
