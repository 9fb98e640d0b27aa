"""The one place that decides who is heard in training, in validation and in the test.

A protocol is a named way to split a table of clips. Its test speakers are never in training or validation; a split
that shares a speaker raises, unless it was asked for by the name ``random-leaky``.

    >>> sorted(protocol_names())  # doctest: +NORMALIZE_WHITESPACE
    ['all', 'cremad-evar', 'cross-corpus', 'joint', 'leave-one-corpus-out', 'random-leaky',
     'ravdess-emobox', 'savee-loso', 'speaker-5fold', 'tess-loso', 'text-independent']
"""

from ser_core.protocols.names import ALL as ALL
from ser_core.protocols.names import CORPUS as CORPUS
from ser_core.protocols.names import JOINT as JOINT
from ser_core.protocols.names import LEAKY as LEAKY
from ser_core.protocols.names import PAIRS as PAIRS
from ser_core.protocols.names import SPEAKER as SPEAKER
from ser_core.protocols.names import TEXT as TEXT
from ser_core.protocols.names import answered_protocols as answered_protocols
from ser_core.protocols.names import fold_count as fold_count
from ser_core.protocols.names import is_leaky as is_leaky
from ser_core.protocols.names import kind_of as kind_of
from ser_core.protocols.names import labels_of as labels_of
from ser_core.protocols.names import protocol_names as protocol_names
from ser_core.protocols.names import published as published
from ser_core.protocols.names import published_names as published_names
from ser_core.protocols.splits import Split as Split
from ser_core.protocols.splits import check_split as check_split
from ser_core.protocols.splits import make_split as make_split

__all__ = [
    "ALL",
    "CORPUS",
    "JOINT",
    "LEAKY",
    "PAIRS",
    "SPEAKER",
    "TEXT",
    "Split",
    "answered_protocols",
    "check_split",
    "fold_count",
    "is_leaky",
    "kind_of",
    "labels_of",
    "make_split",
    "protocol_names",
    "published",
    "published_names",
]
