"""A place for the code that numba compiles for librosa, where its usual ones cannot be written.

numba keeps it beside librosa or under the home folder, and importing librosa fails where neither can be written, such
as in a container whose file system is read-only. Called before anything imports numba.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sysconfig
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"


def give_numba_a_place() -> None:
    """Set :data:`VARIABLE` where it is needed: below `SER_CACHE`, else to a folder that goes with this process.

    Never a folder in the shared place for temporary files that others could have made before: what numba finds in its
    cache, it runs.
    """
    usual = (Path(sysconfig.get_paths()["purelib"]) / "librosa", Path.home() / ".cache/numba")
    if VARIABLE in os.environ or any(map(_writable, usual)):
        return
    kept = os.environ.get("SER_CACHE")
    if kept and _writable(Path(kept).expanduser() / "numba"):
        os.environ[VARIABLE] = str(Path(kept).expanduser() / "numba")
        return
    try:
        own = tempfile.mkdtemp(prefix="ser-numba-")
    except OSError:  # nothing at all can be written: what does not need librosa works
        return
    os.environ[VARIABLE] = own
    atexit.register(shutil.rmtree, own, ignore_errors=True)


def _writable(folder: Path) -> bool:
    """Return whether a folder can be written, or made where it is not there."""
    there = next((place for place in (folder, *folder.parents) if place.is_dir()), None)
    return there is not None and os.access(there, os.W_OK | os.X_OK)
