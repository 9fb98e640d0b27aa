from __future__ import annotations

import pytest

from ser_core.corpora import CORPORA
from ser_core.corpora.listeners import LISTENERS
from ser_core.corpora.votes import listeners_summary, read_votes
from ser_core.errors import CorpusError
from ser_core.presentation import LISTENERS as SHOWN


def test_every_corpus_has_a_figure_with_its_source() -> None:
    assert set(LISTENERS) == set(CORPORA)
    assert all(0.3 < entry.accuracy < 1 and len(entry.source) > 20 for entry in LISTENERS.values())


def test_what_is_shown_and_said_is_this_figure() -> None:
    assert {"cremad-evar": LISTENERS["cremad"].accuracy} == SHOWN
    for corpus, facts in CORPORA.items():
        assert f"{100 * LISTENERS[corpus].accuracy:.3g} %" in (facts.listeners or "")


def test_the_published_figure_is_near_what_the_table_of_votes_gives(data_folder) -> None:
    try:
        counted = listeners_summary(read_votes(data_folder / "cremad"))["accuracy"]
    except CorpusError:
        pytest.skip("CREMA-D's table of votes is not here")
    assert counted == pytest.approx(0.400, abs=5e-4)
    assert LISTENERS["cremad"].accuracy == pytest.approx(counted, abs=0.01)
