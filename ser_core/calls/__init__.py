"""Calls and archives of them: who is dissatisfied, when, whether it gets better, and how agents compare.

model = BatchModel.load("lite")
calls = score_batch(list_sources([Path("calls/")]), model, Journal(Path("journal.jsonl")))
table = calls_table(calls, Limits(threshold=0.6))
agents = compare_agents(table)
"""

from ser_core.calls.agents import compare_agents as compare_agents
from ser_core.calls.archive import Source as Source
from ser_core.calls.archive import list_sources as list_sources
from ser_core.calls.archive import uploaded_sources as uploaded_sources
from ser_core.calls.batch import BatchModel as BatchModel
from ser_core.calls.batch import score_batch as score_batch
from ser_core.calls.call import Call as Call
from ser_core.calls.call import HeardCall as HeardCall
from ser_core.calls.call import Track as Track
from ser_core.calls.journal import Journal as Journal
from ser_core.calls.measures import Limits as Limits
from ser_core.calls.measures import Measures as Measures
from ser_core.calls.measures import calls_table as calls_table
from ser_core.calls.measures import measure as measure
from ser_core.calls.measures import moments as moments
from ser_core.calls.measures import moments_table as moments_table

__all__ = [
    "BatchModel",
    "Call",
    "HeardCall",
    "Journal",
    "Limits",
    "Measures",
    "Source",
    "Track",
    "calls_table",
    "compare_agents",
    "list_sources",
    "measure",
    "moments",
    "moments_table",
    "score_batch",
    "uploaded_sources",
]
