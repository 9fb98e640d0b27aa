"""What can be judged: models and trainings, read once for all visitors."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pages.parts.evaluate.judged import Judged, from_details, from_report
from pages.parts.explore.data import available
from pages.parts.train.common import manager
from ser_core.bundle import ModelCard, list_bundles, load_card
from ser_core.errors import SERError
from ser_core.evaluation.details import EvaluationDetails, evaluate_details
from ser_core.evaluation.report import evaluate_predictions, held_out_tests
from ser_core.protocols import ALL
from ser_core.settings import settings
from ser_core.training.listing import Run, report_of


@dataclass(frozen=True)
class Source:
    """A model, or a training with at least one finished fold."""

    kind: Literal["model", "training"]
    name: str
    title: str
    card: ModelCard | None = None
    run: Run | None = None

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.kind}:{self.name}"


def trainings() -> list[Source]:
    """Return the trainings that have answered something about speakers who were held out, the newest first."""
    found = []
    for run in manager().look():
        if run.protocol != ALL and any(run.folder.finished(fold) for fold in run.folds):
            found.append(Source("training", run.name, f"{run.name} (training)", run=run))
    return found


def models() -> list[Source]:
    """Return the models there are, those that cannot be read left out."""
    found = []
    for name, folder in sorted(list_bundles().items()):
        with contextlib.suppress(SERError):
            card = load_card(folder)
            found.append(Source("model", name, f"{card.title} (model)", card=card))
    return found


def reports(source: Source) -> dict[str, dict[str, Any]]:
    """Return the report of each protocol that a source answers, by name of the protocol."""
    if source.card is not None:
        return dict(source.card.evaluation)
    assert source.run is not None
    try:
        return _reports(str(source.run.folder.path), _version(source.run), source.run)
    except (SERError, OSError, ValueError, KeyError) as error:
        words = str(error) if isinstance(error, SERError) else "Its files are damaged: train it anew."
        st.warning(f"The training {source.name} cannot be judged. {words}", icon=":material/warning:")
        return {}


def judge(source: Source, protocol: str) -> Judged:
    """Return everything that is known of a source under one of its protocols."""
    report = reports(source)[protocol]
    if source.run is None or report.get("partial") or protocol not in answers(source):
        return from_report(report, protocol)
    details = _details(str(source.run.folder.path), _version(source.run), protocol, _corpora(), source.run)
    return from_details(details, report)


def answers(source: Source) -> Mapping[str, Sequence[pd.DataFrame]]:
    """Return a training's test clips by protocol, a frame a fold; nothing for a model, which keeps its report only."""
    if source.run is None:
        return {}
    return _tests(str(source.run.folder.path), _version(source.run), source.run)


def version_of(source: Source) -> int:
    """Return what changes when a training has new answers."""
    return _version(source.run) if source.run is not None else 0


def _version(run: Run) -> int:
    """Return what changes when a fold is finished or trained anew."""
    files = [*run.folder.path.glob("fold-*/predictions.parquet"), run.folder.path / "evaluation.json"]
    return hash(tuple((str(file), file.stat().st_mtime_ns) for file in sorted(files) if file.exists()))


def _corpora() -> tuple[str, ...]:
    return (str(settings().data), *available())


# Resources, not data: nobody changes them, and copies of thousands of rows for every rerun would cost more.
@st.cache_resource(show_spinner=False, max_entries=32)
def _reports(path: str, version: int, _run: Run) -> dict[str, dict[str, Any]]:
    found = report_of(_run)
    if any(report.get("partial") for report in found.values()):  # or the report was not written, but all folds are
        whole = {name: evaluate_predictions(name, parts) for name, parts in _tests(path, version, _run).items()}
        return whole or found
    return found


@st.cache_resource(show_spinner="Reading the answers …", max_entries=8)
def _tests(path: str, version: int, _run: Run) -> dict[str, list[pd.DataFrame]]:
    return held_out_tests(_run.folder, [fold for fold in _run.folds if _run.folder.finished(fold)])


@st.cache_resource(show_spinner="Judging every answer …", max_entries=16)
def _details(path: str, version: int, protocol: str, corpora: tuple[str, ...], _run: Run) -> EvaluationDetails:
    return evaluate_details(_tests(path, version, _run)[protocol], protocol)
