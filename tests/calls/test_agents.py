"""Agents compared: intervals that cover, and nobody stands out by chance alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.calls import compare_agents


def _table(shares: dict[str, np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"agent": agent, "dissatisfied_share": values, "trend": values})
        for agent, values in shares.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_means_intervals_and_who_stands_out() -> None:
    rng = np.random.default_rng(0)
    found = compare_agents(_table({"a": rng.normal(0.6, 0.1, 40), "b": rng.normal(0.2, 0.1, 40), "": rng.random(9)}))
    assert found["agent"].tolist() == ["a", "b"]
    assert found["calls"].tolist() == [40, 40]
    assert found["stands_out"].all()
    assert (found["difference"] > 0).tolist() == [True, False]
    row = found.iloc[0]
    assert row["dissatisfied_share_low"] < row["dissatisfied_share"] < row["dissatisfied_share_high"]
    width = row["dissatisfied_share_high"] - row["dissatisfied_share_low"]
    assert 0.04 < width < 0.09  # 2 x 1.96 x 0.1 / sqrt(40) = 0.062


def _skewed(rng: np.random.Generator, calls: int) -> np.ndarray:
    """Return shares as real archives have them: most calls have no dissatisfied speech at all."""
    return np.where(rng.random(calls) < 0.7, 0.0, rng.beta(1, 2, calls))


@pytest.mark.parametrize(("agents", "calls"), [(10, 5), (10, 8), (20, 10)])
def test_equal_agents_seldom_stand_out_and_intervals_cover(agents: int, calls: int) -> None:
    rng = np.random.default_rng(1)
    found = [compare_agents(_table({str(k): _skewed(rng, calls) for k in range(agents)}), draws=200) for _ in range(40)]
    assert sum(table["stands_out"].any() for table in found) <= 6  # 5 % are promised, 2 of 40
    together = pd.concat(found)
    mean = 0.3 / 3
    covered = together["dissatisfied_share_low"].le(mean) & together["dissatisfied_share_high"].ge(mean)
    assert covered.mean() > 0.94
    assert (together["difference_low"].le(0) & together["difference_high"].ge(0)).mean() > 0.94


def test_one_of_many_is_found_and_shares_stay_shares() -> None:
    rng = np.random.default_rng(2)
    found = compare_agents(_table({"a": rng.beta(5, 2, 12)} | {str(k): _skewed(rng, 12) for k in range(9)}))
    assert found.loc[found["stands_out"], "agent"].tolist() == ["a"]
    assert found["dissatisfied_share_low"].min() >= 0
    assert found["dissatisfied_share_high"].max() <= 1


def test_where_nothing_differs_nothing_is_said() -> None:
    found = compare_agents(_table({"a": np.zeros(9), "b": np.zeros(9)}))
    assert not found["stands_out"].any()
    assert found[["dissatisfied_share_low", "difference_high"]].isna().all(axis=None)
    assert compare_agents(_table({"a": np.linspace(0, 1, 9)}))["difference"].isna().all()


def test_few_calls_have_no_interval_and_none_no_row() -> None:
    found = compare_agents(_table({"a": np.array([0.5, 0.7]), "b": np.linspace(0, 1, 9)}))
    assert found.loc[found["agent"] == "a", "dissatisfied_share_low"].isna().all()
    assert not found["stands_out"].any()
    assert compare_agents(_table({"": np.array([0.5])})).empty
