"""What is handed on: a report that needs nothing else and runs nothing, tables that hold no formula."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import pytest

from ser_core.calls import Call, HeardCall, Limits, measure
from ser_core.calls.exports import calls_csv, calls_json, calls_xlsx
from ser_core.calls.report import html_report
from ser_core.calls.words import batch_words, clock, summary
from tests.calls.made import call, track

EVIL = "<script>alert(1)</script>\"'&"
LIMITS = Limits(0.6, 4.0)
QUIET = Call("quiet.wav", heard=HeardCall(9.0, (track([]), track([0.0]))))


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    made = [call([0.1, 0.9, 0.2, 0.1, 0.1], f"{n}.wav", agent="Amal") for n in range(6)]
    made += [call([0.1, 0.1, 0.1], f"b{n}.wav", agent=f"=HYPERLINK({n})" if n == 0 else "Bo") for n in range(7)]
    mono = Call("mono.wav", heard=HeardCall(4.0, (track([0.9, 0.9]),)), agent=EVIL)
    return [*made, mono, Call("+evil.wav", call_id=EVIL, error="+evil.wav is empty."), QUIET]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)


def test_the_report_needs_nothing_and_runs_nothing(calls: list[Call]) -> None:
    page = html_report(calls, LIMITS, "lite")
    parsed = _Tags()
    parsed.feed(page)
    assert not {"script", "img", "link", "iframe", "a"} & set(parsed.tags)
    assert not {name for name in parsed.attributes if name.startswith("on") or name in ("src", "href", "style")}
    assert "url(" not in page
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "prefers-color-scheme: dark" in page
    assert "default-src 'none'" in page
    for words in ("15 calls", "1 could not be read", "Amal", "+evil.wav is empty.", "agent and caller are mixed"):
        assert words in page
    assert (
        page.count("<svg viewBox") == 1 + 2 * 13 + 1
    )  # agents, both channels of the stereo calls, one of the mono call


def test_the_report_of_nothing_is_still_a_page() -> None:
    page = html_report([Call("a.wav", error="a.wav is empty.")], LIMITS, "lite")
    assert "a.wav is empty." in page


def test_csv_holds_no_formula(calls: list[Call]) -> None:
    rows = list(csv.DictReader(io.StringIO(calls_csv(calls, LIMITS))))
    assert len(rows) == len(calls)
    assert not [value for row in rows for value in row.values() if re.match(r"[=+@]", value)]
    assert {"'=HYPERLINK(0)", "Amal"} <= {row["agent"] for row in rows}
    assert rows[0]["caller"] == "mixed"


def test_the_workbook_holds_text_and_no_formula(calls: list[Call]) -> None:
    with zipfile.ZipFile(io.BytesIO(calls_xlsx(calls, LIMITS, "lite"))) as book:
        names = re.findall(r'<sheet name="(\w+)"', book.read("xl/workbook.xml").decode())
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 5)]
        strings = book.read("xl/sharedStrings.xml").decode()
    assert names == ["Calls", "Moments", "Agents", "About"]
    assert not [sheet for sheet in sheets if "<f>" in sheet or "hyperlink" in sheet]
    assert "=HYPERLINK(0)" in strings
    assert sheets[0].count("<row ") == 1 + len(calls)


def test_json_says_what_is_not_known_as_null(calls: list[Call]) -> None:
    found = json.loads(calls_json(calls, LIMITS, "lite"))
    assert found["about"] == {
        "model": "lite", "threshold": 0.6, "calm_s": 4.0, "calls": 16, "unreadable": 1, "mixed": 1
    }  # fmt: skip
    broken = next(entry for entry in found["calls"] if entry["error"])
    assert broken["measures"] is None
    first = next(entry for entry in found["calls"] if entry["file"] == "0.wav")
    assert first["measures"]["dissatisfied_share"] == pytest.approx(0.2)
    assert [channel["who"] for channel in first["channels"]] == ["agent", "caller"]
    assert found["agents"][0]["agent"] == EVIL


def test_words(calls: list[Call]) -> None:
    said = summary(calls[0], measure(calls[0], LIMITS), LIMITS)
    assert said.startswith(
        "20 % of the caller's speech is dissatisfied (0:02 in all, the longest 0:02, first at 0:02)."
    )
    assert said.endswith("calm after 0:02.")
    assert summary(calls[7], measure(calls[7], LIMITS), LIMITS) == "Never reaches the threshold of 0.6."
    assert summary(QUIET, measure(QUIET, LIMITS), LIMITS) == "No speech was found on the caller's channel."
    assert clock(3725) == "1:02:05"
    assert clock(float("nan")) == "–"


@pytest.mark.parametrize(("seconds", "words"), [(119.7, "2 min 0 s"), (59.4, "0 min 59 s"), (7200.0, "2.0 hours")])
def test_a_batch_is_as_long_as_a_clock_says(seconds: float, words: str) -> None:
    one = Call("a.wav", heard=HeardCall(seconds, (track([0.1]),)))
    assert batch_words([one]).startswith(f"1 calls, {words}")
