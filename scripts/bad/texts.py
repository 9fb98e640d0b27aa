"""Tables, lists, descriptions and recipes that somebody else wrote."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator

import numpy as np

from bad.case import ANSWER, EITHER, ERROR, Case, flipped
from bad.damage import pickled

_TOML = 'title = "Mine"\nmanifest = "clips.csv"\n'
_ROW = "a.wav,happy\n"
_TABLE = "path,emotion\n" + _ROW
_DIGITS = "9" * 5000
_DEEP = "[" * 5000
_SLOW = ("^(a*a*a*a*a*a*a*a*)b$", "^((a+)+)$", "(" + "a?" * 60 + "a" * 60 + ")b", "((.*),(.*),(.*),(.*),(.*),(.*)x)")


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Yield all of them, the same for the same generator."""
    yield from _manifests(rng)
    yield from _parquets(rng)
    yield from _descriptions()
    yield from _calls(rng)
    yield from _lists(rng)
    yield from _recipes()
    yield from _people()


def _manifest(
    name: str, table: bytes | str | Callable[[], bytes], expect: str = ERROR, toml: str = _TOML, file: str = "clips.csv"
) -> Case:
    data = table.encode("utf-8", "surrogatepass") if isinstance(table, str) else table
    return Case(
        f"manifest-{name}", "corpus", {"corpus.toml": toml.encode("utf-8", "surrogatepass"), file: data}, expect
    )


def _manifests(rng: np.random.Generator) -> Iterator[Case]:
    yield _manifest("fine", _TABLE, ANSWER)
    formulas = ("=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\t=1", '"=cmd|x"')
    for number, formula in enumerate(formulas):
        yield _manifest(f"formula-{number}", f"path,emotion,speaker\na.wav,happy,{formula}\n", EITHER)
    outside = ("../a.wav", "/etc/passwd", "..\\a.wav", "C:\\a.wav", "sub/../../a.wav", "~/a.wav", "file:///etc/passwd")
    for number, path in enumerate(outside):
        yield _manifest(f"path-{number}", f"path,emotion\n{path},happy\n")
    yield _manifest("path-null", "path,emotion\na\0.wav,happy\n")
    yield _manifest("path-long", f"path,emotion\n{'x' * 900},happy\n")
    yield _manifest("path-script", "path,emotion\n<script>alert(1)</script>.wav,happy\n")
    yield _manifest("twice", _TABLE + _ROW)
    yield _manifest("no-rows", "path,emotion\n")
    yield _manifest("nothing", "")
    yield _manifest("no-column", "file,mood\na.wav,happy\n")
    yield _manifest("column-twice", "path,emotion,emotion\na.wav,happy,sad\n")
    yield _manifest("too-few-cells", "path,emotion,age\na.wav,happy\n")
    yield _manifest("unknown-label", "path,emotion\na.wav,<b>joy</b>\n")
    yield _manifest("age-nan", "path,emotion,age\na.wav,happy,nan\n")
    yield _manifest("age-huge", "path,emotion,age\na.wav,happy,1e999\n")
    yield _manifest("age-digits", f"path,emotion,age\na.wav,happy,{_DIGITS[:900]}\n")
    yield _manifest("open-quote", 'path,emotion\n"a.wav,happy\n')
    yield _manifest("long-cell", f"path,emotion\n{'x' * 200_000},happy\n")
    yield _manifest("long-line", "path,emotion\n" + "x," * 200_000)
    yield _manifest("utf-16", _TABLE.encode("utf-16"))
    yield _manifest("latin", "path,emotion\nfü.wav,happy\n".encode("latin-1"))
    yield _manifest("random", rng.bytes(20_000))
    yield _manifest("pickle", pickled())
    yield _manifest("empty-lines", lambda: b"path,emotion\n" + b"\n" * 45_000_000)
    yield _manifest("commas", lambda: b"path,emotion" + b"," * 45_000_000)
    yield _manifest("quotes", lambda: b"path,emotion\n" + b'"",' * 15_000_000)
    yield _manifest("quoted-lines", lambda: b"path,emotion\n" + b'"ab\n",' * 7_000_000)
    yield _manifest("too-large", lambda: b"path,emotion\n" + b"x" * 51_000_000)


def _parquets(rng: np.random.Generator) -> Iterator[Case]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def parquet(name: str, table: Callable[[], pa.Table] | bytes, expect: str = ERROR) -> Case:
        def made() -> bytes:
            buffer = io.BytesIO()
            pq.write_table(table(), buffer, compression="zstd", write_statistics=False)
            return buffer.getvalue()

        toml = _TOML.replace("clips.csv", "clips.parquet")
        data = table if isinstance(table, bytes) else made
        return _manifest(f"parquet-{name}", data, expect, toml, "clips.parquet")

    plain = pa.table({"path": ["a.wav"], "emotion": ["happy"]})
    buffer = io.BytesIO()
    pq.write_table(plain, buffer)
    data = buffer.getvalue()
    yield parquet("fine", data, ANSWER)
    yield parquet("cut", data[: len(data) // 2])
    yield parquet("head-only", b"PAR1")
    yield parquet("footer-of-2-gb", b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1")
    yield parquet("pickle", pickled())
    for number in range(12):
        changed = flipped(data, rng, 1 + number, 4, len(data) - 8)
        yield parquet(f"flipped-{number}", changed, EITHER)

    def often() -> pa.Table:
        words = pa.array(["x" * 900_000])
        column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(150_000, np.int32)), words)
        return pa.table({"path": column, "emotion": column})

    nested = pa.array([[{"a": [["x"] * 1000] * 100}]])
    yield parquet("one-long-word-often", often)
    yield parquet("many-columns", lambda: pa.table({f"c{number}": ["x"] for number in range(20_000)}))
    yield parquet("long-words", lambda: pa.table({"path": ["x" * 100_000_000] * 4, "emotion": ["happy"] * 4}))
    yield parquet("nested", lambda: pa.table({"path": nested, "emotion": nested}))
    yield parquet("bytes", lambda: pa.table({"path": pa.array([b"\xff\xfe"]), "emotion": ["happy"]}))
    yield parquet("no-rows", lambda: plain.slice(0, 0))


def _descriptions() -> Iterator[Case]:
    texts = {
        "not-toml": "<xml/>",
        "nothing": "",
        "number-of-5000-digits": f"title = {_DIGITS}",
        "deep": f"title = {_DEEP}",
        "deep-tables": "a." * 3000 + "b = 1",
        "no-title": 'manifest = "clips.csv"',
        "title-of-lines": 'title = "a\\nb"\n',
        "title-long": f'title = "{"x" * 100_000}"\n',
        "unknown-setting": _TOML + 'run = "calc"\n',
        "manifest-outside": 'title = "x"\nmanifest = "../../../etc/passwd"\n',
        "manifest-absolute": 'title = "x"\nmanifest = "/etc/passwd"\n',
        "manifest-device": 'title = "x"\nmanifest = "/dev/zero"\n',
        "label-to-nothing": _TOML + '[labels]\njoy = "__import__"\n',
        "column-unknown": _TOML + '[columns]\nowner = "x"\n',
        "pattern-broken": _TOML + 'speaker_pattern = "("\n',
        "pattern-without-group": _TOML + 'speaker_pattern = "a"\n',
        "date": "title = 1979-05-27T07:32:00Z",
        "infinite": "title = inf",
    }
    for name, text in texts.items():
        yield _manifest(f"description-{name}", _TABLE, toml=text)
    yield _manifest("description-not-utf-8", _TABLE, toml="title = '\udcff'\n")
    for number, pattern in enumerate(_SLOW):
        toml = _TOML + f"speaker_pattern = '{pattern}'\n"
        name = "a" * 200 + ".wav"
        yield _manifest(f"description-slow-pattern-{number}", f"path,emotion\n{name},happy\n", EITHER, toml=toml)


def _calls(rng: np.random.Generator) -> Iterator[Case]:
    texts: dict[str, tuple[bytes | str, str]] = {
        "fine": ("file,agent\na.wav,Amal\n", ANSWER),
        "formulas": ("file,agent,call_id\na.wav,=cmd|x!A0,@x\n", ANSWER),
        "script": ("file,agent\na.wav,<script>alert(1)</script>\n", ANSWER),
        "traversal": ("file,agent\n../../etc/passwd,x\n", ANSWER),
        "no-file": ("agent\nx\n", ERROR),
        "two-things": ("file,agent\na.wav,x\na.wav,y\n", ERROR),
        "caller": ("file,caller\na.wav,middle\n", ERROR),
        "utf-16": ("file,agent\na,b\n".encode("utf-16"), ERROR),
        "random": (rng.bytes(10_000), ERROR),
        "long-cell": ("file,agent\na.wav," + "x" * 200_000, ERROR),
        "null": ("file,agent\na\0.wav,x\n", EITHER),
        "wide": (_wide("file", 300_000), ERROR),
        "commas": ("file" + "," * 1_000_000, ERROR),
        "many-rows": ("file\n" + "".join(f"{number}\n" for number in range(250_000)), ERROR),
        "slashes": ("file,agent\n" + "/" * 100_000 + ",x\n", EITHER),
        "nothing": ("", ERROR),
        "pickle": (pickled(), ERROR),
    }
    for name, (text, expect) in texts.items():
        data = text.encode() if isinstance(text, str) else text
        yield Case(f"calls-{name}", "calls", {"manifest.csv": data}, expect)
    for number, pattern in enumerate(
        ("{agent}{call}", "{agent}" * 99, "x" * 10_000, "{agent}_*_*_*_*_*_*_*_*_*_{call}z")
    ):
        facts = {"pattern": pattern}
        yield Case(
            f"calls-pattern-{number}", "calls", {"m.csv": b"file\n" + b"a_" * 120 + b".wav\n"}, EITHER, "", facts
        )


def _lists(rng: np.random.Generator) -> Iterator[Case]:
    texts: dict[str, tuple[bytes | str, str]] = {
        "fine": ("DC_a01.wav\nJE_a01.wav\n", ANSWER),
        "nothing": ("", ERROR),
        "comments": ("# a\n# b\n", ERROR),
        "null": ("path,split\na\0.wav,train\n", EITHER),
        "null-name": ("a\0.wav\n", EITHER),
        "long-name": ("x" * 10_000 + "\n", EITHER),
        "long-cell": ("path,split\n" + "x" * 200_000 + ",train\n", ERROR),
        "long-first-line": ("x" * 200_000 + "\n", EITHER),
        "open-quote": ('path,split\n"a.wav,train\nb.wav,test\n', EITHER),
        "column-twice": ("path,path\na.wav,b.wav\n", EITHER),
        "wide": (_wide("path", 100_000), ERROR),
        "utf-16": ("a.wav\n".encode("utf-16"), ERROR),
        "random": (rng.bytes(10_000), ERROR),
        "pickle": (pickled(), ERROR),
        "outside": ("/etc/passwd\n../../etc/shadow\n", ANSWER),
        "script": ("<script>alert(1)</script>.wav\n", ANSWER),
    }
    for name, (text, expect) in texts.items():
        data = text.encode() if isinstance(text, str) else text
        yield Case(f"list-{name}", "list", {"list.csv": data}, expect)


def _recipes() -> Iterator[Case]:
    base = 'kind = "network"\nname = "x"\n'
    texts = {
        "not-toml": "{}",
        "nothing": "",
        "number-of-5000-digits": base + f"seed = {_DIGITS}\n",
        "deep": base + f"search = {_DEEP}",
        "deep-tables": base + "a." * 3000 + "b = 1\n",
        "nan": base + "[optimiser]\nlearning_rate = nan\n",
        "infinite": base + "[optimiser]\nlearning_rate = inf\n",
        "negative": base + "[optimiser]\nepochs = -1\n",
        "huge-network": base + "[network]\nchannels = [100000000, 100000000]\n",
        "unknown": base + 'run = "calc"\n',
        "kind": 'kind = "__import__"\n',
        "protocol": base + 'protocol = "../../x"\n',
        "corpora": base + 'corpora = ["../../etc"]\n',
        "labels": base + '[labels]\nhappy = "__class__"\n',
        "grid": base + "[search]\n" + "".join(f'"optimiser.o{n}" = {list(range(50))}\n' for n in range(20)),
        "grid-of-strings": base + '[search]\n"optimiser" = ["a"]\n',
        "teacher": base + '[distillation]\nteacher = "../../../etc/passwd"\n',
    }
    for name, text in texts.items():
        expect = EITHER if name in ("teacher", "infinite") else ERROR  # a teacher is looked for when training begins
        yield Case(f"recipe-{name}", "recipe", {"recipe.toml": text.encode()}, expect)


def _people() -> Iterator[Case]:
    texts = {
        "null": '"ActorID","Age","Sex"\n1001,3\0,"Male"\n',
        "digits": f'"ActorID","Age","Sex"\n1001,{_DIGITS},"Male"\n',
        "huge": f'"ActorID","Age","Sex"\n1001,{_DIGITS[:30]},"Male"\n',
        "long-cell": '"ActorID","Age","Sex"\n1001,' + "x" * 200_000 + ',"Male"\n',
        "thai": '"ActorID","Age","Sex"\n1001,๓๐,"Male"\n',
    }
    for name, text in texts.items():
        yield Case(f"people-{name}", "people", {"VideoDemographics.csv": text.encode()}, ANSWER)
    for name in ("1001_DFA_ANG_XX\udcff.wav", "\udce9t\udce9.wav", "=1001.wav", "a\nb.wav", "<b>.wav"):
        # names of files that are no text in UTF-8, as old archives have them
        yield Case(
            f"file-name-{len(name)}-{name.encode('utf-8', 'surrogatepass').hex()[:12]}",
            "named",
            {"x": b""},
            ANSWER,
            name,
        )


def _wide(column: str, count: int) -> str:
    """Return a table of many columns and as many short rows."""
    return column + "," + ",".join(map(str, range(count))) + "\n" + "x\n" * count
