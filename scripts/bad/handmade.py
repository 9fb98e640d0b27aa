"""Containers written by hand: what no encoder would write, and silence of hours in a few kB.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), RFC 6716 and RFC 7845 (Opus), RFC 9559 (Matroska), ISO 11172-3 (MP3).
"""

from __future__ import annotations

import struct

#: An Opus packet of 120 ms of nothing: SILK wideband, 20 ms, one channel, six frames of no bytes.
_OPUS_SILENCE, _OPUS_SAMPLES = bytes((9 << 3 | 3, 6)), 5760
_OPUS_HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)


def _table(polynomial: int, bits: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) else 0)
            value &= (1 << bits) - 1
        table.append(value)
    return table


_CRC8, _CRC16, _CRC32 = _table(0x07, 8), _table(0x8005, 16), _table(0x04C11DB7, 32)


def _crc(data: bytes, table: list[int], bits: int) -> int:
    value, mask = 0, (1 << bits) - 1
    for byte in data:
        value = ((value << 8) & mask) ^ table[(value >> (bits - 8)) ^ byte]
    return value


def flac(seconds: float, rate: int = 16_000, channels: int = 1, declared: int | None = None) -> bytes:
    """Return silence as FLAC of 8 bits; *declared* samples in its head (0: unknown), by default the truth."""
    size = 65_535
    blocks = -(-round(seconds * rate) // size)
    total = blocks * size if declared is None else declared
    fields = rate << 44 | (channels - 1) << 41 | 7 << 36 | total
    head = struct.pack(">HH", size, size) + bytes(6) + fields.to_bytes(8, "big") + bytes(16)
    subframes = bytes(2 * channels)  # each: constant, of the value 0
    frames = []
    for number in range(blocks):
        start = b"\xff\xf8" + bytes((0x70, (channels - 1) << 4)) + _coded(number) + struct.pack(">H", size - 1)
        frame = start + bytes((_crc(start, _CRC8, 8),)) + subframes
        frames.append(frame + struct.pack(">H", _crc(frame, _CRC16, 16)))
    return b"fLaC\x80\0\0\x22" + head + b"".join(frames)


def _coded(number: int) -> bytes:
    """Return a frame's number as UTF-8 would code it."""
    if number < 0x80:
        return bytes((number,))
    rest = []
    limit = 0x40
    while number >= limit:
        rest.append(0x80 | number & 0x3F)
        number >>= 6
        limit = max(limit >> 1, 1) if rest[1:] else 0x20
    return bytes(((0xFF << (7 - len(rest))) & 0xFF | number, *reversed(rest)))


def opus(seconds: float, granules: int | None = None) -> bytes:
    """Return silence as Ogg Opus; *granules* on its last page, by default the truth."""
    count = round(seconds * 48_000 / _OPUS_SAMPLES)
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    pages = [_page([_OPUS_HEAD], 0, 0, 2), _page([tags], 0, 1, 0)]
    done = 0
    while done < count:
        packets = min(255, count - done)
        done += packets
        last = done == count
        position = granules if last and granules is not None else done * _OPUS_SAMPLES
        pages.append(_page([_OPUS_SILENCE] * packets, position, len(pages), 4 if last else 0))
    return b"".join(pages)


def _page(packets: list[bytes], position: int, number: int, flags: int) -> bytes:
    lacing = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBQIII", b"OggS", 0, flags, position, 1, number, 0) + bytes((len(packets),)) + lacing
    return _summed(head + b"".join(packets))


def _summed(page: bytes) -> bytes:
    page = page[:22] + bytes(4) + page[26:]
    return page[:22] + struct.pack("<I", _crc(page, _CRC32, 32)) + page[26:]


def settled_ogg(data: bytes) -> bytes:
    """Return an Ogg file whose stream has the number 1, which encoders draw by chance."""
    pages = []
    while data:
        size = 27 + data[26] + sum(data[27 : 27 + data[26]])
        pages.append(_summed(data[:14] + struct.pack("<I", 1) + data[18:size]))
        data = data[size:]
    return b"".join(pages)


def webm(seconds: float) -> bytes:
    """Return silence as Opus in WebM that does not say how long it is."""
    track = _element("D7", b"\x01") + _element("73C5", b"\x01") + _element("83", b"\x02")
    track += _element("86", b"A_OPUS") + _element("63A2", _OPUS_HEAD)
    track += _element("E1", _element("B5", struct.pack(">f", 48_000.0)) + _element("9F", b"\x01"))
    head = _element("1A45DFA3", _element("4282", b"webm") + _element("4287", b"\x04") + _element("4285", b"\x02"))
    info = _element("1549A966", _element("2AD7B1", (1_000_000).to_bytes(3, "big")))
    clusters = []
    for start in range(0, round(seconds * 1000), 30_000):
        blocks = [
            b"\xa3\x86\x81" + struct.pack(">hB", offset, 0x80) + _OPUS_SILENCE for offset in range(0, 30_000, 120)
        ]
        clusters.append(_element("1F43B675", _element("E7", start.to_bytes(5, "big")) + b"".join(blocks)))
    body = info + _element("1654AE6B", _element("AE", track)) + b"".join(clusters)
    return head + bytes.fromhex("18538067") + b"\x01" + b"\xff" * 7 + body


def _element(identifier: str, content: bytes) -> bytes:
    return bytes.fromhex(identifier) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def mp3(seconds: float) -> bytes:
    """Return silence as MPEG 2.5 layer III, 8 kHz, 8 kbit/s, in frames of 72 ms that do not say how many there are."""
    return (b"\xff\xe3\x18\xc4" + bytes(68)) * round(seconds / 0.072)


def wav(
    *, rate: int = 16_000, channels: int = 1, bits: int = 16, tag: int = 1, size: int | None = None, body: bytes = b""
) -> bytes:
    """Return a WAVE file whose head says what it is told to; *size* of the data is the truth by default."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block % 2**16, bits)
    said = len(body) if size is None else size
    data = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", said) + body
    return b"RIFF" + struct.pack("<I", min(len(data) - len(body) + said, 2**32 - 1)) + data
