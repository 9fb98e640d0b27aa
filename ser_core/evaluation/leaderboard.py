"""Bundles and runs beside what others published, each only where protocol and classes are the same."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ser_core.bundle import ModelCard
from ser_core.corpora.listeners import LISTENERS
from ser_core.protocols import is_leaky, labels_of, published, published_names


class Anchor(BaseModel):
    """A published score; *exact* is whether its test speakers are those of our protocol, not only its kind of split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    protocol: str
    classes: int
    metric: Literal["uar", "wa"]
    value: float
    exact: bool
    source: str


class Entry(BaseModel):
    """A line of the leader-board.

    *kind* tells a shipped or installed bundle, a run, a publication, listeners and guessing apart. *uar* and *wa* are
    fractions of 1, None where they were not given; intervals are 95 % over speakers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["bundle", "run", "published", "listeners", "chance"]
    uar: float | None = None
    uar_ci95: tuple[float, float] | None = None
    wa: float | None = None
    wa_ci95: tuple[float, float] | None = None
    source: str
    note: str = ""


class Board(BaseModel):
    """All that was measured under one protocol with the same classes, the best *metric* first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str
    corpus: str | None
    classes: int
    metric: Literal["uar", "wa"]
    leaky: bool
    entries: list[Entry]


@functools.cache
def anchors() -> tuple[Anchor, ...]:
    """Return the published scores that come with the package."""
    text = resources.files("ser_core.evaluation").joinpath("anchors.json").read_text(encoding="utf-8")
    return tuple(Anchor.model_validate(entry) for entry in json.loads(text)["anchors"])


def leaderboard(
    cards: Iterable[ModelCard] = (),
    runs: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    *,
    similar: bool = False,
) -> list[Board]:
    """Return one board for each protocol and set of classes under which something of ours was measured.

    Parameters
    ----------
    cards
        Of bundles; their models were tested before the shipped weights were trained on everything.
    runs
        {name of the run: evaluation objects by protocol, as :func:`ser_core.evaluation.report.evaluate_run` gives
        them}.
    similar
        Whether to add publications whose kind of split is the same but whose folds are not; they say so.

    Returns
    -------
    list of Board
        Published protocols first, and leaky ones, marked, last. Publications, listeners and guessing stand on boards
        of published protocols with all their classes only.
    """
    found: dict[tuple[str, tuple[str, ...], str], list[Entry]] = {}
    for card in cards:
        for own in card.evaluation.values():
            found.setdefault(_key(own), []).append(_entry(card.name, "bundle", own, card.evaluation_note))
    for name, reports in (runs or {}).items():
        for report in reports.values():
            found.setdefault(_key(report), []).append(_entry(name, "run", report, "this program's run folder"))
    boards = [_board(*key, entries, similar) for key, entries in found.items()]
    order = published_names()
    place = {name: number for number, name in enumerate(order)}
    return sorted(boards, key=lambda b: (b.leaky, place.get(b.protocol, len(order)), b.protocol, -b.classes))


def _key(report: Mapping[str, Any]) -> tuple[str, tuple[str, ...], str]:
    """Return what must be alike: protocol, classes, and for protocols without fixed speakers who was tested."""
    protocol = str(report["protocol"])
    speakers = sorted({speaker for fold in report["folds"] for speaker in fold["test_speakers"]})
    tested = "" if protocol in published_names() else f"{report['corpus']} {' '.join(speakers)}"
    return protocol, tuple(report["labels"]), tested


def _entry(name: str, kind: Literal["bundle", "run"], report: Mapping[str, Any], source: str) -> Entry:
    low_high = {key: tuple(report[key]) for key in ("uar_ci95", "wa_ci95")}
    note = "inflated: training and test share speakers" if is_leaky(str(report["protocol"])) else ""
    return Entry(name=name, kind=kind, uar=report["uar"], wa=report["wa"], source=source, note=note, **low_high)


def _board(protocol: str, labels: tuple[str, ...], tested: str, entries: list[Entry], similar: bool) -> Board:
    known = protocol in published_names()
    corpus = str(published(protocol)["corpus"]) if known else tested.split(" ", maxsplit=1)[0]
    beside: list[Entry] = [Entry(name="guessing", kind="chance", uar=1 / len(labels), source="one over the classes")]
    metric: Literal["uar", "wa"] = "uar"
    if known and labels == labels_of(protocol):
        fitting = [anchor for anchor in anchors() if (anchor.protocol, anchor.classes) == (protocol, len(labels))]
        if any(anchor.metric == "wa" and anchor.exact for anchor in fitting):
            metric = "wa"
        beside += [_published(anchor) for anchor in fitting if anchor.exact or similar]
        beside += _listeners(corpus)
    ranked = sorted([*entries, *beside], key=lambda entry: -_score(entry, metric))
    named = None if corpus == "None" else corpus
    return Board(
        protocol=protocol, corpus=named, classes=len(labels), metric=metric, leaky=is_leaky(protocol), entries=ranked
    )


def _score(entry: Entry, metric: str) -> float:
    """Return what an entry is ranked by; the other metric where the wanted one was not published."""
    first, second = (entry.uar, entry.wa) if metric == "uar" else (entry.wa, entry.uar)
    return first if first is not None else second if second is not None else -1.0


def _published(anchor: Anchor) -> Entry:
    note = "" if anchor.exact else "same kind of split, other folds"
    score = {anchor.metric: anchor.value}
    return Entry(name=anchor.system, kind="published", source=anchor.source, note=note, **score)


def _listeners(corpus: str) -> list[Entry]:
    entry = LISTENERS.get(corpus)
    if entry is None:
        return []
    note = "they were not told the intention" + ("" if entry.verified else "; not verified")
    return [Entry(name="people who only listen", kind="listeners", wa=entry.accuracy, source=entry.source, note=note)]
