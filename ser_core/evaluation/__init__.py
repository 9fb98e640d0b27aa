"""Judging a recogniser: metrics with intervals over speakers, calibration, and the report of a run."""
