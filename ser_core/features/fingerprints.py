"""Names for what features depend on: the bytes of a file, and the settings and the code of a function."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ser_core.errors import CorpusError
from ser_core.files import write_text

_MEMO = "content.json"
#: Most files whose hash is remembered; a line takes about 150 bytes.
_MOST = 300_000
#: A file changed less than this before it was hashed may change again within the same tick of the file system's clock.
_FRESH_NS = 2_000_000_000

_PACKAGE = Path(__file__).resolve().parents[1]
#: Modules that features import and that cannot change a number of theirs.
_NO_FORMULA = ("errors", "files", "settings", "corpora", "features.store", "features.shards", "features.fingerprints")


def content_hashes(paths: Sequence[str], folder: Path) -> list[str]:
    """Return the SHA-256 of each file's bytes as hexadecimal digits, an empty text for one that may not be read.

    A file whose path, size and times of change are as they were is not read again: they are remembered in a small
    file in *folder*, which may be missing, damaged or out of reach without any harm but the time.

    Raises
    ------
    CorpusError
        If a file is gone; the message names it.
    """
    memo = _read_memo(folder / _MEMO)
    hashes, news = [], {}
    for path in paths:
        place = path if os.path.isabs(path) else os.path.abspath(path)
        try:
            status = os.stat(path)
            known = memo.get(place)
            stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
            if isinstance(known, list) and known[:3] == stamp:
                hashes.append(str(known[3]))
                continue
            before = time.time_ns()
            with open(path, "rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
            if max(status.st_mtime_ns, status.st_ctime_ns) < before - _FRESH_NS:
                news[place] = [*stamp, hashes[-1]]
        except FileNotFoundError as error:
            raise CorpusError(f"The clip {path} is no longer there: read the corpus again.") from error
        except OSError:
            hashes.append("")
    if news:
        _write_memo(folder / _MEMO, memo | news)
    return hashes


def function_key(function: Callable[..., object], config: BaseModel, dtype: str) -> tuple[str, str]:
    """Return two names: of the function with its settings and type of numbers, and of its code.

    The code is that of the function's module and of all modules of this package that it imports, directly or not,
    without comments and docstrings. Formulas of other packages are pinned, and so left out.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    content = json.dumps([name, dtype, config.model_dump(mode="json")], sort_keys=True)
    return f"{function.__name__.strip('_')}-{_digest(content)}", _code_key(function.__module__)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_memo(path: Path) -> dict[str, Any]:
    try:
        memo = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(memo, dict):
        return {}
    return memo


def _write_memo(path: Path, memo: dict[str, Any]) -> None:
    kept = list(memo.items())[-_MOST:]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(dict(kept)))
    except OSError:  # hashing again next time is all that it costs
        pass


@functools.cache
def _code_key(module: str) -> str:
    trees = {path: ast.parse(path.read_bytes()) for path in code_files(module)}
    return _digest("\n".join(ast.dump(_without_docstrings(trees[path])) for path in sorted(trees)))


def code_files(module: str) -> set[Path]:
    """Return the file of an imported module, and those of all modules of this package that it needs for a formula."""
    start = getattr(sys.modules[module], "__file__", None)
    waiting, found = [Path(start)] if start else [], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(ast.parse(path.read_bytes()))
    return found


def _imported(tree: ast.AST) -> Iterator[Path]:
    """Yield the files of this package that a module imports, also within functions."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            package, _, rest = name.partition(".")
            if package != _PACKAGE.name or any(f"{rest}.".startswith(f"{other}.") for other in _NO_FORMULA):
                continue
            place = _PACKAGE.joinpath(*rest.split("."))
            yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return tree
