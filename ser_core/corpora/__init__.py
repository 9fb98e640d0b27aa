"""One table for the four corpora: a reader each, one row a clip, the same columns everywhere."""

from ser_core.corpora.facts import CORPORA as CORPORA
from ser_core.corpora.facts import CorpusFacts as CorpusFacts
from ser_core.corpora.names import parse_name as parse_name
from ser_core.corpora.table import COLUMNS as COLUMNS
from ser_core.corpora.table import read_corpora as read_corpora
from ser_core.corpora.table import read_corpus as read_corpus

__all__ = ["COLUMNS", "CORPORA", "CorpusFacts", "parse_name", "read_corpora", "read_corpus"]
