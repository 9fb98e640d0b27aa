"""Hand in hundreds of hostile files, and see that each ends in one sentence: no traceback, no crash, no hang.

python scripts/hostile.py --out FOLDER      # write them, the same bytes each time
python scripts/hostile.py --check           # throw them at everything that reads strangers' files
python scripts/hostile.py --check --short   # about forty of them
python scripts/hostile.py --check --only bundle-name-0 --verbose

Each goes through every door of its kind in a process of its own. It passes when it ends as expected (one of this
package's errors; an answer where the file is merely odd), within 2 s of processor time (`--seconds`, for machines that
are slow) and 500 MB more memory, and leaves no file behind. Processor time, since other work on the machine must not
decide; a hang is a fault anyway.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cli
import numpy as np
from cli import FAILED, FINE

_SEED = 9
_MOST_MB = 500.0
#: Every so many cases are in the short form, and of the sounds in the page's sample.
_SHORT, _PAGES = 16, 25


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="hostile.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the files into this folder")
    parser.add_argument("--check", action="store_true", help="hand them in")
    parser.add_argument("--short", action="store_true", help="about forty of them")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="cases whose name begins so")
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time that each may take")
    parser.add_argument("--verbose", action="store_true", help="a line for each, not only for those that fail")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.out and not options.check:
        parser.error("say --out FOLDER, --check or both")
    with tempfile.TemporaryDirectory(prefix="hostile-") as place:
        _own_places(Path(place))
        cases = list(_chosen(options))
        if options.out:
            _write(cases, options.out)
        return _check(cases, Path(place), options) if options.check else FINE


def _own_places(place: Path) -> None:
    """Let nothing of this machine's own models, runs and caches be read or written."""
    for name in ("DATA", "RUNS", "CACHE", "MODELS"):
        os.environ[f"SER_{name}"] = str(place / name.lower())
    os.environ["TMPDIR"] = str(place / "tmp")
    (place / "tmp").mkdir()
    tempfile.tempdir = None


def _chosen(options: argparse.Namespace) -> Iterator[Any]:
    from bad import damage, heads, models, requests, texts

    rng, number = np.random.default_rng(_SEED), 0
    for module in (damage, heads, texts, models, requests):
        for case in module.cases(rng):
            number += 1
            if options.only:
                if case.name.startswith(tuple(options.only)):
                    yield case
            elif not options.short or (number % _SHORT == 0 and not _heavy(case)):
                yield case


def _heavy(case: Any) -> bool:
    return any(callable(data) or len(data) > 2_000_000 for data in case.files.values())


def _write(cases: list[Any], folder: Path) -> None:
    index = []
    for case in cases:
        for name, data in case.made().items():
            path = folder / case.group / case.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        facts = {"called": case.called.encode("utf-8", "replace").decode(), **case.facts}
        index.append({"name": case.name, "group": case.group, "expect": case.expect, **facts})
    (folder / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    print(f"{len(cases)} hostile inputs were written to {folder}.", file=sys.stderr)


def _check(cases: list[Any], place: Path, options: argparse.Namespace) -> int:
    from bad.case import ANSWER
    from bad.doors import CHILD, DOORS, PAGE, client, lite

    lite()
    client().get("/health")
    pages = [case for case in cases if case.group == "sound" and not _heavy(case)][:: 10 if options.short else _PAGES]
    if pages:
        _warm_the_page(place)
    rows = []
    show = cli.progress("handed in")
    for number, case in enumerate(cases, 1):
        files = case.made()
        doors = DOORS[case.group] | ({"page": PAGE, "child": CHILD} if case in pages else {})
        if case.expect != ANSWER:
            doors.pop("call", None)  # it reads sound as the door "stream" does, and adds the model
        for name, door in doors.items():
            row = _row(case, name, functools.partial(door, case, files), place, options.seconds)
            rows.append(row)
            if row["fault"] or options.verbose:
                _print(row)
        if show:
            show(number, len(cases))
    return _report(cases, rows, options)


def _warm_the_page(place: Path) -> None:
    """Import what the app imports, so that children have it."""
    import streamlit.testing.v1  # noqa: F401
    from bad.case import sound
    from bad.doors import PAGE
    from bad.encoded import spoken
    from bad.limited import attempt

    import pages.parts.inputs  # noqa: F401

    warm = functools.partial(PAGE, sound("warm", spoken("wav")), {"a.wav": spoken("wav")}, place)
    attempt(warm, place)


def _row(case: Any, door: str, work: Any, place: Path, seconds: float) -> dict[str, Any]:
    from bad.limited import attempt

    scratch = Path(tempfile.mkdtemp(dir=place))
    before = _listing(place, scratch)
    try:
        bound = functools.partial(work, scratch)
        outcome = attempt(bound, scratch)
        row = {"case": case.name, "group": case.group, "door": door, "expect": case.expect} | vars(outcome)
        left = sorted(_listing(place, scratch) - before)
        row["fault"] = _fault(case, door, outcome, left, seconds)
        return row
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for name in ("runs", "models", "cache"):
            shutil.rmtree(place / name, ignore_errors=True)


def _listing(place: Path, scratch: Path) -> set[str]:
    """Return all files that are there, but for those in the scratch folder; an import leaves its bundle on purpose."""
    kept = ("models", "cache")
    return {
        str(path)
        for path in place.rglob("*")
        if path.is_file() and scratch not in path.parents and path.relative_to(place).parts[0] not in kept
    }


def _fault(case: Any, door: str, outcome: Any, left: list[str], seconds: float) -> str:
    """Return what is wrong with an outcome; empty where nothing is."""
    if outcome.kind not in ("answer", "error"):
        return f"{outcome.kind}: {outcome.words}"
    outside = [path for path in outcome.written if door != "child" or "Popen" not in path]
    outside = [path for path in outside if not any(part in path for part in ("/models/", "/tmp/"))]
    wrong = {
        _unexpected(case, door, outcome): True,
        f"{outcome.cpu_s:.1f} s of processor time": outcome.cpu_s > seconds,
        f"{outcome.memory_mb:.0f} MB more memory": outcome.memory_mb > _MOST_MB,
        f"wrote {(left + outside)[:3]}": bool(left or outside),
    }
    return "; ".join(words for words, there in wrong.items() if words and there)


def _unexpected(case: Any, door: str, outcome: Any) -> str:
    from bad.case import ANSWER, EITHER
    from bad.doors import DOORS, one_sentence

    if outcome.kind == "error":
        try:
            one_sentence(outcome.words)
        except AssertionError as error:
            return str(error)
    # What is said of a case holds for the first door of its kind; what is odd but valid, for the second too.
    first, *others = DOORS[case.group]
    decides = door == first or (case.expect == ANSWER and door in others[:1])
    if decides and case.expect not in (EITHER, outcome.kind):
        return f"{case.expect} was expected, not {outcome.kind}: {outcome.words}"
    return ""


def _print(row: dict[str, Any]) -> None:
    words = row["fault"] or row["words"]
    mark = "FAULT" if row["fault"] else row["kind"]
    figures = f"{row['cpu_s']:6.2f} s {row['memory_mb']:6.0f} MB"
    clean = "".join(letter if letter.isprintable() else "?" for letter in words)
    print(f"{mark:7} {row['case']:44} {row['door']:15} {figures}  {clean[:150]}", file=sys.stderr, flush=True)


def _report(cases: list[Any], rows: list[dict[str, Any]], options: argparse.Namespace) -> int:
    faults = [row for row in rows if row["fault"]]
    groups = {}
    for group in dict.fromkeys(row["group"] for row in rows):
        part = [row for row in rows if row["group"] == group]
        kinds = Counter(row["kind"] for row in part)
        groups[group] = {
            "inputs": len({row["case"] for row in part}),
            "calls": len(part),
            "errors": kinds["error"],
            "answers": kinds["answer"],
            "faults": sum(bool(row["fault"]) for row in part),
            "longest_cpu_s": round(max(row["cpu_s"] for row in part), 2),
            "longest_clock_s": round(max(row["clock_s"] for row in part), 2),
            "most_mb": round(max(row["memory_mb"] for row in part)),
        }
    if options.json:
        cli.print_json({"inputs": len(cases), "calls": len(rows), "groups": groups, "faults": faults})
    else:
        print("| kind | inputs | calls | sentences | answers | faults | longest (CPU) | most memory |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, group in groups.items():
            cells = (group["inputs"], group["calls"], group["errors"], group["answers"], group["faults"])
            line = " | ".join(map(str, cells))
            print(f"| {name} | {line} | {group['longest_cpu_s']} s | {group['most_mb']} MB |")
        print(f"\n{len(cases)} inputs, {len(rows)} calls, {len(faults)} faults.")
    return FAILED if faults else FINE


if __name__ == "__main__":
    cli.run(main)
