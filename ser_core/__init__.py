"""Everything that knows about speech emotion; the app, the command line and the service are thin doors over it."""

import os

from ser_core.compiled import give_numba_a_place

__version__ = "0.1.0"

# Before any module imports these libraries. ONNX Runtime since 1.31 otherwise writes a device id into the home folder
# and sends its maker what it does; the hub's library adds to its requests what is installed.
for _variable in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_variable, "1")
give_numba_a_place()
