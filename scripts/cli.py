"""What the commands share: their dialect of options, exit statuses, progress and errors."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ser_core.errors import SERError

# Before a command imports torch: with a thread per core, small networks stall whenever something else is busy.
for _library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

FINE, FAILED, WRONG_USAGE = 0, 1, 2


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print the error and leave with the status for wrong usage."""
        print(f"{self.prog}: {message} (see --help).", file=sys.stderr)
        raise SystemExit(WRONG_USAGE)


def run(main: Callable[[], int]) -> NoReturn:
    """Call a command and leave with its status; an expected error is printed as one sentence."""
    try:
        status = main()
    except SERError as error:
        print(str(error), file=sys.stderr)
        status = FAILED
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        status = FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    raise SystemExit(status)


def print_json(value: Any) -> None:
    """Print a value for machines."""
    print(json.dumps(value, indent=1, ensure_ascii=False))


def progress(label: str) -> Callable[[int, int], None] | None:
    """Return a progress bar on stderr, or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        width = round(30 * done / max(total, 1))
        bar = "#" * width + "." * (30 - width)
        print(f"\r{label} [{bar}] {done}/{total}", end="\n" if done >= total else "", file=sys.stderr, flush=True)

    return show
