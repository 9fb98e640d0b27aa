"""Agents compared by their calls: means with intervals, and who stands out from the others.

compare_agents(calls_table(calls, limits))

Calls, not seconds, are counted: a call is what an agent gets by chance, and its seconds resemble one another. Shares of
few calls are skewed, and many are zero, so that intervals from resampling an agent's own calls would be too narrow.
Intervals are Student's, with the spread of an agent's calls or that within all agents (analysis of variance), whichever
is larger. Who stands out is found by handing out all calls to the agents anew, by chance, and asking how often anybody
would then stand out as far (Westfall and Young 1993).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

#: An agent with fewer calls gets no interval: it would hardly say anything.
LEAST_CALLS = 5
#: What is compared, as columns of :func:`ser_core.calls.measures.calls_table`.
COMPARED = ("dissatisfied_share", "trend")

_LEVEL = 0.95


def compare_agents(table: pd.DataFrame, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Return a row an agent, the most dissatisfied callers first.

    Columns: `agent`, `calls`; `dissatisfied_share` and `trend`, means over the agent's calls, each with `_low` and
    `_high`, its 95 % interval; `difference` of the share from the mean over all other agents' calls with `_low` and
    `_high`; and `stands_out`, whether that difference is other than 0 with 95 % confidence *over all agents together*,
    since of twenty equal agents one would stand out alone. Missing where there are fewer than 5 calls, or nothing in
    which they differ.

    Parameters
    ----------
    table
        As :func:`ser_core.calls.measures.calls_table` gives it; calls without an agent or without speech are left out.
    draws
        How often the calls are handed out anew.
    """
    known = table[(table["agent"] != "") & table["dissatisfied_share"].notna()].sort_values("agent", kind="stable")
    agents, first, counts = np.unique(known["agent"].to_numpy(str), return_index=True, return_counts=True)
    places = [slice(start, start + count) for start, count in zip(first.tolist(), counts.tolist(), strict=True)]
    columns = {name: known[name].to_numpy(float) for name in COMPARED}
    within = {name: _within([values[place] for place in places]) for name, values in columns.items()}
    outside = _standing_out(columns["dissatisfied_share"], first, counts, draws, np.random.default_rng(seed))
    rows = []
    for agent, place, out in zip(agents.tolist(), places, outside.tolist(), strict=True):
        row: dict[str, object] = {"agent": agent, "calls": place.stop - place.start}
        for name, values in columns.items():
            row |= _mean(name, values[place], within[name])
        share, spread = columns["dissatisfied_share"], within["dissatisfied_share"]
        rows.append(row | _difference(share[place], np.delete(share, place), spread) | {"stands_out": out})
    names = ["agent", "calls", *(name + end for name in (*COMPARED, "difference") for end in ("", "_low", "_high"))]
    found = pd.DataFrame(rows, columns=[*names, "stands_out"])
    return found.sort_values(["dissatisfied_share", "agent"], ascending=[False, True]).reset_index(drop=True)


def _standing_out(
    shares: np.ndarray, first: np.ndarray, counts: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return which agents stand out [shape=(agents,), bool]: further than the furthest in 95 % of chance's draws."""
    others = len(shares) - counts
    judged = (counts >= LEAST_CALLS) & (others >= LEAST_CALLS)
    if not judged.any() or np.ptp(shares) == 0:
        return np.zeros(len(counts), dtype=bool)
    weight = np.sqrt(len(shares) * counts[judged] / others[judged])  # differences of small groups vary more

    def distances(values: np.ndarray) -> np.ndarray:
        means: np.ndarray = np.add.reduceat(values, first)[judged] / counts[judged]
        return np.abs(means) * weight

    centred = shares - shares.mean()
    furthest = [distances(rng.permutation(centred)).max() for _ in range(draws)]
    found = np.zeros(len(counts), dtype=bool)
    # Equal sums in another order differ in their last digits.
    found[judged] = distances(centred) > np.quantile(furthest, _LEVEL, method="higher") * (1 + 1e-9)
    return found


def _within(groups: list[np.ndarray]) -> float:
    """Return the variance of calls about their own agent's mean, over all agents; 0 where it cannot be told."""
    known = [values[~np.isnan(values)] for values in groups]
    freedom = sum(max(len(values) - 1, 0) for values in known)
    return sum(float(values.var()) * len(values) for values in known if len(values)) / freedom if freedom else 0.0


def _mean(name: str, values: np.ndarray, within: float) -> dict[str, object]:
    values = values[~np.isnan(values)]
    if not len(values):
        return _around(name, float("nan"), 0, 0)
    return _around(name, float(values.mean()), _spread(values, within) / len(values), len(values))


def _difference(own: np.ndarray, others: np.ndarray, within: float) -> dict[str, object]:
    if not len(others):
        return _around("difference", float("nan"), 0, 0)
    variance = _spread(own, within) / len(own) + _spread(others, within) / len(others)
    return _around("difference", float(own.mean() - others.mean()), variance, min(len(own), len(others)))


def _spread(values: np.ndarray, within: float) -> float:
    return max(float(values.var(ddof=1)) if len(values) > 1 else 0.0, within)


def _around(name: str, value: float, variance: float, calls: int) -> dict[str, object]:
    """Return a value and its interval, where there are calls enough and they differ at all."""
    half = float("nan")
    if calls >= LEAST_CALLS and variance > 0:
        half = float(student.ppf((1 + _LEVEL) / 2, calls - 1)) * variance**0.5
    low, high = value - half, value + half
    if name == "dissatisfied_share":  # a share
        low, high = max(low, 0.0) if low == low else low, min(high, 1.0) if high == high else high
    return {name: value, f"{name}_low": low, f"{name}_high": high}
