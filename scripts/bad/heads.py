"""Sound files whose heads lie, files that unfold to hours, and files that are merely odd."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterator

import av
import numpy as np

from bad import handmade
from bad.case import ANSWER, EITHER, Case, sound
from bad.encoded import SAMPLE_RATE, encode, spoken, voice

_SECOND = bytes(32_000)
#: 384 bytes of AAC that `scripts/fuzz.py audio` found: they ended the process.
_FOUND = (
    "//FgQDu//N4CAExndmM2Mi4yOC4xMDIAAgirWeD1KwwPTWF+fHCOeMsrqXW8dSuN1lTOL2kTuTPP//cAAAAAAAAAAAAAAAAAAAAAOAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOlZwM1ntU8H1hPPWGrZTQt2ckvZxyoZQEP5/sOLdRNNHkFRdAvbOoUPMdMqABmH2"
    "6fA2+Dyb7Jo48HFxT9sZJ7C9m/9ShKym5q708OGYUt7c+6yYd60lCttz/JyOTLrzgI5MuvOAw/n/o8+hhtl6hJGgTODiAjC8M4XGGKLHySkA"
    "zt51ZWFl/Qt4xmv1dsfSeFq6PM+Z4cMu+f+jz6GG2XqEkaBM4OICMLwzhcYYosfJKWjO3nVlYWX9C3jGa/V2x9J4Wro8z5nhE9LHbmDRcgTi"
    "EFFpwcnSyWhzJEEBAAAAAAAAACPmNH4G0S4KK6JhLDwfZ67LRDkTmImMRGCkIkJw//FgQAGf/AEYgbRw"
)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Yield all of them."""
    yield from _lying_waves()
    yield from _lying_others()
    yield from _bombs()
    yield from _no_numbers()
    yield from _odd()


def _lying_waves() -> Iterator[Case]:
    for rate in (0, 1, 3_999, 10_000_000, 2**31, 2**32 - 1):
        yield sound(f"wav-rate-{rate}", handmade.wav(rate=rate, body=_SECOND))
    for channels in (0, 65, 255, 1000, 65_535):
        yield sound(f"wav-channels-{channels}", handmade.wav(channels=channels, body=_SECOND))
    for bits in (0, 1, 7, 65_535):
        yield sound(f"wav-bits-{bits}", handmade.wav(bits=bits, body=_SECOND), EITHER)
    for size in (40_000, 10_000_000, 2**31, 4_000_000_000):
        yield sound(f"wav-size-{size}", handmade.wav(size=size, body=_SECOND))
    for tag in (0, 2, 3, 0x11, 0x31, 0x50, 0x55, 0x161, 0x674F, 0xFFFE, 0xFFFF):
        yield sound(f"wav-format-{tag:#06x}", handmade.wav(tag=tag, body=_SECOND), EITHER)
    fmt = b"RIFF\xff\xff\xff\xffWAVEfmt "
    yield sound("wav-format-chunk-of-4-gb", fmt + b"\xff\xff\xff\xff" + _SECOND)
    yield sound(
        "wav-chunk-loop", fmt + struct.pack("<I", 16) + handmade.wav(body=b"")[20:36] + b"LIST\0\0\0\0" * 50_000
    )
    yield sound("wav-nested", handmade.wav(body=handmade.wav(body=handmade.wav(body=_SECOND))), ANSWER)
    big = bytearray(encode(voice(), "rf64"))
    place = big.find(b"ds64")
    big[place + 8 : place + 32] = struct.pack("<QQQ", 2**63 - 1, 2**63 - 1, 2**62)
    yield sound("rf64-of-exabytes", bytes(big))


def _lying_others() -> Iterator[Case]:
    yield sound("au-of-4-gb", _patched("au", b".snd", 8, b"\xff\xff\xff\xfe"), EITHER, ending="au")
    yield sound("au-rate-0", _patched("au", b".snd", 16, bytes(4)), ending="au")
    yield sound("au-channels", _patched("au", b".snd", 20, b"\x7f\xff\xff\xff"), ending="au")
    yield sound("aiff-frames", _patched("aiff", b"COMM", 10, b"\xff\xff\xff\xff"), EITHER, ending="aiff")
    for name, rate in (("infinite", b"\x7f\xff" + bytes(8)), ("nan", b"\x7f\xff" + b"\xff" * 8), ("zero", bytes(10))):
        yield sound(f"aiff-rate-{name}", _patched("aiff", b"COMM", 16, rate), ending="aiff")
    yield sound("aiff-sound-of-4-gb", _patched("aiff", b"SSND", 4, b"\xff\xff\xff\x00"), ending="aiff")
    yield sound("caf-data-of-exabytes", _patched("caf", b"data", 4, b"\x7f" + b"\xff" * 7), EITHER, ending="caf")
    yield sound("caf-negative-chunk", _patched("caf", b"desc", 4, b"\x80" + bytes(7)), EITHER, ending="caf")
    yield sound(
        "w64-of-exabytes", spoken("w64")[:16] + b"\xff" * 7 + b"\x7f" + spoken("w64")[24:], EITHER, ending="w64"
    )
    yield sound("flac-of-months", _patched("flac", b"fLaC", 21, b"\x0f\xff\xff\xff\xff"), ending="flac")
    yield sound("flac-rate-0", _patched("flac", b"fLaC", 18, bytes(3)), EITHER, ending="flac")
    yield sound("flac-blocks-of-0", _patched("flac", b"fLaC", 8, bytes(4)), EITHER, ending="flac")
    picture = b"\x06\xff\xff\xff" + bytes(4000)  # a cover of 16 MB that is not there
    flac = spoken("flac")
    yield sound("flac-cover-of-16-mb", flac[:4] + b"\0" + flac[5:42] + b"\x86" + picture[1:], ending="flac")
    yield sound("ogg-page-of-nothing", _patched("ogg", b"OggS", 26, b"\xff"), ending="ogg")
    yield sound("opus-channels-0", _patched("opus", b"OpusHead", 9, b"\0"), ending="opus")
    yield sound("opus-channels-255", _patched("opus", b"OpusHead", 9, b"\xff"), ending="opus")
    yield sound("opus-tags-of-4-gb", _patched("opus", b"OpusTags", 8, b"\xff\xff\xff\xff"), EITHER, ending="opus")
    for box, place in (("stsz", 12), ("stts", 8), ("stsc", 8), ("stco", 8), ("mdhd", 16), ("mvhd", 16), ("elst", 8)):
        data = _patched("m4a", box.encode(), place, b"\xff\xff\xff\xf0")
        yield sound(f"m4a-{box}-of-4-billion", data, EITHER, ending="m4a")
    yield sound("m4a-sample-of-hours", _patched("m4a", b"stts", 16, b"\x7f\xff\xff\xff"), EITHER, ending="m4a")
    yield sound("m4a-box-in-itself", b"\0\0\0\x18ftypM4A \0\0\0\0" + b"\0\0\0\x10moov" * 4000, ending="m4a")
    yield sound("m4a-box-of-exabytes", b"\0\0\0\x14ftypM4A \0\0\0\0\0\0\0\x01mdat\x7f" + b"\xff" * 7, ending="m4a")
    yield sound(
        "webm-segment-of-exabytes", _patched("webm", b"\x18\x53\x80\x67", 4, b"\x01" + b"\x7f" * 7), ending="webm"
    )
    yield sound("webm-deep", b"\x1aE\xdf\xa3\x84\x42\x86\x81\x01" + b"\x18\x53\x80\x67\xff" * 5000, ending="webm")
    yield sound("webm-rate-nan", _patched("webm", b"\xb5", 2, b"\x7f\xf8\0\0"), EITHER, ending="webm")


def _bombs() -> Iterator[Case]:
    yield sound("ten-hours-flac", lambda: handmade.flac(36_000), ending="flac")
    yield sound("ten-hours-flac-unsaid", lambda: handmade.flac(36_000, declared=0), ending="flac")
    yield sound(
        "ten-hours-flac-48-khz-stereo-unsaid", lambda: handmade.flac(36_000, 48_000, 2, declared=0), ending="flac"
    )
    yield sound(
        "ten-hours-flac-655-khz-8-channels-unsaid", lambda: handmade.flac(4000, 655_350, 8, declared=0), ending="flac"
    )
    yield sound("an-hour-flac-655-khz-8-channels", lambda: handmade.flac(3500, 655_350, 8), ending="flac")
    yield sound("an-hour-flac-96-khz-8-channels", lambda: handmade.flac(3500, 96_000, 8), ending="flac")
    yield sound(
        "ten-hours-flac-said-to-be-a-second", lambda: handmade.flac(36_000, declared=16_000), EITHER, ending="flac"
    )
    yield sound("ten-hours-opus", lambda: handmade.opus(36_000), ending="opus")
    yield sound("ten-hours-opus-said-to-be-short", lambda: handmade.opus(36_000, granules=5760), EITHER, ending="opus")
    yield sound("ten-hours-opus-said-to-be-endless", lambda: handmade.opus(36_000, granules=2**63 - 1), ending="opus")
    yield sound("ten-hours-webm", lambda: handmade.webm(36_000), ending="webm")
    yield sound("two-hours-mp3", lambda: handmade.mp3(7200), ending="mp3")
    yield sound("two-hours-mp3-tagged-as-short", lambda: spoken("mp3")[:500] + handmade.mp3(7200), EITHER, ending="mp3")


def _no_numbers() -> Iterator[Case]:
    whole = voice().astype(np.float64)
    for name, value in (("nan", np.nan), ("infinite", np.inf), ("minus-infinite", -np.inf), ("huge", 1e300)):
        samples = whole.copy()
        samples[7::500] = value
        for subtype in ("FLOAT", "DOUBLE"):
            with np.errstate(over="ignore"):
                data = encode(samples.astype(np.float32) if subtype == "FLOAT" else samples, "wav", subtype=subtype)
            yield sound(f"{name}-{subtype.lower()}", data)
    yield sound("whole-numbers-as-floats", encode((whole * 32_767).astype(np.float32), "wav", subtype="FLOAT"))
    nothing = np.zeros(0, np.float32)
    for kind in ("wav", "flac", "ogg", "aiff", "au", "caf"):
        yield sound(f"no-samples-{kind}", encode(nothing, kind), ending=kind)
    yield sound("one-sample-192-khz", encode(np.full(1, 0.1, np.float32), "wav", 192_000))


def _odd() -> Iterator[Case]:
    """Files that must be read: no page may refuse them."""
    short = voice()
    stereo = np.stack([short, -short], axis=1)
    subtypes = ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")
    for subtype in subtypes:
        rate = 8_000 if subtype == "GSM610" else SAMPLE_RATE
        yield sound(f"odd-{subtype.lower()}", encode(short, "wav", rate, subtype), ANSWER)
    for rate in (4_000, 11_025, 96_000, 192_000, 384_000, 768_000):
        yield sound(f"odd-{rate}-hz", encode(short, "wav", rate), ANSWER)
    for channels in (2, 6, 9, 64):
        yield sound(f"odd-{channels}-channels", encode(np.repeat(short[:, None], channels, axis=1), "wav"), ANSWER)
    yield sound("odd-flac-24-bit-8-channels", encode(np.repeat(short[:, None], 8, 1), "flac", 96_000, "PCM_24"), ANSWER)
    yield sound("odd-channels-that-cancel", encode(stereo, "wav"), ANSWER)
    yield sound("odd-one-sample", encode(np.full(1, 0.1, np.float32), "wav"), ANSWER)
    yield sound("odd-silence", encode(np.zeros(16_000, np.float32), "wav"), ANSWER)
    yield sound("odd-full-scale", encode(np.sign(short), "wav"), ANSWER)
    yield sound("odd-no-size", handmade.wav(size=0xFFFFFFFF, body=encode(short, "wav")[44:]), ANSWER)
    yield sound("odd-minute-of-opus", handmade.opus(60), ANSWER, ending="opus")
    yield sound("odd-ten-minutes-of-flac", handmade.flac(600), ANSWER, ending="flac")
    yield sound("odd-m4a-8-channels", _surround("ipod", "aac"), ANSWER, ending="m4a")
    yield sound("odd-webm-8-channels", _surround("webm", "libopus"), ANSWER, ending="webm")
    yield sound("found-aac-21-channels", base64.b64decode(_FOUND), EITHER, ending="aac")
    yield sound("odd-tags-before-mp3", b"ID3\x04\0\0\0\0\x0f\x7a" + bytes(2042) + spoken("mp3"), ANSWER, ending="mp3")


def _surround(form: str, codec: str) -> bytes:
    """Return a voice on eight channels; PyAV counts planes wrongly from there on."""
    buffer = io.BytesIO()
    packed = np.repeat(voice(), 8)[None]
    with av.open(buffer, "w", format=form, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=48_000, layout="7.1")
        for start in range(0, packed.shape[1], 960 * 8):
            part = np.ascontiguousarray(packed[:, start : start + 960 * 8])
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="7.1")
            frame.rate, frame.pts = 48_000, start // 8
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _patched(kind: str, mark: bytes, offset: int, change: bytes) -> bytes:
    """Return a file with other bytes *offset* behind the first *mark*."""
    data = bytearray(spoken(kind))
    place = data.find(mark) + offset
    data[place : place + len(change)] = change
    return bytes(data)
