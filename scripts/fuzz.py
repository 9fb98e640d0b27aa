"""Throw mutated bytes at what reads strangers' files: the audio door, names, manifests, bundles.

pip install -r requirements-fuzz.txt
python scripts/fuzz.py audio --minutes 10
python scripts/fuzz.py audio --input fuzz/audio/found-1-...     # once more, with its traceback

What is found lies in `fuzz/TARGET/`: an input that raised anything but this package's errors, took over 2 s of
processor time or 500 MB more memory (`found-...`), or ended the process (`crash-...`, `timeout-...`, `oom-...`).
Only Python code tells the fuzzer which inputs are new to it; compiled decoders are reached, but not measured.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import cli
from cli import FAILED, FINE

from ser_core.errors import SERError

_MOST_S, _MOST_MB = 2.0, 500
_MOST_RESTARTS = 20
_START_S = 600
_PROJECT = Path(__file__).resolve().parent.parent


class Watch:
    """Calls a target, and keeps each new way in which it fails, by what was raised and where."""

    def __init__(self, target: str, folder: Path) -> None:
        from bad.targets import TARGETS

        self._call, self._folder = TARGETS[target][0], folder
        self._place = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self._known = {path.name.rsplit("-", 1)[-1] for path in folder.glob("found-*")}

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        used, memory = time.process_time(), _peak_mb()
        try:
            self._call(data, self._place)
        except SERError as error:
            if not re.fullmatch(r"[^\n\r]{10,1500}\.", str(error)):
                self._keep(data, f"sentence {type(error).__name__}", str(error)[:300])
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            ours = [line for line in traceback.extract_tb(error.__traceback__) if "ser_core" in line.filename]
            where = ours[-1] if ours else last
            self._keep(data, f"{type(error).__name__} {where.filename}:{where.lineno}", traceback.format_exc())
        if (used := time.process_time() - used) > _MOST_S:
            self._keep(data, "slow", f"{used:.1f} s")
        if (more := _peak_mb() - memory) > _MOST_MB:
            self._keep(data, "large", f"{more:.0f} MB")

    def _keep(self, data: bytes, signature: str, details: str) -> None:
        digest = hashlib.sha256(signature.encode()).hexdigest()[:8]
        if digest not in self._known:
            self._known.add(digest)
            path = self._folder / f"found-{len(self._known)}-{digest}"
            path.write_bytes(data)
            print(f"{path.name}: {signature}\n{details}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="fuzz.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["audio", "names", "manifest", "bundle"])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, default=_PROJECT / "fuzz", help="where inputs and findings are kept")
    parser.add_argument("--input", type=Path, help="try one file, and no other")
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder: Path = options.folder / options.target
    folder.mkdir(parents=True, exist_ok=True)
    if options.input:
        return _once(options.target, options.input)
    if options.inside is not None:
        return _fuzz(options.target, folder, options.inside)
    return _supervise(options, folder)


def _supervise(options: argparse.Namespace, folder: Path) -> int:
    """Run the fuzzer in a process that may crash, and start it again until the time is over."""
    end, restarts = time.monotonic() + 60 * options.minutes, 0
    while (left := end - time.monotonic()) > 1 and restarts <= _MOST_RESTARTS:
        command = [sys.executable, __file__, options.target, "--folder", str(options.folder), "--inside", f"{left:.0f}"]
        try:
            status = subprocess.run(command, check=False, timeout=left + _START_S).returncode
        except subprocess.TimeoutExpired:
            break
        if status == cli.WRONG_USAGE:
            return status
        restarts += 1
    found = sorted(path.name for path in folder.iterdir() if re.match("found-|crash-|timeout-|oom-|leak-", path.name))
    cli.print_json({"target": options.target, "minutes": options.minutes, "processes": restarts, "found": found})
    return FAILED if found else FINE


def _fuzz(target: str, folder: Path, seconds: float) -> int:
    try:
        import atheris
    except ImportError:
        print("atheris is missing: run 'pip install -r requirements-fuzz.txt' first.", file=sys.stderr)
        return cli.WRONG_USAGE
    with atheris.instrument_imports(include=["ser_core"]):
        from bad.targets import TARGETS
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    for number, seed in enumerate(TARGETS[target][1]()):
        (inputs / f"seed-{number}").write_bytes(seed)
    watch = Watch(target, folder)
    for path in sorted(inputs.iterdir()):  # what libraries do on their first use is no finding
        watch(path.read_bytes())
    options = {"max_total_time": round(seconds), "max_len": 40_000, "timeout": 20, "rss_limit_mb": 6000, "seed": 1}
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={folder}/", str(inputs)], watch)
    atheris.Fuzz()
    return FINE


def _once(target: str, path: Path) -> int:
    from bad.targets import TARGETS

    with tempfile.TemporaryDirectory() as place:
        TARGETS[target][0](path.read_bytes(), Path(place))
    return FINE


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    cli.run(main)
