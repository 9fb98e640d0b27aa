"""The check of explanations: it praises a true one, and can fail one that is not."""

from __future__ import annotations

import pytest

from ser_core.audio import Waveform
from ser_core.explanation.faithfulness import ClipCheck, PartCheck, check_clip, faithfulness_report, wilson
from ser_core.recogniser import Recogniser


def test_a_true_explanation_is_faithful(listener: Recogniser, whistled: Waveform) -> None:
    check = check_clip(listener, whistled, draws=4)
    assert check.time.faithful
    assert check.time_in_speech.faithful
    assert check.cells.faithful


def test_the_report_counts_and_has_intervals() -> None:
    good, bad = PartCheck(0.1, 0.6), PartCheck(0.7, 0.6)
    report = faithfulness_report([ClipCheck(0.8, good, good, bad), ClipCheck(0.6, good, bad, bad)])
    assert report["time"]["faithful"] == 1.0
    assert report["time_in_speech"]["faithful"] == 0.5
    assert report["cells"]["faithful"] == 0.0
    assert report["time"]["fall_named"] == pytest.approx(0.6)
    assert report["cells"]["fall_random"] == pytest.approx(0.1)
    low, high = report["time_in_speech"]["faithful_ci95"]
    assert low < 0.5 < high
    assert wilson(90, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
