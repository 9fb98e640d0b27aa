"""What a container's own header says about its length, where decoders stay silent about a cut-off file."""

from __future__ import annotations

import struct

#: Chunk sizes that recorders write when they do not know the length yet (streams): they promise nothing.
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)
_OGG_END_OF_STREAM = 0x04


def declared_bytes_missing(data: bytes) -> int:
    """Return how many bytes the header promises beyond the end of *data*; 0 when complete or unknown.

    Reads RIFF/WAVE ``data``, AIFF ``SSND`` and, for Ogg, the end-of-stream flag of the last page (a missing
    flag counts as one byte, since the true length cannot be known).
    """
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return _missing_in_chunk(data, b"data", "<")
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return _missing_in_chunk(data, b"SSND", ">")
    if data[:4] == b"OggS":
        return _missing_in_ogg(data)
    return 0


def _missing_in_chunk(data: bytes, wanted: bytes, order: str) -> int:
    position = 12
    while position + 8 <= len(data):
        size = struct.unpack(order + "I", data[position + 4 : position + 8])[0]
        if data[position : position + 4] == wanted:
            return 0 if size in _UNKNOWN_SIZES else max(0, position + 8 + size - len(data))
        position += 8 + size + (size & 1)
    return 0


def _missing_in_ogg(data: bytes) -> int:
    last = data.rfind(b"OggS")
    header = data[last : last + 27]
    if len(header) < 27:
        return 27 - len(header)
    lacing = data[last + 27 : last + 27 + header[26]]
    missing = max(0, last + 27 + header[26] + sum(lacing) - len(data))
    if missing == 0 and not header[5] & _OGG_END_OF_STREAM:
        return 1
    return missing
