"""What the first bytes of a file say: its container, and how many bytes it promises that are not there.

Decoders are no help in either: some take an image, a text or a playlist for something to open, and most stay silent
about a file that was cut off.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

#: Chunk sizes that recorders write when they do not know the length yet (streams): they promise nothing.
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)
#: Some writers count the 44 bytes of the header, or a pad byte, into the size of the WAVE data.
_RIFF_SLACK = 44
#: The size in an MP3's Xing tag is taken with this slack, since editors that change tags leave it as it was.
_XING_SLACK = 0.02
#: How far behind its tag the first MP3 or AAC frame is looked for, in bytes.
_SYNC_WINDOW = 4096

_MAGIC = {
    b"OggS": "ogg",
    b"fLaC": "flac",
    b"\x1aE\xdf\xa3": "matroska",
    b"caff": "caf",
    b"riff": "w64",
    b".snd": "au",
    b"#!AM": "amr",
    b"\x30\x26\xb2\x75": "asf",
}
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"moof")


def container_of(data: bytes) -> str | None:
    """Return the container of *data*, or None when it does not start like a sound file.

    One of ``wav``, ``aiff``, ``ogg``, ``flac``, ``mp3``, ``aac``, ``mp4`` (also m4a), ``matroska`` (also webm),
    ``caf``, ``w64``, ``au``, ``amr``, ``asf``.
    """
    if data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if data[4:8] in _MP4_BOXES:
        return "mp4"
    start = _behind_id3(data)
    if data[start : start + 4] in _MAGIC:
        return _MAGIC[data[start : start + 4]]
    if _first_frame(data, start, _mp3_frame_bytes) is not None:
        return "mp3"
    return "aac" if _first_frame(data, start, _adts_frame_bytes) is not None else None


def declared_bytes_missing(data: bytes) -> int:
    """Return how many bytes the headers promise beyond the end of *data*; 0 when complete or unknown.

    Reads RIFF/WAVE ``data``, AIFF ``SSND``, the last Ogg page, MP4 boxes, the Matroska segment and the Xing tag of
    an MP3. Ogg's end-of-stream flag is not asked for: Android's voice messages lack it.
    """
    reader = _MISSING.get(container_of(data) or "")
    return reader(data) if reader else 0


def _missing_in_wav(data: bytes) -> int:
    missing = _missing_in_chunk(data, b"data", ">" if data[:4] == b"RIFX" else "<")
    return missing if missing > _RIFF_SLACK else 0


def _missing_in_aiff(data: bytes) -> int:
    missing = _missing_in_chunk(data, b"SSND", ">")
    return missing if missing > _RIFF_SLACK else 0


def _missing_in_chunk(data: bytes, wanted: bytes, order: str) -> int:
    long_size = None
    position = 12
    while position + 8 <= len(data):
        chunk, size = data[position : position + 4], struct.unpack(order + "I", data[position + 4 : position + 8])[0]
        if chunk == b"ds64" and position + 24 <= len(data):  # RF64 keeps the size of the data here
            long_size = struct.unpack("<Q", data[position + 16 : position + 24])[0]
        if chunk == wanted:
            size = long_size if size == 0xFFFFFFFF and long_size else size
            return 0 if size in _UNKNOWN_SIZES else max(0, position + 8 + size - len(data))
        position += 8 + size + (size & 1)
    return 0


def _missing_in_ogg(data: bytes) -> int:
    last = data.rfind(b"OggS")
    header = data[last : last + 27]
    if len(header) < 27:
        return 27 - len(header)
    lacing = data[last + 27 : last + 27 + header[26]]
    return max(0, last + 27 + header[26] + sum(lacing) - len(data))


def _missing_in_mp4(data: bytes) -> int:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        if size == 1 and position + 16 <= len(data):
            size = struct.unpack(">Q", data[position + 8 : position + 16])[0]
        if size < 8:  # up to the end of the file, or no box
            return 0
        if position + size > len(data):
            return position + size - len(data) if kind in _MP4_BOXES else 0
        position += size
    return 0


def _missing_in_matroska(data: bytes) -> int:
    header_size, position = _ebml_size(data, 4)
    position += header_size or 0
    if data[position : position + 4] != b"\x18\x53\x80\x67":
        return 0
    size, position = _ebml_size(data, position + 4)
    return 0 if size is None else max(0, position + size - len(data))


def _ebml_size(data: bytes, position: int) -> tuple[int | None, int]:
    """Return a variable-length size (None when unknown) and the position behind it."""
    first = data[position] if position < len(data) else 0
    length = 9 - first.bit_length()
    bits = 7 * length
    value = int.from_bytes(data[position : position + length], "big") & ((1 << bits) - 1)
    return (None if value == (1 << bits) - 1 or first == 0 else value), position + length


def _missing_in_mp3(data: bytes) -> int:
    start = _first_frame(data, _behind_id3(data), _mp3_frame_bytes)
    if start is None:
        return 0
    frame = data[start : start + 200]
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    has_size = tag > 0 and len(frame) >= tag + 16 and frame[tag + 7] & 0x02
    if not has_size:
        return 0
    place = tag + (12 if frame[tag + 7] & 0x01 else 8)
    size = struct.unpack(">I", frame[place : place + 4])[0]
    missing = start + size - len(data)
    return missing if missing > _XING_SLACK * size else 0


_MISSING: Mapping[str, Callable[[bytes], int]] = {
    "wav": _missing_in_wav,
    "aiff": _missing_in_aiff,
    "ogg": _missing_in_ogg,
    "mp4": _missing_in_mp4,
    "matroska": _missing_in_matroska,
    "mp3": _missing_in_mp3,
}

_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _behind_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _first_frame(data: bytes, start: int, frame_bytes: Callable[[bytes], int]) -> int | None:
    """Return where the first frame starts whose successor is one too (or is the end of the file), else None."""
    position = data.find(b"\xff", start, start + _SYNC_WINDOW)
    while position >= 0:
        size = frame_bytes(data[position : position + 7])
        after = position + size
        if size and (after == len(data) or frame_bytes(data[after : after + 7])):
            return position
        position = data.find(b"\xff", position + 1, start + _SYNC_WINDOW)
    return None


def _mp3_frame_bytes(header: bytes) -> int:
    """Return the length of the MPEG layer III frame that starts with *header*, 0 when there is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, kbits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or kbits in (0, 15) or rate == 3:
        return 0
    table, factor = (_MP3_KBITS_1, 144) if version == 3 else (_MP3_KBITS_2, 72)
    return factor * 1000 * table[kbits - 1] // _MP3_RATES[version][rate] + (header[2] >> 1 & 1)


def _adts_frame_bytes(header: bytes) -> int:
    """Return the length of the ADTS (AAC) frame that starts with *header*, 0 when there is none."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0
