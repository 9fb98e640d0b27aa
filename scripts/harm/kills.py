"""Kill -9 at random moments: by the clock, and within what is done to files, where half of something could be left.

After every kill the folder is looked at in a fresh process, and the same work goes on there. When it has ended, what is
there must be what an undisturbed run leaves.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harm.children import Child, Ending, FileEvents, in_child
from harm.works import Found, Work

Progress = Callable[[int], None]

#: Runs without a kill before a series is given up: work that is quicker than any kill cannot be tested.
_MOST_RUNS = 400
_WITHIN_S = 0.004


@dataclass
class Series:
    """What came of the kills of one kind of work."""

    work: str
    kills: int = 0
    by_clock: int = 0
    at_files: int = 0
    runs: int = 0
    finished: int = 0
    undisturbed_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Reference:
    """An undisturbed run: what it left, how long it took and how often it touched files."""

    finished: Found
    result: Found
    seconds: float
    events: int


def kill_series(work: Work, place: Path, times: int, rng: random.Random, progress: Progress | None = None) -> Series:
    """Kill *work* so many times and return what came of it.

    Parameters
    ----------
    place
        A folder of its own, made here.
    rng
        Draws the moments.
    progress
        Called with the kills done.
    """
    place.mkdir(parents=True)
    log = place / "log.txt"
    reference = _undisturbed(work, place / "undisturbed", log)
    series = Series(work.name, undisturbed_s=round(reference.seconds, 2))
    before: Found = {}
    current = _fresh(work, place, series, log)
    while series.kills < times and series.runs < _MOST_RUNS and not series.problems:
        by_clock = rng.random() < 0.5
        ending = _killed_by_clock(work, current, reference, rng, log) if by_clock else (
            _killed_at_file(work, current, reference, rng, log)
        )  # fmt: skip
        series.runs += 1
        if ending.killed:
            series.kills += 1
            series.by_clock += by_clock
            series.at_files += not by_clock
            before = _look(work, current, reference, before, series, log)
            if progress:
                progress(series.kills)
        elif ending.words:
            series.problems.append(f"it did not go on after a kill: {ending.words}")
        else:
            _compare(work, current, reference, series, log)
            before, current = {}, _fresh(work, place, series, log)
    if not series.problems:
        _end(work, current, reference, series, log)
    if series.kills < times and not series.problems:
        series.problems.append(f"it ended before {times - series.kills} of the kills")
    return series


def _undisturbed(work: Work, place: Path, log: Path) -> _Reference:
    def all_of_it() -> dict[str, Any]:
        work.begin(place)
        events = FileEvents(place)
        began = time.monotonic()
        work.run(place)
        seconds, count = time.monotonic() - began, events.count
        return {"seconds": seconds, "events": count, "finished": work.finished(place), "result": work.result(place)}

    place.mkdir()
    ending = in_child(pointed(work, place, all_of_it), log)
    if ending.value is None:
        raise RuntimeError(f"{work.name} fails without any harm: {ending.crash or ending.words}")
    return _Reference(**ending.value)


def _fresh(work: Work, place: Path, series: Series, log: Path) -> Path:
    """Return a new folder to work in; the one before is removed."""
    new = place / f"try-{series.finished}"
    shutil.rmtree(place / f"try-{series.finished - 1}", ignore_errors=True)
    new.mkdir()
    ending = in_child(pointed(work, new, lambda: work.begin(new)), log)
    if ending.words:
        raise RuntimeError(f"{work.name} cannot begin: {ending.words}")
    return new


def _killed_by_clock(work: Work, place: Path, reference: _Reference, rng: random.Random, log: Path) -> Ending:
    child = Child(pointed(work, place, lambda: work.run(place)), log=log)
    time.sleep(rng.uniform(0, reference.seconds))
    child.kill()
    return child.wait()


def _killed_at_file(work: Work, place: Path, reference: _Reference, rng: random.Random, log: Path) -> Ending:
    number = rng.randint(1, max(1, reference.events))
    after_s = 0.0 if rng.random() < 0.5 else rng.uniform(0, _WITHIN_S)

    def harmed() -> None:
        FileEvents(place).kill_at(number, after_s)
        work.run(place)

    return in_child(pointed(work, place, harmed), log)


def _look(work: Work, place: Path, reference: _Reference, before: Found, series: Series, log: Path) -> Found:
    """Return what is finished after a kill; note what is half-written, lost or wrong."""
    ending = in_child(pointed(work, place, lambda: work.finished(place)), log)
    if ending.value is None:
        series.problems.append(f"something half-written is loaded, or something whole is not: {ending.words}")
        return {}
    now: Found = ending.value
    lost = [name for name, digest in before.items() if now.get(name) != digest]
    wrong = [name for name, digest in now.items() if reference.finished.get(name, digest) != digest]
    series.problems += [f"{name} was finished and is lost" for name in lost[:3]]
    series.problems += [f"{name} is another than in an undisturbed run" for name in wrong[:3]]
    return now


def _compare(work: Work, place: Path, reference: _Reference, series: Series, log: Path) -> None:
    """Note where what is there in the end is not what an undisturbed run leaves, or scraps lie about."""
    ending = in_child(pointed(work, place, lambda: work.result(place)), log)
    series.finished += 1
    if ending.value != reference.result:
        names = sorted(set(reference.result) ^ set(ending.value or {})) or [
            name for name, digest in reference.result.items() if ending.value[name] != digest
        ]
        series.problems.append(f"the end differs from an undisturbed run: {ending.words or ', '.join(names[:5])}")


def _end(work: Work, place: Path, reference: _Reference, series: Series, log: Path) -> None:
    """Let the work end after the last kill."""
    ending = in_child(pointed(work, place, lambda: work.run(place)), log)
    series.runs += 1
    if ending.words:
        series.problems.append(f"it did not go on after a kill: {ending.words}")
    else:
        _compare(work, place, reference, series, log)


def pointed(work: Work, place: Path, action: Callable[[], Any]) -> Callable[[], Any]:
    """Return the action in an environment that points at *place*."""

    def there() -> Any:
        os.environ.update(work.settings(place))
        return action()

    return there
