"""The notebooks: kept clean, without logic of their own, and run from top to bottom on the synthetic corpus."""

from __future__ import annotations

import ast
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))
_LOGIC = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If)


def _cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == kind]


@pytest.fixture(scope="module", autouse=True)
def no_corpus(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "RUNS", "CACHE"):
            patch.setenv(f"SER_{name}", str(tmp_path_factory.mktemp(name.lower())))
        patch.delenv("SER_MODELS", raising=False)
        patch.setattr("ser_core.features.store._WORKER_BYTES", 1 << 30)  # starting workers would take seconds
        patch.setattr(sys, "path", list(sys.path))
        # IPython is not needed for tests; what the notebooks take of it is a player.
        display = types.SimpleNamespace(Audio=lambda samples, rate: (len(samples), rate))
        patch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=display))
        patch.setitem(sys.modules, "IPython.display", display)
        yield


def test_there_are_three() -> None:
    assert [path.name[0] for path in BOOKS] == ["1", "2", "3"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_stored_without_outputs_and_without_logic(path: Path) -> None:
    for cell in _cells(path):
        assert cell["outputs"] == [], cell["id"]
        assert cell["execution_count"] is None, cell["id"]
        logic = [node for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, _LOGIC)]
        assert not logic, f"{cell['id']}: put it into ser_core"


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in _cells(path):
        code = compile("".join(cell["source"]), f"{path.name}, {cell['id']}", "exec")
        exec(code, names)
    assert names["CORPUS"] == "synthetic"
    if path.stem.startswith("3"):
        heard, never = (names[name].metrics["uar"].value for name in ("rosy", "true"))
        assert heard > never + 0.05, "the leak, which the notebook is about, is not to be seen"
        assert "shares speaker" in capsys.readouterr().out
