"""Agents compared: intervals that cover, and nobody stands out by chance alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

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


def test_equal_agents_seldom_stand_out() -> None:
    rng = np.random.default_rng(1)
    trials = [
        compare_agents(_table({str(k): rng.normal(0.4, 0.1, 20) for k in range(8)}), draws=300)["stands_out"].any()
        for _ in range(20)
    ]
    assert sum(trials) <= 4  # 5 % are promised; without Bonferroni a third would be


def test_few_calls_have_no_interval_and_none_no_row() -> None:
    found = compare_agents(_table({"a": np.array([0.5, 0.7]), "b": np.linspace(0, 1, 9)}))
    assert found.loc[found["agent"] == "a", "dissatisfied_share_low"].isna().all()
    assert not found["stands_out"].any()
    assert compare_agents(_table({"": np.array([0.5])})).empty
