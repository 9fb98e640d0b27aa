"""What this program has written on this machine, and how it is removed again.

for part in kept_parts(): print(part.title, part.megabytes)
delete_kept("calls")
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from ser_core.bundle import CARD_NAME
from ser_core.errors import KeptError
from ser_core.settings import settings
from ser_core.training.manager import RunManager
from ser_core.training.runs import ABLATION

#: The folders below `SER_CACHE` that this program makes; nothing else there is touched.
_CACHED = ("features", "tables", "maps", "checks", "voices")


@dataclass(frozen=True)
class Kept:
    """One kind of files that are kept.

    Attributes
    ----------
    name
        For :func:`delete_kept`.
    title, about
        What they are and what they say about people.
    places
        The files and folders that are there.
    megabytes
        What they come to.
    """

    name: str
    title: str
    about: str
    places: tuple[Path, ...]
    megabytes: float


def kept_parts() -> list[Kept]:
    """Return every kind of files this program keeps beside the corpora, also those of which there are none."""
    cache, runs = settings().cache, settings().runs
    trainings = [*(run.folder.path for run in RunManager().look()), runs / ABLATION]
    # Of a folder that its owner named, only what is a model.
    models = [*_inside(runs / "bundles"), *(path for path in _inside(settings().own_models) if _is_bundle(path))]
    return [
        _kept(
            "calls", "Finished calls",
            "Numbers about each call, kept where you asked for it on the page Calls, and reports of its command: these "
            "name files and agents.",
            [runs / "calls"],
        ),
        _kept(
            "features", "Computed features",
            "Numbers computed from the corpora on this machine, your own included; they are computed again when "
            "needed.",
            [cache / name for name in _CACHED],
        ),
        _kept(
            "trainings", "Trainings",
            "What models learnt, with the names of clips and speakers of the corpora they heard.",
            trainings,
        ),
        _kept("models", "Models made here", "Weights, and what they were trained on.", list(dict.fromkeys(models))),
    ]  # fmt: skip


def delete_kept(name: str) -> None:
    """Remove one kind of files for good.

    Raises
    ------
    KeptError
        If there is no such kind, a training is at work that needs them, or a file cannot be removed.
    """
    parts = {part.name: part for part in kept_parts()}
    if name not in parts:
        raise KeptError(f"Nothing named '{name}' is kept: choose one of {', '.join(parts)}.")
    if name in ("features", "trainings") and any(run.active for run in RunManager().look()):
        raise KeptError("A training is at work or waits for its turn: stop it on the page Train first.")
    for place in parts[name].places:
        try:
            if place.is_symlink() or place.is_file():
                place.unlink()
            else:
                shutil.rmtree(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise KeptError(f"{place} cannot be removed ({error.strerror}): remove it by hand.") from error


def _kept(name: str, title: str, about: str, places: list[Path]) -> Kept:
    there = tuple(place for place in places if place.exists() or place.is_symlink())
    return Kept(name, title, about, there, sum(map(_size, there)) / 1e6)


def _inside(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def _is_bundle(place: Path) -> bool:
    return (place / CARD_NAME).is_file()


def _size(place: Path) -> int:
    files = [place] if place.is_file() else place.rglob("*")
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += 0 if file.is_symlink() or file.is_dir() else file.stat().st_size
    return total
