"""Named misfortunes of a machine: each must end in one sentence, or in none at all, and leave no damage."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from harm.children import Child, Ending, in_child
from harm.kills import pointed
from harm.works import Found, Work
from ser_core.settings import PROJECT

#: What a case returns: what was seen, in words.
Act = Callable[[dict[str, Work], Path], str]

_NEW_MOUNTS, _NEW_NETWORK = 0x00020000, 0x40000000
_DISK = 3 << 20
_DAY_S = 86_400.0


class DamageError(Exception):
    """A case went wrong; the message says how."""


class LeftOutError(Exception):
    """A case cannot be tried here; the message says why."""


@dataclass(frozen=True)
class Case:
    """One misfortune. *quick* ones are part of the short form."""

    act: Act
    quick: bool


def run_case(name: str, works: Sequence[Work], place: Path) -> dict[str, str]:
    """Return {"outcome", "problem"} of a case: the one in words, the other empty where all is well."""
    place.mkdir(parents=True)
    try:
        return {"outcome": CASES[name].act({work.name: work for work in works}, place), "problem": ""}
    except LeftOutError as error:
        return {"outcome": f"left out: {error}", "problem": ""}
    except DamageError as error:
        return {"outcome": "", "problem": str(error)}
    except Exception:
        return {"outcome": "", "problem": traceback.format_exc().strip().splitlines()[-1]}


def _full_disk(name: str) -> Act:
    """A disk that is full while the work goes on, and has room again afterwards."""

    def act(works: dict[str, Work], place: Path) -> str:
        _need_root()
        work, log = works[name], place / "log.txt"
        expected = _undisturbed(work, place)
        (place / "disk").mkdir()

        def full() -> dict[str, Any]:
            _mount(place / "disk", f"size={_room(work)}")
            work.begin(place / "disk")
            filler = place / "disk/filler"
            with filler.open("wb") as file:
                _fill(file.fileno(), spare=_spare(work))
            first = in_child(pointed(work, place / "disk", lambda: work.run(place / "disk")), log)
            held = in_child(pointed(work, place / "disk", lambda: work.finished(place / "disk")), log)
            filler.unlink()
            second = in_child(pointed(work, place / "disk", lambda: work.run(place / "disk")), log)
            found = in_child(pointed(work, place / "disk", lambda: work.result(place / "disk")), log)
            return {"said": first.sentence, "crash": first.crash, "held": held.words, "again": second.words,
                    "found": found.value}  # fmt: skip

        answer = _value(in_child(full, log))
        if answer["crash"]:
            raise DamageError(f"no sentence, but {answer['crash'].strip().splitlines()[-1]}")
        if answer["held"] or answer["again"] or answer["found"] != expected:
            raise DamageError(f"damage: {answer['held'] or answer['again'] or 'another result once there is room'}")
        return f"“{answer['said']}” Then the same result." if answer["said"] else "done without; the same result"

    return act


def _clock(name: str) -> Act:
    """A clock that jumps to and fro by days while the work goes on."""

    def act(works: dict[str, Work], place: Path) -> str:
        work, real, calls = works[name], time.time, [0]
        expected = _undisturbed(work, place)

        def jumping() -> float:
            calls[0] += 1
            return real() + (-400 * _DAY_S, 0.0, 4000 * _DAY_S)[calls[0] % 3]

        def jumped() -> Found:
            with mock.patch("time.time", jumping):
                work.begin(place)
                work.run(place)
            return work.result(place)

        found = _value(in_child(pointed(work, place, jumped), place / "log.txt"))
        if found != expected:
            raise DamageError("another result than with a steady clock")
        return "the same result"

    return act


def _two(name: str) -> Act:
    """Two processes do the same work in the same folder at the same time."""

    def act(works: dict[str, Work], place: Path) -> str:
        work, log = works[name], place / "log.txt"
        expected = _undisturbed(work, place)
        _value(in_child(pointed(work, place, lambda: (work.begin(place), 0)[1]), log))
        children = [Child(pointed(work, place, lambda: work.run(place)), log=log) for _ in range(2)]
        endings = [child.wait() for child in children]
        if crash := next((ending.crash for ending in endings if ending.crash), None):
            raise DamageError(f"no sentence, but {crash.strip().splitlines()[-1]}")
        said = [ending.sentence for ending in endings if ending.sentence]
        if len(said) == 2:
            raise DamageError(f"neither of the two ended: {said[0]}")
        found = _value(in_child(pointed(work, place, lambda: work.result(place)), log))
        if found != expected:
            names = [key for key in expected if found.get(key) != expected[key]]
            raise DamageError(f"another result than alone: {', '.join(names[:3])}")
        return f"one ended; to the other: “{said[0]}”" if said else "both ended; the same result"

    return act


def _read_only(works: dict[str, Work], place: Path) -> str:
    """A prediction where home, the packages and the program itself cannot be written."""
    _need_root()

    def there() -> str:
        _unshare(_NEW_MOUNTS)
        home = place / "home"
        home.mkdir()
        _mount(home, "size=64k")
        _run("mount", "-o", "remount,ro", str(home))
        for folder in {Path(sys.prefix), PROJECT}:
            _run("mount", "--rbind", str(folder), str(folder))
            _run("mount", "-o", "remount,ro,bind", str(folder))
        for folder in (home, PROJECT, Path(sys.prefix)):
            try:
                (folder / "probe").touch()
            except OSError:
                continue
            raise RuntimeError(f"{folder} can be written")
        for model in ("lite", "functionals-svm"):
            said = _command(["scripts/predict.py", _example(), "--model", model, "--json"], {"HOME": str(home)})
        return f"{said} with both kinds of model"

    return _value(in_child(there, place / "log.txt"))


def _no_network(works: dict[str, Work], place: Path) -> str:
    """A prediction, and a download, where there is no network at all."""
    _need_root()

    def there() -> str:
        _unshare(_NEW_NETWORK)
        answer = _command(["scripts/predict.py", _example(), "--json"], {})
        environment = {"SER_DATA": str(place / "data")}
        return f"{answer}; {_command(['scripts/corpora.py', 'download', 'ravdess'], environment, fails=True)}"

    return _value(in_child(there, place / "log.txt"))


def _undisturbed(work: Work, place: Path) -> Found:
    alone = place / "alone"
    alone.mkdir()

    def all_of_it() -> Found:
        work.begin(alone)
        work.run(alone)
        return work.result(alone)

    return _value(in_child(pointed(work, alone, all_of_it), place / "log.txt"))


def _room(work: Work) -> int:
    """Return how large the disk is: a few times what the work leaves."""
    return _DISK * (6 if work.name == "download" else 1)


def _spare(work: Work) -> int:
    """Return how many bytes are left on the full disk, so that the work can begin."""
    return {"training": 150_000, "download": 900_000, "batch": 4096, "bundle": 100_000}.get(work.name, 4096)


def _fill(file: int, spare: int) -> None:
    about = os.fstatvfs(file)
    os.posix_fallocate(file, 0, max(1, about.f_bavail * about.f_frsize - spare))


def _mount(place: Path, options: str) -> None:
    """Mount a small file system in memory that goes with this process."""
    _unshare(_NEW_MOUNTS)
    _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place))


def _unshare(what: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(what) != 0:
        raise LeftOutError(f"the system refuses it ({os.strerror(ctypes.get_errno())})")
    if what == _NEW_MOUNTS:
        _run("mount", "--make-rprivate", "/")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _command(arguments: list[str], environment: dict[str, str], *, fails: bool = False) -> str:
    """Return what a command of this program said in short; raises where it did not end as it should."""
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, env=clean | environment, check=False
    )
    lines = answer.stderr.strip().splitlines()
    if answer.returncode != int(fails) or "Traceback" in answer.stderr or (fails and len(lines) != 1):
        raise DamageError(f"{arguments[0]} ended with {answer.returncode}: {lines[-1] if lines else 'no word'}")
    return f"“{lines[0]}”" if fails else f"{arguments[0]} answers"


def _example() -> str:
    return str(next((PROJECT / "ser_core/examples").glob("*.*a*")))


def _need_root() -> None:
    if os.geteuid() != 0:
        raise LeftOutError("it needs the rights of the superuser")


def _value(ending: Ending) -> Any:
    if ending.value is None:
        words = ending.words
        raise LeftOutError(words.partition(": ")[2]) if "LeftOutError" in words else DamageError(words)
    return ending.value


_KINDS = ("training", "download", "batch", "bundle", "manifest")
CASES: dict[str, Case] = {
    **{f"disk full, {name}": Case(_full_disk(name), name in ("bundle", "manifest")) for name in _KINDS},
    **{f"clock jumps, {name}": Case(_clock(name), name == "manifest") for name in _KINDS},
    **{f"two at once, {name}": Case(_two(name), name == "bundle") for name in _KINDS},
    "home and packages read-only": Case(_read_only, False),
    "no network": Case(_no_network, False),
}
