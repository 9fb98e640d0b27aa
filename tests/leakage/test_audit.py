"""Each leak is found where it was put, and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import soundfile as sf

from ser_core.effects.change import VoiceChange, apply
from ser_core.errors import CancelledError, CorpusError
from ser_core.leakage.audit import audit, read_list, split_list
from tests.leakage.test_fingerprint import _mixed_voice
from tests.synthetic import encode

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Four recordings to train on, and test files: new, the same in another format, and an altered copy."""
    sounds = {f"train{k}.wav": _mixed_voice(k).samples for k in range(4)}
    sounds["new.wav"] = _mixed_voice(10).samples
    changed = apply(_mixed_voice(2), VoiceChange(speed=1.04, noise="white", snr_db=20, level_db=-6))
    sounds["altered.wav"] = changed.samples
    for name, samples in sounds.items():
        (tmp_path / name).write_bytes(encode(samples, "wav"))
    stored, rate = sf.read(tmp_path / "train1.wav", dtype="int16")
    sf.write(tmp_path / "twin.flac", stored, rate)
    return {name: str(tmp_path / name) for name in [*sounds, "twin.flac"]}


def _kinds(report) -> dict[str, int]:
    return {leak.kind: leak.clips for leak in report.leaks}


def test_duplicates_and_altered_copies_are_found_by_listening(files: dict[str, str]) -> None:
    train = [path for name, path in files.items() if name.startswith("train")]
    test = [files["new.wav"], files["twin.flac"], files["altered.wav"]]
    report = audit(train, test, jobs=1)
    found = {leak.kind: [(pair.test, pair.train) for pair in leak.examples] for leak in report.leaks}
    assert found == {
        "duplicate": [(files["twin.flac"], files["train1.wav"])],
        "copy": [(files["altered.wav"], files["train2.wav"])],
    }
    assert (report.train, report.test, report.unnamed, report.unreadable) == (4, 3, 7, [])
    assert report.leaks[0].share == pytest.approx(1 / 3)
    assert report.words.startswith("This split leaks: the very same recording")
    assert audit(train, [files["new.wav"]], jobs=1).leaks == []
    assert audit(train, test, listen=False).leaks == []


@pytest.mark.parametrize(
    ("train", "test", "kinds"),
    [
        (["a/1001_DFA_ANG_XX.wav"], ["b/1001_IEO_HAP_LO.wav", "b/1002_IEO_HAP_LO.wav"], {"speaker": 1}),
        (["1001_DFA_ANG_XX.wav"], ["1002_DFA_SAD_XX.wav"], {"sentence": 1}),
        (["03-01-01-01-01-01-01.wav"], ["03-01-02-01-02-01-02.wav"], {}),
        (["DC_a01.wav"], ["DC_h05.wav", "JE_a01.wav"], {"speaker": 1}),  # SAVEE numbers sentences by emotion
        (["OAF_back_angry.wav"], ["YAF_back_sad.wav", "YAF_bar_sad.wav"], {"sentence": 1}),
        (["03-01-01-01-01-01-01.wav"], ["1001_DFA_ANG_XX.wav"], {}),
        (["mine1.wav"], ["mine2.wav"], {}),
    ],
)
def test_speakers_and_sentences_are_known_by_name(train: list[str], test: list[str], kinds: dict[str, int]) -> None:
    assert _kinds(audit(train, test, listen=False)) == kinds


def test_columns_tell_what_names_do_not() -> None:
    train = pd.DataFrame({"path": ["1.wav", "2.wav"], "speaker": ["ann", "bob"], "sentence": ["x", None]})
    test = pd.DataFrame({"path": ["3.wav", "4.wav"], "speaker": ["bob", ""], "sentence": ["y", "x"]})
    report = audit(train, test, listen=False)
    assert _kinds(report) == {"speaker": 1, "sentence": 1}
    assert report.leaks[0].examples[0].train == "2.wav"
    assert report.unnamed == 1


def test_files_that_cannot_be_read_are_named(files: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    report = audit([files["train0.wav"]], [str(broken), str(tmp_path / "gone.wav")], jobs=1)
    assert sorted(report.unreadable) == sorted([str(broken), str(tmp_path / "gone.wav")])
    assert not report.leaks


def test_it_can_be_stopped_and_tells_how_far_it_is(files: dict[str, str]) -> None:
    paths = list(files.values())
    seen: list[tuple[int, int]] = []
    audit(paths[:4], paths[4:], jobs=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, 10) for k in range(1, 11)]
    with pytest.raises(CancelledError):
        audit(paths[:4], paths[4:], jobs=1, cancelled=lambda: True)


def test_lists(tmp_path: Path) -> None:
    (tmp_path / "here.wav").write_bytes(b"x")
    text = tmp_path / "list.txt"
    text.write_text("# mine\nhere.wav\n\n/elsewhere/b.wav\n")
    assert read_list(text)["path"].tolist() == [str(tmp_path / "here.wav"), "/elsewhere/b.wav"]
    table = tmp_path / "list.csv"
    table.write_text("path, split ,speaker\na.wav,train,1\nb.wav,Test,2\nc.wav,val,3\n")
    train, test = split_list(read_list(table))
    assert (train["path"].tolist(), test["path"].tolist()) == (["a.wav", "c.wav"], ["b.wav"])
    for content in ("", "# nothing\n", "path,split\n,train\n"):
        text.write_text(content)
        with pytest.raises(CorpusError, match="names no file"):
            read_list(text)
    with pytest.raises(CorpusError, match="cannot be read"):
        read_list(tmp_path / "none.txt")
    with pytest.raises(CorpusError, match="column 'split'"):
        split_list(pd.DataFrame({"path": ["a.wav"]}))
    with pytest.raises(CorpusError, match="empty"):
        audit([], ["a.wav"])


def test_the_command_says_what_it_found(files: dict[str, str], tmp_path: Path) -> None:
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("train0.wav\ntrain1.wav\n")
    test.write_text("new.wav\ntwin.flac\n")
    command = [sys.executable, str(PROJECT / "scripts/leakage.py"), "audit", str(train), str(test), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert [leak["kind"] for leak in report["leaks"]] == ["duplicate"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("path,split\n" + "x" * 200_000 + ",train\n", "no CSV table"),
        ("path," + ",".join(map(str, range(2000))) + "\nx\n", "over 1000 columns"),
        ("x" * 200_000 + "\n", "no CSV table"),
    ],
)
def test_lists_made_to_do_harm_are_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(CorpusError, match=part):
        read_list(tmp_path / "list.csv")


def test_names_too_long_for_any_system_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("x" * 10_000 + "\nb.wav\n")
    assert read_list(tmp_path / "list.txt")["path"].tolist() == ["x" * 10_000, "b.wav"]
