"""What the code itself tells: no stranger's code is run (no eval, pickle, shell); no cache for all holds a sound."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
#: Modules that run code while they read data, or hand text to a shell.
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "code", "pty", "commands"}
CALLS = {"eval", "exec", "compile", "__import__"}
#: Functions that read a pickle or other code unless they are told otherwise, or always.
ATTRIBUTES = {("os", "system"), ("os", "popen"), ("joblib", "load"), ("yaml", "load"), ("yaml", "unsafe_load"),
              ("pd", "read_pickle"), ("torch", "jit"), ("subprocess", "getoutput")}  # fmt: skip
NEEDED = {("torch", "load"): ("weights_only", True), ("np", "load"): ("allow_pickle", False)}
FORBIDDEN = {"shell": True, "allow_pickle": True, "weights_only": False, "trust_remote_code": True,
             "unsafe_allow_html": True, "unsafe_allow_javascript": True}  # fmt: skip


def unsafe(source: str) -> Iterator[str]:
    """Yield what a source does that it should not, each with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            names = set()
        yield from (f"{node.lineno}: imports {name}" for name in names & MODULES)  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            yield from (f"{node.lineno}: {what}" for what in _unsafe_call(node))


def _unsafe_call(node: ast.Call) -> Iterator[str]:
    function = node.func
    words = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
    yield from (f"{name}={value}" for name, value in FORBIDDEN.items() if words.get(name, not value) is value)
    if isinstance(function, ast.Name) and function.id in CALLS:
        yield f"calls {function.id}"
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        place = (function.value.id, function.attr)
        if place in ATTRIBUTES:
            yield f"calls {'.'.join(place)}"
        if place in NEEDED:
            name, value = NEEDED[place]
            if words.get(name) is not value:
                yield f"calls {'.'.join(place)} without {name}={value}"


def test_the_program_runs_no_strangers_code() -> None:
    folders = [PROJECT / name for name in ("ser_core", "pages", "scripts", "docs/examples")]
    files = [PROJECT / "app.py", *(path for folder in folders for path in folder.rglob("*.py"))]
    assert len(files) > 200
    found = {str(path.relative_to(PROJECT)): list(unsafe(path.read_text(encoding="utf-8"))) for path in files}
    # Bad input is made of what the program must refuse, pickles among it; they are written there, never read.
    assert {path: what for path, what in found.items() if what and not path.startswith("scripts/bad/")} == {}


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')", "import pickle", "from pickle import loads", "torch.load(path)", "np.load(path)",
        "torch.load(path, weights_only=False)", "np.load(path, allow_pickle=True)", "subprocess.run('ls', shell=True)",
        "yaml.load(text)", "os.system('ls')", "joblib.load(path)", "st.markdown(name, unsafe_allow_html=True)",
    ],
)  # fmt: skip
def test_it_would_be_found(source: str) -> None:
    assert list(unsafe(source))


@pytest.mark.parametrize("source", ["re.compile('a')", "torch.load(p, weights_only=True)", "run(a, shell=False)"])
def test_what_is_safe_passes(source: str) -> None:
    assert not list(unsafe(source))


#: Types that carry what one visitor gave.
PERSONAL = ("Sound", "Waveform", "bytes", "ndarray", "Given", "Recording", "Prediction", "Timeline", "Call", "Source")


def shared_with_sounds(source: str) -> Iterator[str]:
    """Yield the functions of a page whose cache, shared by all visitors, would hold what one of them gave."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        shared = any("st.cache_" in text and "scope='session'" not in text for text in decorators)
        types = {part for word in node.args.args for part in ast.unparse(word.annotation or word).split(".")}
        if shared and types & set(PERSONAL):
            yield f"{node.lineno}: {node.name}"


def test_no_cache_for_all_visitors_takes_a_sound() -> None:
    files = list((PROJECT / "pages").rglob("*.py"))
    found = {str(path.relative_to(PROJECT)): list(shared_with_sounds(path.read_text("utf-8"))) for path in files}
    assert {path: what for path, what in found.items() if what} == {}
    example = "@st.cache_data(max_entries=2)\ndef wav(sound: Waveform) -> bytes: ..."
    assert list(shared_with_sounds(example))
    assert not list(shared_with_sounds(example.replace("max_entries", "scope='session', max_entries")))
