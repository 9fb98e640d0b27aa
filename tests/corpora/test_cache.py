"""The tables of clips kept on disk: the same answer as from the files, noticed changes, no harm from damage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ser_core.corpora import cache, read_corpora, read_corpus
from ser_core.corpora.table import _TYPES
from ser_core.errors import CorpusError
from tests.conftest import PROJECT
from tests.synthetic import clip_bytes


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test; returns where the tables lie."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/tables"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with twelve clips of SAVEE and two of CREMA-D."""
    names = [f"savee/ALL/{speaker}_{code}01.wav" for speaker in ("DC", "JE", "KL") for code in ("a", "n", "sa", "su")]
    for name in [*names, "cremad/AudioWAV/1001_DFA_ANG_XX.wav", "cremad/AudioWAV/1002_DFA_SAD_XX.wav"]:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip_bytes("sad", 0.3))
    return tmp_path / "data"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The corpora that were read from their files, not from the cache."""
    seen: list[str] = []

    def read(corpus: str, folder: Path) -> pd.DataFrame:
        seen.append(corpus)
        return read_corpus(corpus, folder)

    monkeypatch.setattr("ser_core.corpora.table.read_corpus", read)
    return seen


def test_the_second_time_comes_from_the_cache_and_is_the_same(data: Path, reads: list[str], kept: Path) -> None:
    first = read_corpora(data=data)
    assert reads == ["cremad", "savee"]
    second = read_corpora(data=data)
    assert reads == ["cremad", "savee"]
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert [repr(kind) for kind in first.dtypes] == [repr(kind) for kind in second.dtypes]
    assert [type(second[name].array) for name in second] == [type(first[name].array) for name in first]
    assert second["age"].isna().all()
    assert second["intensity"].isna().all()
    assert len(list(kept.iterdir())) == 2


def test_it_is_the_table_that_the_reader_gives(data: Path) -> None:
    parts = [read_corpus(name, data / name) for name in ("cremad", "savee")]
    for _ in range(2):
        pd.testing.assert_frame_equal(
            read_corpora(["cremad", "savee"], data), pd.concat(parts, ignore_index=True), check_exact=True
        )


def _longer(folder: Path) -> None:
    (folder / "ALL/DC_a01.wav").write_bytes(clip_bytes("sad", 0.5))


def _touched(folder: Path) -> None:
    status = (folder / "ALL/DC_a01.wav").stat()
    os.utime(folder / "ALL/DC_a01.wav", ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def _added(folder: Path) -> None:
    (folder / "ALL/JK_a01.wav").write_bytes(clip_bytes("sad", 0.3))


def _removed(folder: Path) -> None:
    (folder / "ALL/DC_a01.wav").unlink()


def _renamed(folder: Path) -> None:
    (folder / "ALL/DC_a01.wav").rename(folder / "ALL/DC_a02.wav")


def _forbidden(folder: Path) -> None:
    (folder / "ALL/DC_a01.wav").chmod(0o200)


@pytest.mark.parametrize("change", [_longer, _touched, _added, _removed, _renamed, _forbidden])
def test_a_change_is_noticed(change, data: Path, reads: list[str], kept: Path) -> None:
    read_corpora(["savee"], data)
    change(data / "savee")
    table = read_corpora(["savee"], data)
    assert reads == ["savee", "savee"]
    pd.testing.assert_frame_equal(table, read_corpus("savee", data / "savee"))
    assert len(list(kept.iterdir())) == 1, "the stale table is removed"


@pytest.mark.parametrize("place", ["cremad", "."])
def test_ages_that_come_later_are_noticed(place: str, data: Path) -> None:
    assert read_corpora(["cremad"], data)["age"].isna().all()
    (data / place / "VideoDemographics.csv").write_text('"ActorID","Age","Sex"\n1001,51,"Male"\n')
    assert read_corpora(["cremad"], data)["age"].tolist()[0] == 51


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped", "folder", "columns"])
def test_a_damaged_table_is_read_again(damage: str, data: Path, reads: list[str], kept: Path) -> None:
    good = read_corpora(["savee"], data)
    (path,) = kept.iterdir()
    content = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "columns":
        good.drop(columns="emotion").to_parquet(path)
    else:
        middle = content.index(b"DC_a01")
        changed = {
            "empty": b"",
            "cut": content[: len(content) // 2],
            "text": b"no table",
            "flipped": content[:middle] + b"KL" + content[middle + 2 :],
        }
        path.write_bytes(changed[damage])
    pd.testing.assert_frame_equal(read_corpora(["savee"], data), good)
    assert reads == ["savee", "savee"]


def test_a_cache_that_cannot_be_written_is_done_without(data: Path, kept: Path, reads: list[str]) -> None:
    kept.parent.mkdir()
    kept.write_text("a file where the folder should be")
    for _ in range(2):
        assert len(read_corpora(["savee"], data)) == 12
    assert reads == ["savee", "savee"]


def test_a_changed_reader_makes_tables_stale(
    data: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read_corpora(["savee"], data)
    for name in cache._READERS:
        (tmp_path / name).write_text("another program")
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    read_corpora(["savee"], data)
    assert reads == ["savee", "savee"]


def test_an_error_is_passed_on_and_not_kept(data: Path, kept: Path) -> None:
    for path in (data / "savee/ALL").iterdir():
        path.unlink()
    for _ in range(2):
        with pytest.raises(CorpusError, match="does not hold SAVEE"):
            read_corpora(["savee"], data)
    assert not kept.exists()


def test_a_link_that_leads_nowhere_and_a_loop_do_no_harm(data: Path) -> None:
    (data / "savee/ALL/JK_a01.wav").symlink_to(data / "nowhere.wav")
    (data / "savee/again").symlink_to(data / "savee", target_is_directory=True)
    table = read_corpora(["savee"], data).set_index("clip")
    assert table["duration_s"].isna().sum() == 1
    assert pd.isna(read_corpora(["savee"], data).set_index("clip").loc["JK_a01", "duration_s"])


def test_old_tables_do_not_pile_up(data: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_KEPT", 3)
    for number in range(6):
        (data / "savee").rename(data / f"moved{number}")
        cache.cached_table("savee", data / f"moved{number}", read_corpus, _TYPES)
        (data / f"moved{number}").rename(data / "savee")
    assert len(list(kept.iterdir())) == 3


def test_files_outside_the_folder_are_never_taken_from_the_cache(data: Path, tmp_path: Path, kept: Path) -> None:
    """A manifest may name them, and their changes could not be seen in the folder's listing."""

    def read(corpus: str, folder: Path) -> pd.DataFrame:
        table = read_corpus(corpus, folder)
        table.loc[0, "path"] = str(tmp_path / "elsewhere.wav")
        return table

    cache.cached_table("savee", data / "savee", read, _TYPES)
    assert not kept.exists()


def test_two_processes_at_once(data: Path, kept: Path) -> None:
    code = "from ser_core.corpora import read_corpora; import sys; print(len(read_corpora(data=sys.argv[1])))"
    command = [sys.executable, "-c", code, str(data)]
    running = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        out, error = process.communicate(timeout=120)
        assert out.strip() == "14", error
    assert sorted(path.suffix for path in kept.iterdir()) == [".parquet", ".parquet"]


def test_the_real_table_is_the_same_from_the_cache(data_folder: Path, real_table: pd.DataFrame) -> None:
    read_corpora(["savee", "tess"], data_folder)
    again = read_corpora(["savee", "tess"], data_folder)
    expected = real_table[real_table["corpus"].isin(["savee", "tess"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, expected, check_exact=True)
