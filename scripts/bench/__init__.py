"""The parts of `scripts/benchmark.py` that time answers; this package is no command."""
