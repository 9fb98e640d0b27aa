"""Agents compared by their calls, with intervals by bootstrap over calls (Efron 1979).

compare_agents(calls_table(calls, limits))

Calls, not seconds, are drawn: a call is what an agent gets by chance, and its seconds resemble one another.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: An agent with fewer calls gets no interval: it would only seem narrow.
LEAST_CALLS = 5
#: What is compared, as columns of :func:`ser_core.calls.measures.calls_table`.
COMPARED = ("dissatisfied_share", "trend")

_BLOCK = 2_000_000


def compare_agents(table: pd.DataFrame, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Return a row an agent, the most dissatisfied callers first.

    Columns: `agent`, `calls`; `dissatisfied_share` and `trend`, means over the agent's calls, each with `_low` and
    `_high`, its 95 % interval; `difference` of the share from the mean over all other agents' calls with `_low` and
    `_high`; and `stands_out`, whether that difference is other than 0 with 95 % confidence *over all agents together*
    (Bonferroni), since of twenty equal agents one would stand out alone. Missing where there are fewer than 5 calls.

    Parameters
    ----------
    table
        As :func:`ser_core.calls.measures.calls_table` gives it; calls without an agent or without speech are left out.
    """
    known = table[(table["agent"] != "") & table["dissatisfied_share"].notna()]
    rng = np.random.default_rng(seed)
    agents = sorted(known["agent"].unique())
    rows = []
    for agent in agents:
        mine = (known["agent"] == agent).to_numpy(bool)
        row: dict[str, object] = {"agent": agent, "calls": int(mine.sum())}
        for name in COMPARED:
            values = known.loc[mine, name].dropna().to_numpy(float)
            row |= _named(name, float(values.mean()) if len(values) else float("nan"), _draws(values, draws, rng), 0.95)
        rows.append(row | _difference(known, mine, len(agents), draws, rng))
    columns = ["agent", "calls", *(name + end for name in (*COMPARED, "difference") for end in ("", "_low", "_high"))]
    found = pd.DataFrame(rows, columns=[*columns, "stands_out"])
    return found.sort_values(["dissatisfied_share", "agent"], ascending=[False, True]).reset_index(drop=True)


def _difference(
    known: pd.DataFrame, mine: np.ndarray, agents: int, draws: int, rng: np.random.Generator
) -> dict[str, object]:
    share = known["dissatisfied_share"].to_numpy(float)
    own, others = share[mine], share[~mine]
    value = float(own.mean() - others.mean()) if len(others) else float("nan")
    drawn = None
    if len(own) >= LEAST_CALLS and len(others) >= LEAST_CALLS:
        first, second = _draws(own, draws, rng), _draws(others, draws, rng)
        drawn = first - second if first is not None and second is not None else None
    low, high = _interval(drawn, 1 - 0.05 / max(agents, 1))
    return _named("difference", value, drawn, 0.95) | {"stands_out": bool(low > 0 or high < 0)}


def _named(name: str, value: float, drawn: np.ndarray | None, level: float) -> dict[str, object]:
    low, high = _interval(drawn, level)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _draws(values: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return the means of *draws* samples of the same size with replacement [shape=(draws,)], in bounded memory."""
    if len(values) < LEAST_CALLS:
        return None
    size = max(1, _BLOCK // len(values))
    parts = [
        values[rng.integers(len(values), size=(min(size, draws - start), len(values)))].mean(axis=1)
        for start in range(0, draws, size)
    ]
    return np.concatenate(parts)


def _interval(drawn: np.ndarray | None, level: float) -> tuple[float, float]:
    if drawn is None:
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
