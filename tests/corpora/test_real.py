"""The real corpora: their counts, and every defect listed in the findings that can be seen from here."""

import hashlib
import itertools

import numpy as np
import pytest
import soundfile as sf

from ser_core.audio import assess_quality, load_audio
from ser_core.corpora import CORPORA, parse_name, read_corpus
from ser_core.emotions import CORPUS_LABELS


@pytest.mark.parametrize(
    ("corpus", "clips", "speakers", "hours"),
    [("cremad", 7442, 91, 5.26), ("ravdess", 1440, 24, 1.48), ("savee", 480, 4, 0.51), ("tess", 2800, 2, 1.60)],
)
def test_clips_speakers_and_hours(real_table, corpus, clips, speakers, hours):
    part = real_table[real_table["corpus"] == corpus]
    assert len(part) == clips == CORPORA[corpus].clips
    assert part["speaker"].nunique() == speakers
    assert part["duration_s"].sum() / 3600 == pytest.approx(hours, abs=0.01)
    assert part["clip"].is_unique
    assert part["path"].is_unique
    assert set(part["emotion"]) == set(CORPUS_LABELS[corpus])


def test_everything_is_readable_and_spoken(real_table):
    assert real_table["duration_s"].notna().all()
    assert (real_table["sample_rate"] > 0).all()
    assert not real_table["song"].any()
    assert real_table["duration_s"].between(0.9, 8).all()


def _counts(table, corpus):
    return table.loc[table["corpus"] == corpus, "emotion"].value_counts().to_dict()


def test_emotions_of_each_corpus(real_table):
    assert _counts(real_table, "ravdess") == dict.fromkeys(CORPUS_LABELS["ravdess"], 192) | {"neutral": 96}
    assert _counts(real_table, "savee") == dict.fromkeys(CORPUS_LABELS["savee"], 60) | {"neutral": 120}
    assert _counts(real_table, "tess") == dict.fromkeys(CORPUS_LABELS["tess"], 400)
    assert _counts(real_table, "cremad") == dict.fromkeys(CORPUS_LABELS["cremad"], 1271) | {"neutral": 1087}


def test_people(real_table):
    people = real_table.drop_duplicates(["corpus", "speaker"]).set_index("corpus")
    assert people.loc["cremad", "sex"].value_counts().to_dict() == {"male": 48, "female": 43}
    assert people.loc["cremad", "age"].between(20, 74).all()
    assert people.loc["ravdess", "sex"].value_counts().to_dict() == {"male": 12, "female": 12}
    assert set(people.loc[["savee"], "sex"]) == {"male"}
    assert set(people.loc[["tess"], "sex"]) == {"female"}
    assert sorted(people.loc["tess", "age"]) == [26, 64]


def test_ravdess_odd_actors_are_male(real_table):
    part = real_table[real_table["corpus"] == "ravdess"]
    assert ((part["speaker"].astype(int) % 2 == 1) == (part["sex"] == "male")).all()


def test_intensities_sentences_and_takes(real_table):
    parts = dict(iter(real_table.groupby("corpus")))
    assert parts["cremad"]["sentence"].nunique() == 12
    assert set(parts["cremad"]["intensity"].dropna()) == {"low", "medium", "high"}
    assert set(parts["ravdess"]["intensity"]) == {"normal", "strong"}
    assert set(parts["ravdess"].loc[parts["ravdess"]["emotion"] == "neutral", "intensity"]) == {"normal"}
    assert set(parts["ravdess"]["take"]) == {1, 2}
    assert parts["ravdess"]["sentence"].nunique() == 2
    assert parts["tess"]["sentence"].nunique() == 200
    assert set(parts["savee"]["speaker"]) == {"DC", "JE", "JK", "KL"}


def test_tess_folders_would_mislead(real_table):
    """Folders say Fear, fear, Pleasant_surprise and pleasant_surprised: only the name is sure."""
    part = real_table[real_table["corpus"] == "tess"]
    folders = part["path"].str.extract(r"/(?:OAF|YAF)_([^/]+)/[^/]+$")[0]
    assert folders.notna().all()
    assert folders.str.lower().nunique() > len(CORPUS_LABELS["tess"])


def test_the_tess_clip_named_oa_belongs_to_oaf(real_table, originals):
    part = real_table[real_table["corpus"] == "tess"]
    assert (part["clip"] == "OAF_bite_neutral").sum() == 1
    assert part["speaker"].value_counts().to_dict() == {"OAF": 1400, "YAF": 1400}
    assert parse_name("tess", originals / "tess/OA_bite_neutral.wav").speaker == "OAF"


def _peak(table, corpus, clip):
    row = table[(table["corpus"] == corpus) & (table["clip"] == clip)].iloc[0]
    return np.abs(load_audio(row["path"]).samples).max()


def test_the_silent_cremad_clip(real_table, originals):
    assert not load_audio(originals / "cremad/1076_MTI_SAD_XX.wav").samples.any()
    assert _peak(real_table, "cremad", "1076_MTI_SAD_XX") < 1e-3


def _digests(paths):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_byte_identical_cremad_clips_with_two_labels(originals):
    digests = _digests(sorted((originals / "cremad").glob("*.wav")))
    pairs = [
        (first, second) for first, second in itertools.combinations(digests, 2) if digests[first] == digests[second]
    ]
    assert [(first.stem, second.stem) for first, second in pairs] == [("1006_TIE_HAP_XX", "1006_TIE_NEU_XX")]
    labels = [parse_name("cremad", path).emotion for path in pairs[0]]
    assert labels == ["happy", "neutral"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
        ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
        ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
    ],
)
def test_pairs_that_sound_the_same_and_are_labelled_differently(real_table, first, second):
    part = real_table[real_table["corpus"] == "cremad"].set_index("clip")
    assert part.loc[first, "emotion"] != part.loc[second, "emotion"]
    one, other = (load_audio(part.loc[clip, "path"]).samples for clip in (first, second))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_ravdess_actor_seven_said_one_thing_twice(real_table, originals):
    digests = _digests(sorted((originals / "ravdess").glob("03-01-03-01-02-0[12]-07.wav")))
    assert len(digests) == 2
    assert len(set(digests.values())) == 1
    part = real_table[real_table["corpus"] == "ravdess"].set_index("clip")
    one, other = (load_audio(part.loc[path.stem, "path"]).samples for path in digests)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_aiff_inside_wav(originals):
    aiff = [path for path in sorted((originals / "tess").glob("*.wav")) if path.read_bytes()[:4] == b"FORM"]
    assert [path.name for path in aiff] == ["YAF_germ_angry.wav", "YAF_neat_fear.wav"]
    for path in aiff:
        assert 1 < load_audio(path).duration_s < 3


def test_sample_rates_of_the_originals(originals):
    rates = {
        folder.name: {path.name: load_audio(path).original_rate for path in sorted(folder.glob("*.wav"))}
        for folder in sorted(originals.iterdir())
    }
    assert set(rates["cremad"].values()) == {16_000}
    assert set(rates["ravdess"].values()) == {48_000}
    assert set(rates["savee"].values()) == {44_100}
    assert rates["tess"].pop("OAF_food_fear.wav") == 96_000
    assert set(rates["tess"].values()) == {24_414}


def test_stereo_ravdess_clips_are_mixed(originals):
    stereo = [path for path in sorted((originals / "ravdess").glob("*.wav")) if sf.info(str(path)).channels == 2]
    assert len(stereo) == 3
    for path in stereo:
        waveform = load_audio(path)
        assert waveform.original_channels == 2
        assert waveform.samples.ndim == 1
        assert waveform.duration_s == pytest.approx(sf.info(str(path)).duration, abs=1e-3)


def test_quiet_ravdess_clips(real_table):
    """Ten of the publisher's files peak below 300/32768; coding to 16 kHz takes a few more below."""
    part = real_table[(real_table["corpus"] == "ravdess") & real_table["speaker"].isin(["06", "09", "20"])]
    waveforms = [load_audio(path) for path in part["path"]]
    quiet = [waveform for waveform in waveforms if np.abs(waveform.samples).max() < 300 / 32768]
    assert 10 <= len(quiet) <= 14
    for waveform in quiet:
        quality = assess_quality(waveform)
        assert "quiet" in [problem.code for problem in quality.problems], waveform.name
        assert not quality.blocking, "quiet speech is still speech"


def test_cremad_clip_that_some_copies_name_short(originals, real_table):
    assert (real_table["clip"] == "1040_ITH_SAD_XX").sum() == 1
    assert parse_name("cremad", "1040_ITH_SAD_X.wav") == parse_name("cremad", originals / "cremad/1040_ITH_SAD_XX.wav")


def test_savee_sad_and_surprised_are_told_from_the_one_letter_codes(originals):
    emotions = {path.name: parse_name("savee", path).emotion for path in sorted((originals / "savee").glob("*.wav"))}
    assert emotions["DC_sa01.wav"] == "sad"
    assert emotions["DC_su01.wav"] == "surprised"
    assert emotions["DC_a01.wav"] == "angry"
    assert emotions["DC_n01.wav"] == "neutral"


def test_originals_read_as_corpora_too(originals):
    counts = {corpus: len(read_corpus(corpus, originals / corpus)) for corpus in CORPORA}
    assert counts == {"cremad": 11, "ravdess": 12, "savee": 16, "tess": 8}


def test_originals_and_their_compressed_copies_last_equally_long(originals, real_table):
    known = real_table.set_index(["corpus", "clip"])["duration_s"]
    for corpus in CORPORA:
        for row in read_corpus(corpus, originals / corpus).itertuples():
            assert known[corpus, row.clip] == pytest.approx(row.duration_s, abs=0.05), row.clip
