"""Everything that knows about speech emotion; the app, the command line and the service are thin doors over it."""

__version__ = "0.1.0"

from ser_core.compiled import give_numba_a_place

give_numba_a_place()
