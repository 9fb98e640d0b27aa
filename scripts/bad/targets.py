"""What the fuzzer throws bytes at. Each target takes any bytes, and may raise nothing but this package's errors.

The first byte of an input chooses what the rest is taken for, so that one folder of inputs serves a whole target.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path, PurePath

import numpy as np

from bad import tiny_models
from bad.encoded import KINDS, spoken
from ser_core.audio import load_audio
from ser_core.calls.manifest import ManifestIndex, NamePattern
from ser_core.calls.manifest import read_manifest as read_calls
from ser_core.corpora.manifest import COLUMNS, read_manifest
from ser_core.corpora.names import PARSERS
from ser_core.corpora.own import load_own
from ser_core.emotions import EMOTIONS
from ser_core.exports import import_bundle
from ser_core.leakage.audit import read_list
from ser_core.recordings import open_recording

_LONGEST_S = 30.0
_TOML = b'title = "Emo-DB"\nmanifest = "clips.csv"\nspeaker_pattern = "^(..)"\n[columns]\nemotion = "label"\n'
_TABLES = (
    b"path,emotion,speaker,sex,age\na.wav,happy,s1,f,30\nb.wav,sad,s2,m,\n",
    b'file;agent;caller;call_id\n"a.wav";Amal;right;1\nb/c.wav;Bo;left;2\n',
    b"path,split,speaker,sentence\na.wav,train,s1,x\nb.wav,test,s2,y\n",
    _TOML + b'[labels]\nfreude = "happy"\n',
)


def audio(data: bytes, place: Path) -> None:
    """Decode at once, and as a stream."""
    waveform = load_audio(data, max_seconds=_LONGEST_S)
    assert waveform.samples.dtype == np.float32
    assert np.isfinite(waveform.samples).all()
    assert len(waveform.samples)
    total = 0
    for block in open_recording(data).blocks(seconds=1.0):
        total += len(block)
        assert np.isfinite(block).all()
        if total > 2 * _LONGEST_S * 16_000:
            break


def names(data: bytes, place: Path) -> None:
    """Parse a file name as one of every corpus, and by patterns."""
    path = PurePath(data.decode("utf-8", "surrogateescape"))
    for parse in PARSERS.values():
        name = parse(path)
        assert name is None or (name.emotion in EMOTIONS and name.clip.isascii() and name.take >= 1)
    text = data.decode("utf-8", "replace")
    head, _, rest = text.partition("\n")
    NamePattern(head).about(rest)


def manifest(data: bytes, place: Path) -> None:
    """Read a manifest of clips (CSV or parquet), one of calls, a list of files, a corpus.toml."""
    kind, content = data[:1], data[1:]
    if kind == b"1":
        rows = read_calls(content)
        index = ManifestIndex(rows)
        for file in rows:
            assert index.about(file) is not None
    elif kind == b"2":
        assert len(read_list(_written(place / "list.csv", content)))
    elif kind == b"3":
        load_own(_written(place / "mine" / "corpus.toml", content).parent)
    else:
        path = _written(place / ("clips.parquet" if kind == b"4" else "clips.csv"), content)
        for row in read_manifest(path, {}):
            assert set(row) <= set(COLUMNS)
            assert all(isinstance(cell, str) for cell in row.values())


def bundles(data: bytes, place: Path) -> None:
    """Import a ZIP, a card with true weights, weights with a card that names them."""
    kind, content = data[:1], data[1:]
    made = tiny_models.classifier if kind in b"13" else tiny_models.network
    name = tiny_models.CLASSIFIER if kind in b"13" else tiny_models.NETWORK
    card, weights = made()
    if kind in (b"0", b"1"):
        content = tiny_models.bundle(content.decode("utf-8", "replace"), weights, name)
    elif kind in (b"2", b"3"):
        content = tiny_models.bundle(card, content, name)
    target = place / "imported"
    try:
        assert import_bundle(content, target).labels
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _seeds_of_audio() -> list[bytes]:
    return [spoken(kind, 0.2) for kind in KINDS]


def _seeds_of_names() -> list[bytes]:
    names = ("1001_DFA_ANG_XX.wav", "03-01-06-01-02-01-12.wav", "DC_su07.wav", "DC/a01.wav", "OAF_back_angry.wav")
    return [name.encode() for name in (*names, "{agent}_{call}-*\nmonday/amal_0001-x.wav", "Actor_01/*{agent}\nx/y")]


def _seeds_of_manifests() -> list[bytes]:
    import pandas as pd

    table = pd.DataFrame({"path": ["a.wav", "b.wav"], "emotion": ["happy", "sad"], "age": [30, None]})
    return [str(kind).encode() + text for kind, text in enumerate(_TABLES)] + [b"4" + table.to_parquet()]


def _seeds_of_bundles() -> list[bytes]:
    parts = [(b"0", b"2", *tiny_models.network()), (b"1", b"3", *tiny_models.classifier())]
    cards = [kind + json.dumps(json.loads(card) | {"weights": {}}).encode() for kind, _, card, _ in parts]
    weights = [kind + weights for _, kind, _, weights in parts]
    return [*cards, *weights, b"z" + tiny_models.bundle(*tiny_models.network())]


#: Target -> (what is called, its first inputs).
TARGETS: dict[str, tuple[Callable[[bytes, Path], None], Callable[[], list[bytes]]]] = {
    "audio": (audio, functools.cache(_seeds_of_audio)),
    "names": (names, functools.cache(_seeds_of_names)),
    "manifest": (manifest, functools.cache(_seeds_of_manifests)),
    "bundle": (bundles, functools.cache(_seeds_of_bundles)),
}
