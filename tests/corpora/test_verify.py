"""What verify finds in a copy: synthetic copies with one fault each, and the real ones with theirs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ser_core.corpora import CORPORA, checks
from ser_core.corpora.expected import KNOWN_DEFECTS, expected_clips
from ser_core.corpora.verify import CorpusReport, verify_corpora, verify_corpus
from ser_core.errors import CancelledError, CorpusError
from tests.synthetic import encode, voice

STUB = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 67\n"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test; returns where the checks lie."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/checks"


@pytest.fixture(scope="session")
def whole_savee(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 480 clips of SAVEE as far as names go, each with a sound of its own."""
    folder = tmp_path_factory.mktemp("savee")
    rng = np.random.default_rng(1)
    for clip in expected_clips("savee"):
        (folder / f"{clip}.wav").write_bytes(encode(rng.uniform(-0.5, 0.5, 400).astype(np.float32), "wav", 44_100))
    return folder


@pytest.fixture
def savee(whole_savee: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole_savee, tmp_path / "savee"))


def _put(folder: Path, name: str, level: float = 0.3, rate: int = 16_000, kind: str = "wav", seed: int = 0) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(voice(0.2, level=level, rate=rate, seed=seed), kind, rate))


def _words(report: CorpusReport) -> str:
    words = "\n".join(report.words())
    assert all(sentence.endswith(".") for sentence in report.words())
    return words


@pytest.mark.parametrize("corpus", sorted(CORPORA))
def test_the_designs_give_the_published_numbers(corpus: str) -> None:
    clips = expected_clips(corpus)
    assert len(clips) == CORPORA[corpus].clips
    assert len({clip[-2:] if corpus == "ravdess" else clip.split("_")[0] for clip in clips}) == CORPORA[corpus].speakers


@pytest.mark.parametrize("corpus", sorted(CORPORA))
def test_the_designs_are_the_real_corpora(corpus: str, real_table) -> None:
    assert expected_clips(corpus) == set(real_table.loc[real_table["corpus"] == corpus, "clip"])


def test_a_whole_copy_is_found_whole(savee: Path) -> None:
    report = verify_corpus("savee", savee, jobs=1)
    assert report.as_published
    assert (report.clips, report.expected, report.sample_rate) == (480, 480, 44_100)
    assert _words(report) == f"SAVEE in {savee} is whole and sound: 480 of 480 clips."
    lists = {key: value for key, value in report.to_dict().items() if isinstance(value, list)}
    assert not any(lists.values())


def test_the_shape_of_the_json(savee: Path) -> None:
    answer = json.loads(json.dumps(verify_corpus("savee", savee, jobs=1).to_dict()))
    assert set(answer) >= {"clips", "expected", "missing", "extra", "duplicates", "silent", "unreadable", "misnamed"}


def test_every_fault_is_found_and_named(savee: Path) -> None:
    (savee / "DC_a01.wav").unlink()
    _put(savee, "DC_a16.wav")
    _put(savee, "advert.mp3", kind="mp3")
    shutil.copy(savee / "JE_h02.wav", savee / "JE_sa03.wav")
    shutil.copy(savee / "JE_h04.wav", savee / "JE_h05.wav")
    (savee / "JK_n01.wav").write_bytes(encode(np.zeros(4000, np.float32), "wav", 44_100))
    (savee / "JK_n02.wav").write_bytes(encode(np.zeros(4000, np.float32), "wav", 44_100))
    (savee / "KL_n01.wav").write_bytes(STUB)
    (savee / "KL_n02.wav").write_bytes((savee / "KL_n03.wav").read_bytes()[:300])
    (savee / "KL_n04.wav").write_bytes(b"")
    (savee / "KL_n05.wav").write_text("hello, I am no sound at all")
    _put(savee, "KL_n06.wav", rate=48_000)
    _put(savee, "KL_n07.wav", rate=44_100, kind="aiff", seed=7)
    report = verify_corpus("savee", savee, jobs=1)
    assert not report.as_published
    assert report.clips == 480
    assert report.missing == ["DC_a01"]
    assert report.extra == ["DC_a16", "advert"]
    assert report.duplicates == [["JE_h02", "JE_sa03"], ["JE_h04", "JE_h05"]]
    assert report.mislabelled == [["JE_h02", "JE_sa03"]]
    assert report.silent == ["JK_n01", "JK_n02"]
    assert report.unreadable == ["KL_n01", "KL_n02", "KL_n04", "KL_n05"]
    assert report.stubs == ["KL_n01"]
    assert report.misnamed == ["KL_n07"]
    assert "AIFF" in report.notes["KL_n07"]
    assert "cut off" in report.notes["KL_n02"]
    assert report.wrong_rate == ["DC_a16", "KL_n06"]
    words = _words(report)
    assert "has faults" in words
    assert "git lfs pull" in words
    assert "with different emotions: JE_h02, JE_sa03" in words
    assert "The same sound: JE_h04, JE_h05" in words
    assert "3 unreadable: KL_n02, KL_n04, KL_n05" in words
    assert "publisher's own" not in words


def test_the_same_sound_under_another_header_is_a_duplicate(tmp_path: Path) -> None:
    sound = np.round(voice(0.2) * 32_767).astype(np.int16)
    (tmp_path / "DC_a01.wav").write_bytes(encode(sound, "wav"))
    (tmp_path / "DC_a02.flac").write_bytes(encode(sound, "flac"))
    (tmp_path / "DC_a03.wav").write_bytes(encode(sound // 2, "wav"))
    assert verify_corpus("savee", tmp_path).duplicates == [["DC_a01", "DC_a02"]]


def test_quiet_speech_is_not_silence(tmp_path: Path) -> None:
    _put(tmp_path, "03-01-02-01-01-01-20.wav", level=147 / 32768)
    _put(tmp_path, "03-01-02-01-01-02-20.wav", level=5 / 32768)
    assert verify_corpus("ravdess", tmp_path).silent == ["03-01-02-01-01-02-20"]


def test_names_that_differ(tmp_path: Path) -> None:
    _put(tmp_path / "t", "OAF_neutral/OA_bite_neutral.wav", seed=1)
    _put(tmp_path / "t", "oaf_fear/oaf_back_fear.wav", seed=2)
    _put(tmp_path / "t", "YAF_pleasant_surprised/YAF_back_ps.wav", seed=3)
    _put(tmp_path / "t", "YAF_sad/YAF_bar_happy.wav", seed=4)
    report = verify_corpus("tess", tmp_path / "t")
    assert report.misnamed == ["OA_bite_neutral", "YAF_bar_happy"]
    assert "OAF_bite_neutral" in report.notes["OA_bite_neutral"]
    assert "folder for YAF_sad" in report.notes["YAF_bar_happy"]
    _put(tmp_path / "c", "1040_ITH_SAD_X.wav")
    assert verify_corpus("cremad", tmp_path / "c").misnamed == ["1040_ITH_SAD_X"]
    _put(tmp_path / "r", "Actor_02/03-01-02-01-01-02-20.wav")
    assert verify_corpus("ravdess", tmp_path / "r").misnamed == ["03-01-02-01-01-02-20"]
    _put(tmp_path / "s", "DC/a01.wav", seed=1)
    _put(tmp_path / "s", "JE/DC_a02.wav", seed=2)
    assert verify_corpus("savee", tmp_path / "s").misnamed == ["DC_a02"]


def test_copies_and_songs_are_neither_extra_nor_faults(tmp_path: Path) -> None:
    _put(tmp_path, "Actor_01/03-01-02-01-01-01-01.wav")
    _put(tmp_path, "again/Actor_01/03-01-02-01-01-01-01.wav")
    _put(tmp_path, "Actor_01/03-02-02-01-01-01-01.wav", seed=5)
    report = verify_corpus("ravdess", tmp_path)
    assert report.copies == ["again/Actor_01/03-01-02-01-01-01-01.wav"]
    assert (report.extra, report.duplicates, report.songs, report.clips) == ([], [], 1, 2)
    assert "1 clips are sung" in _words(report)


def test_known_defects_are_no_fault_of_the_copy() -> None:
    empty: dict = {"missing": [], "extra": [], "unreadable": [], "mislabelled": [], "stubs": [], "copies": []}
    known = KNOWN_DEFECTS["tess"]
    report = CorpusReport(
        "tess", "x", 2800, 2800, duplicates=[], silent=[], misnamed=sorted(known.misnamed),
        wrong_rate=sorted(known.wrong_rate), songs=0, sample_rate=24_414,
        notes=dict.fromkeys(known.misnamed, "is misnamed."), **empty,
    )  # fmt: skip
    assert report.as_published
    assert _words(report).count("publisher's own files too") == 4
    for change in ({"silent": ["OAF_back_ps"]}, {"missing": ["OAF_back_ps"]}, {"duplicates": [["a", "b"]]}):
        assert not replace(report, **change).as_published


def test_the_second_time_nothing_is_decoded(savee: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = verify_corpus("savee", savee, jobs=1)
    read: list[str] = []
    check = checks.check_file
    monkeypatch.setattr(checks, "check_file", lambda root, name: read.append(name) or check(root, name))
    assert verify_corpus("savee", savee, jobs=1) == first
    assert read == []
    (savee / "DC_a01.wav").write_bytes(STUB)
    assert verify_corpus("savee", savee, jobs=1).stubs == ["DC_a01"]
    assert read == ["DC_a01.wav"]
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:500])
    assert verify_corpus("savee", savee, jobs=1).stubs == ["DC_a01"]
    assert len(read) == 481


def test_progress_and_a_stop_that_is_taken_up(savee: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(CancelledError):
        verify_corpus("savee", savee, jobs=1, cancelled=lambda: len(seen) > 3, progress=lambda *step: seen.append(step))
    assert seen[0] == (0, 480)
    assert 0 < seen[-1][0] < 480
    again: list[tuple[int, int]] = []
    assert verify_corpus("savee", savee, jobs=1, progress=lambda *step: again.append(step)).as_published
    assert again[0] == seen[-1]
    assert again[-1] == (480, 480)


def test_on_several_threads_the_report_is_the_same(savee: Path, kept: Path) -> None:
    several = verify_corpus("savee", savee, jobs=2)
    shutil.rmtree(kept)
    assert verify_corpus("savee", savee, jobs=1) == several


def test_folders_that_hold_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        verify_corpus("savee", tmp_path / "nothing")
    with pytest.raises(CorpusError, match="does not hold SAVEE"):
        verify_corpus("savee", tmp_path)
    with pytest.raises(CorpusError, match="no reader"):
        verify_corpus("emodb", tmp_path)
    with pytest.raises(CorpusError, match="No corpus was found"):
        verify_corpora(data=tmp_path)


def _linked(folder: Path, target: Path, pattern: str) -> Path:
    target.mkdir()
    for path in folder.rglob(pattern):
        (target / path.name).symlink_to(path)
    return target


def test_the_real_cremad_defects(data_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cremad"
    copy.mkdir()
    for part in ("1006_TIE", "1013_WSI", "1017_IWW", "1076_MTI", "1040_ITH"):
        _linked(data_folder / "cremad", copy / part, f"{part}_*")
    report = verify_corpus("cremad", copy)
    assert report.clips == 30
    assert report.silent == ["1076_MTI_SAD_XX"]
    pairs = [
        ["1006_TIE_HAP_XX", "1006_TIE_NEU_XX"],
        ["1013_WSI_DIS_XX", "1013_WSI_SAD_XX"],
        ["1017_IWW_ANG_XX", "1017_IWW_FEA_XX"],
    ]
    assert report.duplicates == report.mislabelled == pairs
    assert [*report.unreadable, *report.misnamed, *report.extra, *report.wrong_rate] == []
    assert len(report.missing) == 7442 - 30


def test_the_real_ravdess_pair(data_folder: Path, tmp_path: Path) -> None:
    report = verify_corpus("ravdess", _linked(data_folder / "ravdess", tmp_path / "ravdess", "*-07.*"))
    assert report.clips == 60
    assert report.duplicates == [["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]]
    assert (report.mislabelled, report.silent, report.unreadable) == ([], [], [])
    assert "The copy was converted" in _words(report)


def test_the_publishers_own_tess_files(originals: Path) -> None:
    report = verify_corpus("tess", originals / "tess")
    assert report.misnamed == ["OA_bite_neutral", "YAF_germ_angry", "YAF_neat_fear"]
    assert report.wrong_rate == ["OAF_food_fear"]
    assert report.sample_rate == 24_414
