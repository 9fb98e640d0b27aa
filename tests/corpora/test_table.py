import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.corpora import COLUMNS, CORPORA, read_corpora, read_corpus
from ser_core.corpora.table import holds_files
from ser_core.emotions import CORPUS_LABELS
from ser_core.errors import CorpusError
from tests.synthetic import clip_bytes, clip_names, encode, voice


@pytest.fixture
def put(tmp_path):
    """Write clips (the same bytes each) at paths below a folder and return it."""

    def write(*paths, content=None):
        for path in paths:
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(clip_bytes("sad") if content is None else content)
        return tmp_path

    return write


def _message(*arguments):
    with pytest.raises(CorpusError) as caught:
        read_corpora(*arguments) if len(arguments) == 1 else read_corpus(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_the_synthetic_corpora_are_complete(synthetic_table):
    expected = {corpus: len(clips) for corpus, clips in clip_names().items()}
    assert synthetic_table["corpus"].value_counts().to_dict() == expected
    assert synthetic_table.groupby("corpus")["speaker"].nunique().to_dict() == {
        "cremad": 91,
        "ravdess": 24,
        "savee": 4,
        "tess": 2,
    }
    for corpus, part in synthetic_table.groupby("corpus"):
        assert set(part["emotion"]) == set(CORPUS_LABELS[corpus])
    assert synthetic_table["duration_s"].to_numpy() == pytest.approx(0.6)
    assert set(synthetic_table["sample_rate"]) == {16_000}


def test_columns_and_their_types(synthetic_table):
    assert tuple(synthetic_table.columns) == COLUMNS
    kinds = {name: str(kind) for name, kind in synthetic_table.dtypes.items()}
    assert {name for name, kind in kinds.items() if kind == "string"} == {
        "corpus",
        "clip",
        "path",
        "speaker",
        "sex",
        "emotion",
        "intensity",
        "sentence",
    }
    assert kinds["age"] == "Int64"
    assert kinds["take"] == "int64"
    assert kinds["song"] == "bool"
    assert kinds["duration_s"] == "float64"
    assert kinds["sample_rate"] == "int64"
    assert synthetic_table.index.equals(pd.RangeIndex(len(synthetic_table)))


def test_rows_are_sorted_by_clip_within_a_corpus(synthetic_table):
    for _, part in synthetic_table.groupby("corpus"):
        assert part["clip"].is_monotonic_increasing
        assert part["clip"].is_unique


def test_cremad_people_come_from_its_own_table(synthetic_table):
    actor = synthetic_table[(synthetic_table["corpus"] == "cremad") & (synthetic_table["speaker"] == "1003")]
    assert set(actor["sex"]) == {"female"}
    assert set(actor["age"]) == {20 + 1003 % 50}


@pytest.mark.parametrize("place", ["", "processed/", "a/b/"])
def test_cremad_people_wherever_the_table_lies(put, place):
    put(f"{place}AudioWAV/1001_DFA_ANG_XX.wav")
    folder = put(f"{place}VideoDemographics.csv", content=b'\xef\xbb\xbf"ActorID","Age","Sex"\n1001,51,"Male"\n')
    row = read_corpus("cremad", folder).iloc[0]
    assert (row["sex"], row["age"]) == ("male", 51)
    assert read_corpus("cremad", folder / place / "AudioWAV").iloc[0]["sex"] == "male"


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        b'"ActorID","Age"\n1001,51\n',
        b'"ActorID","Age","Sex"\n1001,,"Male"\n1001\n',
        b'"ActorID","Age","Sex"\n1001,fifty,"Male"\n',
        b'"ActorID","Age","Sex"\n1001,' + b"9" * 5000 + b',"Male"\n',
        b'"ActorID","Age","Sex"\n1001,"' + b"9" * 200_000 + b'","Male"\n',
        b"\xff\xfe\0\x80\x81",
    ],
)
def test_cremad_without_a_usable_table_of_people(put, content):
    folder = put("AudioWAV/1001_DFA_ANG_XX.wav")
    if content is not None:
        put("VideoDemographics.csv", content=content)
    row = read_corpus("cremad", folder).iloc[0]
    assert pd.isna(row["sex"])
    assert pd.isna(row["age"])


def test_damaged_rows_of_people_do_not_spoil_the_others(put):
    put("AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1002_DFA_ANG_XX.wav")
    folder = put("VideoDemographics.csv", content=b"ActorID,Age,Sex\n1001,?,Male\n1002,21,Female\n")
    assert read_corpus("cremad", folder)["age"].isna().tolist() == [True, False]


def test_kaggle_copies_within_copies_are_taken_once(put):
    put("Actor_01/03-01-01-01-01-01-01.wav", "Actor_02/03-01-01-01-01-01-02.wav")
    folder = put(
        "audio_speech_actors_01-24/Actor_01/03-01-01-01-01-01-01.wav",
        "audio_speech_actors_01-24/Actor_02/03-01-01-01-01-01-02.wav",
    )
    table = read_corpus("ravdess", folder)
    assert len(table) == 2
    assert not table["path"].str.contains("audio_speech").any(), "the shallow copy is taken"


def test_tess_nested_twice_and_misnamed(put):
    nested = "TESS Toronto emotional speech set data/TESS Toronto emotional speech set data"
    folder = put(
        f"{nested}/OAF_Fear/OAF_back_fear.wav",
        f"{nested}/OAF_neutral/OA_bite_neutral.wav",
        f"{nested}/YAF_pleasant_surprised/YAF_back_ps.wav",
        "TESS Toronto emotional speech set data/OAF_Fear/OAF_back_fear.wav",
    )
    table = read_corpus("tess", folder).set_index("clip")
    assert table["emotion"].to_dict() == {
        "OAF_back_fear": "fearful",
        "OAF_bite_neutral": "neutral",
        "YAF_back_ps": "surprised",
    }
    assert table["speaker"].to_dict()["OAF_bite_neutral"] == "OAF"


def test_savee_flat_and_in_folders(put):
    folder = put("ALL/DC_a01.wav", "AudioData/DC/a01.wav", "AudioData/JE/su02.wav", "AudioData/Info.txt")
    table = read_corpus("savee", folder)
    assert table["clip"].tolist() == ["DC_a01", "JE_su02"]
    assert table["emotion"].tolist() == ["angry", "surprised"]
    assert set(table["sex"]) == {"male"}


def test_cremad_short_name_is_the_same_clip(put):
    folder = put("AudioWAV/1040_ITH_SAD_X.wav", "more/1040_ITH_SAD_XX.wav")
    assert read_corpus("cremad", folder)["clip"].tolist() == ["1040_ITH_SAD_XX"]


def test_wav_goes_before_mp3_and_video(put):
    put("AudioMP3/1001_DFA_ANG_XX.mp3", content=encode(voice(0.6), "mp3"))
    folder = put("AudioWAV/deep/1001_DFA_ANG_XX.wav")
    assert read_corpus("cremad", folder)["path"].str.endswith(".wav").all()
    put("Video/01-01-06-01-02-01-12.mp4", content=encode(voice(0.6), "mp4"))
    table = read_corpus("ravdess", put("x/y/03-01-06-01-02-01-12.wav"))
    assert table["clip"].tolist() == ["03-01-06-01-02-01-12"]
    assert table["path"].str.endswith(".wav").all()


@pytest.mark.parametrize("kind", ["flac", "opus", "ogg", "mp3", "m4a", "mp4", "webm", "aiff"])
def test_any_audio_format_is_measured(put, kind):
    folder = put(f"DC_a01.{kind}", content=encode(voice(0.6, rate=48_000), kind, 48_000))
    row = read_corpus("savee", folder).iloc[0]
    assert row["duration_s"] == pytest.approx(0.6, abs=0.06)
    assert row["sample_rate"] == 48_000


def test_aiff_inside_wav_is_measured(put):
    row = read_corpus("tess", put("YAF_germ_angry.wav", content=encode(voice(0.6), "aiff"))).iloc[0]
    assert row["duration_s"] == pytest.approx(0.6)


def test_ravdess_song_is_marked_and_silent_video_left_out(put):
    folder = put(
        "Actor_01/03-01-02-01-01-01-01.wav",
        "Actor_01/03-02-02-01-01-01-01.wav",
        "Actor_01/02-01-03-01-01-01-01.mp4",
    )
    table = read_corpus("ravdess", folder).set_index("clip")
    assert table["song"].to_dict() == {"03-01-02-01-01-01-01": False, "03-02-02-01-01-01-01": True}


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", b"text", bytes(1000)]
)
@pytest.mark.parametrize("ending", ["wav", "mp3", "m4a"])
def test_an_unreadable_file_stays_in_the_table_without_a_length(put, content, ending):
    put("AudioWAV/1001_DFA_ANG_XX.wav")
    table = read_corpus("cremad", put(f"AudioWAV/1001_DFA_DIS_XX.{ending}", content=content))
    assert table["duration_s"].isna().tolist() == [False, True]
    assert table["sample_rate"].tolist() == [16_000, 0]


def test_other_files_are_passed_over(put):
    folder = put(
        "AudioWAV/1001_DFA_ANG_XX.wav",
        "AudioWAV/._1001_DFA_DIS_XX.wav",
        "AudioWAV/.hidden.wav",
        "__MACOSX/AudioWAV/1001_DFA_FEA_XX.wav",
        "AudioWAV/notes.txt",
        "AudioWAV/1001_DFA_HAP_XX.txt",
        "AudioWAV/test.wav",
    )
    assert read_corpus("cremad", folder)["clip"].tolist() == ["1001_DFA_ANG_XX"]


def test_a_folder_may_be_given_as_text_and_with_odd_letters(put):
    folder = put("ünï çødé 声/DC_a01.wav")
    assert len(read_corpus("savee", str(folder / "ünï çødé 声"))) == 1


def test_unknown_corpus():
    message = _message("emodb", "anywhere")
    assert "'emodb'" in message
    assert all(name in message for name in CORPORA)


def test_missing_folder(tmp_path):
    message = _message("tess", tmp_path / "nowhere")
    assert "nowhere" in message
    assert "TESS" in message
    assert "SER_DATA" in message


def test_a_file_instead_of_a_folder(put):
    assert "does not exist" in _message("savee", put("DC_a01.wav") / "DC_a01.wav")


def test_empty_folder_says_nothing_was_found(tmp_path):
    message = _message("cremad", tmp_path)
    assert "expected files named like 1001_DFA_ANG_XX.wav" in message
    assert "found nothing" in message


def test_a_folder_of_something_else_says_what_lies_there(put):
    message = _message("ravdess", put("a/readme.txt", "b.csv"))
    assert "no audio file, only a, b.csv" in message


def test_a_folder_of_other_recordings_names_one(put):
    message = _message("ravdess", put("holiday.wav", "party.wav"))
    assert "2 audio files such as holiday.wav" in message
    assert "look like" not in message


@pytest.mark.parametrize("there", sorted(CORPORA))
@pytest.mark.parametrize("asked", sorted(CORPORA))
def test_the_wrong_corpus_is_recognised(synthetic_corpora, asked, there):
    if asked == there:
        assert len(read_corpus(asked, synthetic_corpora / there))
        return
    message = _message(asked, synthetic_corpora / there)
    assert f"does not hold {CORPORA[asked].title}" in message
    assert f"which look like {CORPORA[there].title}" in message


def test_several_corpora_in_the_order_asked_for(synthetic_corpora):
    table = read_corpora(["tess", "savee"], synthetic_corpora)
    assert table["corpus"].drop_duplicates().tolist() == ["tess", "savee"]
    assert table.index.is_unique


def test_without_names_those_that_are_there_are_read(synthetic_corpora, tmp_path, monkeypatch):
    shutil.copytree(synthetic_corpora / "savee", tmp_path / "savee")
    monkeypatch.setenv("SER_DATA", str(tmp_path))
    assert set(read_corpora()["corpus"]) == {"savee"}


def test_no_corpus_at_all(tmp_path):
    with pytest.raises(CorpusError, match=r"No corpus was found in .*cremad, ravdess, savee, tess"):
        read_corpora(data=tmp_path)
    with pytest.raises(CorpusError, match="TESS"):
        read_corpora(["tess"], tmp_path)


def test_ages_and_lengths_are_numbers_one_can_compute_with(synthetic_table):
    assert np.isfinite(synthetic_table["duration_s"]).all()
    assert synthetic_table["age"].dropna().between(18, 90).all()


def test_empty_folders_are_told_from_files(tmp_path: Path) -> None:
    (tmp_path / "AudioWAV").mkdir()
    (tmp_path / ".DS_Store").write_text("")
    assert not holds_files(tmp_path)
    assert not holds_files(tmp_path / "missing")
    (tmp_path / "AudioWAV/1001_DFA_ANG_XX.wav").write_bytes(b"")
    assert holds_files(tmp_path)


def test_a_file_whose_name_is_no_text_is_passed_over(put):
    folder = put("1001_DFA_ANG_XX.wav")
    try:
        (folder / "1001_IEO_SAD_LO\udcff.wav").write_bytes(b"x")
        (folder / "\udcff.wav").write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    assert read_corpus("cremad", folder)["clip"].tolist() == ["1001_DFA_ANG_XX"]
