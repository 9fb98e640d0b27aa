"""Names of files do not become formulas, whichever table they are saved in."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.examples import list_examples
from ser_core.presentation import to_csv
from ser_core.recogniser import Recogniser
from ser_core.spreadsheets import guarded, guarded_value
from tests.scripts.calling import call

EVIL = "=cmd|' /C calc'!A0.wav"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_only_texts_that_begin_a_formula_are_changed(start: str) -> None:
    assert guarded_value(f"{start}1+1") == f"'{start}1+1"
    assert guarded_value(f"a{start}") == f"a{start}"
    assert guarded_value(-1.5) == -1.5


def test_numbers_and_days_stay_what_they_are() -> None:
    table = pd.DataFrame({"n": [-1], "when": pd.to_datetime(["2026-11-22"]), "name": ["=x"]})
    safe = guarded(table)
    assert safe["name"].tolist() == ["'=x"]
    assert table["name"].tolist() == ["=x"]
    pd.testing.assert_frame_equal(safe[["n", "when"]], table[["n", "when"]])


def test_an_answer_as_csv_from_the_page_and_from_the_commands(tmp_path: Path) -> None:
    example = list_examples()[0].path
    answer = Recogniser.load("lite").predict(load_audio(example))
    assert pd.read_csv(io.StringIO(to_csv(answer, EVIL)))["path"].tolist() == [f"'{EVIL}"]
    assert pd.read_csv(io.StringIO(to_csv(answer, "a.wav")))["path"].tolist() == ["a.wav"]
    evil = tmp_path / "=1+1.wav"
    evil.write_bytes(example.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for command in (("predict.py", "=1+1.wav", "--csv"), ("features.py", "functionals", "=1+1.wav")):
            printed = call(*command)
            assert printed.returncode == 0, printed.stderr
            assert pd.read_csv(io.StringIO(printed.stdout))["path"].tolist() == ["'=1+1.wav"]
