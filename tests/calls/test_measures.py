"""Measures on tracks whose answers are known."""

from __future__ import annotations

import pytest

from ser_core.calls import Call, HeardCall, Limits, calls_table, measure, moments, moments_table
from tests.calls.made import call, track

LIMITS = Limits(threshold=0.6, calm_s=4.0)


def test_share_length_and_moments_are_the_callers() -> None:
    found = measure(call([0.1, 0.7, 0.9, 0.2, 0.6, 0.1]), LIMITS)
    assert found is not None
    assert found.speech_s == 12
    assert found.dissatisfied_s == 6
    assert found.dissatisfied_share == 0.5
    assert found.longest_s == 4
    assert found.first_s == 2
    assert found.peak == pytest.approx(0.9)


def test_a_short_pause_does_not_part_a_moment_and_a_calm_window_does() -> None:
    first, second = track([0.9], start=0.0), track([0.9], start=3.5)
    spans = [*first.spans.tolist(), *second.spans.tolist()]
    joined = type(first)(first.labels, first.spans.repeat(2, axis=0), first.probabilities.repeat(2, axis=0))
    joined.spans[:] = spans
    assert moments(joined, LIMITS) == [(0.0, 5.5)]
    assert moments(track([0.9, 0.1, 0.9]), LIMITS) == [(0.0, 2.0), (4.0, 6.0)]


def test_the_trend_compares_the_first_third_with_the_last() -> None:
    worse, better = measure(call([0.0, 0.0, 0.5, 0.5, 0.8, 0.8]), LIMITS), measure(call([0.9, 0.5, 0.1]), LIMITS)
    assert worse is not None
    assert worse.trend == pytest.approx(0.8)
    assert better is not None
    assert better.trend == pytest.approx(-0.8)
    silent_end = Call("a", caller=0, heard=HeardCall(60.0, (track([0.9, 0.9]), track([0.1]))))
    found = measure(silent_end, LIMITS)
    assert found is not None
    assert found.trend is None


@pytest.mark.parametrize(
    ("values", "calm", "seconds"),
    [
        ([0.1, 0.1], None, None),
        ([0.9, 0.1, 0.1], True, 2.0),
        ([0.9, 0.1, 0.9, 0.1, 0.1, 0.9], True, 6.0),
        ([0.9, 0.9, 0.1], False, None),
    ],
)
def test_time_to_calm_ends_with_the_last_moment_before_enough_calm_speech(
    values: list[float], calm: bool | None, seconds: float | None
) -> None:
    found = measure(call(values), LIMITS)
    assert found is not None
    assert found.calm is calm
    assert found.time_to_calm_s == seconds


def test_a_threshold_is_moved_without_listening_again() -> None:
    one = call([0.3, 0.5, 0.7])
    shares = [measure(one, Limits(threshold)).dissatisfied_share for threshold in (0.2, 0.4, 0.6, 0.8)]  # type: ignore[union-attr]
    assert shares == pytest.approx([1, 2 / 3, 1 / 3, 0])


def test_the_table_puts_the_most_dissatisfied_first_and_what_could_not_be_read_last() -> None:
    calls = [
        call([0.1, 0.9], "half"),
        Call("broken", error="It is broken."),
        call([0.9, 0.9], "all"),
        call([], "quiet"),
    ]
    table = calls_table(calls, LIMITS)
    assert list(table["call"]) == ["all", "half", "quiet", "broken"]
    assert list(table["place"]) == [2, 0, 3, 1]
    assert table["error"].tolist()[3] == "It is broken."
    assert table["caller"].tolist()[:2] == ["right", "right"]
    assert table["dissatisfied_share"].isna().tolist() == [False, False, True, True]
    assert calls_table([], LIMITS).empty


def test_mono_and_twice_the_same_channel_are_mixed() -> None:
    mono = Call("m", heard=HeardCall(4.0, (track([0.9, 0.9]),)), caller=1)
    twice = Call("t", heard=HeardCall(4.0, (track([0.9, 0.9]), track([0.9, 0.9]))), caller=1)
    apart = call([0.9, 0.9])
    assert [one.side for one in (mono, twice, apart)] == ["mixed", "mixed", "right"]
    assert mono.channel_names == ("both speakers",)
    assert apart.channel_names == ("agent", "caller")


def test_moments_of_all_calls() -> None:
    table = moments_table([call([0.9, 0.1, 0.7], "a"), call([0.1], "b")], LIMITS)
    assert table[["call", "start_s", "end_s"]].to_numpy().tolist() == [["a", 0, 2], ["a", 4, 6]]
    assert table["peak"].tolist() == pytest.approx([0.9, 0.7])
