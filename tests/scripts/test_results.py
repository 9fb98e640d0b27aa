"""The figures in README and docs/results.md are those of the models that ship."""

from __future__ import annotations

from tests.scripts.calling import call


def test_no_figure_is_stale() -> None:
    result = call("results.py", "--check")
    assert result.returncode == 0, result.stdout + result.stderr
