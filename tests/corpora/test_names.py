import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ser_core.corpora import CORPORA, parse_name
from ser_core.emotions import CORPUS_LABELS
from tests.synthetic import clip_names


@pytest.mark.parametrize(
    ("corpus", "path", "expected"),
    [
        ("cremad", "1001_DFA_ANG_XX.wav", ("1001_DFA_ANG_XX", "1001", "angry", "DFA", None)),
        ("cremad", "1091_IEO_SAD_HI.flac", ("1091_IEO_SAD_HI", "1091", "sad", "IEO", "high")),
        ("cremad", "AudioWAV/1053_IEO_FEA_LO.wav", ("1053_IEO_FEA_LO", "1053", "fearful", "IEO", "low")),
        ("cremad", "1053_IEO_DIS_MD.opus", ("1053_IEO_DIS_MD", "1053", "disgust", "IEO", "medium")),
        ("cremad", "1040_ITH_SAD_X.wav", ("1040_ITH_SAD_XX", "1040", "sad", "ITH", None)),
        ("cremad", "1002_tie_hap_xx.WAV", ("1002_TIE_HAP_XX", "1002", "happy", "TIE", None)),
        ("ravdess", "03-01-06-01-02-01-12.wav", ("03-01-06-01-02-01-12", "12", "fearful", "02", "normal")),
        ("ravdess", "Actor_01/03-01-01-01-01-02-01.wav", ("03-01-01-01-01-02-01", "01", "neutral", "01", "normal")),
        ("ravdess", "03-01-02-02-01-01-24.wav", ("03-01-02-02-01-01-24", "24", "calm", "01", "strong")),
        ("ravdess", "01-01-08-02-02-02-03.mp4", ("03-01-08-02-02-02-03", "03", "surprised", "02", "strong")),
        ("savee", "DC_a01.wav", ("DC_a01", "DC", "angry", "a01", None)),
        ("savee", "DC/a01.wav", ("DC_a01", "DC", "angry", "a01", None)),
        ("savee", "AudioData/JE/sa15.wav", ("JE_sa15", "JE", "sad", "sa15", None)),
        ("savee", "JK_su07.wav", ("JK_su07", "JK", "surprised", "su07", None)),
        ("savee", "KL_n30.wav", ("KL_n30", "KL", "neutral", "n30", None)),
        ("savee", "kl_F02.WAV", ("KL_f02", "KL", "fearful", "f02", None)),
        ("tess", "OAF_back_angry.wav", ("OAF_back_angry", "OAF", "angry", "back", None)),
        ("tess", "YAF_dog_ps.wav", ("YAF_dog_ps", "YAF", "surprised", "dog", None)),
        ("tess", "OA_bite_neutral.wav", ("OAF_bite_neutral", "OAF", "neutral", "bite", None)),
        ("tess", "YAF_neat_fear.wav", ("YAF_neat_fear", "YAF", "fearful", "neat", None)),
        # The folder says fear, the name says sad: the name is right.
        ("tess", "OAF_Fear/OAF_back_sad.wav", ("OAF_back_sad", "OAF", "sad", "back", None)),
    ],
)
def test_names_as_they_are_met(corpus, path, expected):
    name = parse_name(corpus, path)
    assert (name.clip, name.speaker, name.emotion, name.sentence, name.intensity) == expected


def test_takes_sexes_ages_and_songs():
    assert parse_name("ravdess", "03-01-06-01-02-02-12").take == 2
    assert parse_name("ravdess", "03-01-06-01-02-01-12").take == 1
    assert parse_name("ravdess", "03-01-06-01-02-01-12").sex == "female"
    assert parse_name("ravdess", "03-01-06-01-02-01-11").sex == "male"
    assert not parse_name("ravdess", "03-01-06-01-02-01-12").song
    assert parse_name("ravdess", "03-02-06-01-02-01-12").song
    assert parse_name("savee", "DC_a01").sex == "male"
    assert (parse_name("tess", "OA_bite_neutral").sex, parse_name("tess", "OA_bite_neutral").age) == ("female", 64)
    assert parse_name("tess", "YAF_bite_neutral").age == 26
    assert parse_name("cremad", "1001_DFA_ANG_XX").sex is None


@pytest.mark.parametrize(
    ("corpus", "path"),
    [
        ("cremad", "1001_DFA_ANG.wav"),
        ("cremad", "1001_DFA_XXX_XX.wav"),
        ("cremad", "1000_DFA_ANG_XX.wav"),
        ("cremad", "1092_DFA_ANG_XX.wav"),
        ("cremad", "1001_DFA_ANG_XXX.wav"),
        ("cremad", "copy of 1001_DFA_ANG_XX.wav"),
        ("cremad", "1001_DFA_ANG_XX (1).wav"),
        ("ravdess", "02-01-06-01-02-01-12.mp4"),
        ("ravdess", "03-03-06-01-02-01-12.wav"),
        ("ravdess", "03-01-09-01-02-01-12.wav"),
        ("ravdess", "03-01-00-01-02-01-12.wav"),
        ("ravdess", "03-01-06-01-02-01-25.wav"),
        ("ravdess", "03-01-06-01-02-01.wav"),
        ("savee", "a01.wav"),
        ("savee", "XX/a01.wav"),
        ("savee", "XX_a01.wav"),
        ("savee", "DC_x01.wav"),
        ("savee", "DC_a1.wav"),
        ("tess", "OAF_angry.wav"),
        ("tess", "OAF_back_furious.wav"),
        ("tess", "MAF_back_angry.wav"),
        ("tess", "OAF__angry.wav"),
        ("savee", "DC_\u017fa01.wav"),
        ("cremad", "1\uff12\uff13\uff14_DFA_ANG_XX.wav"),
        ("ravdess", "03-01-0\u0666-01-02-01-12.wav"),
    ],
)
def test_what_is_no_name_of_the_corpus(corpus, path):
    assert parse_name(corpus, path) is None


def test_no_name_belongs_to_two_corpora():
    for corpus, clips in clip_names().items():
        for path in clips:
            assert [other for other in CORPORA if parse_name(other, path)] == [corpus]


def test_synthetic_names_say_what_they_should():
    for corpus, clips in clip_names().items():
        assert {path: parse_name(corpus, path).emotion for path in clips} == clips


_LIKE = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"(?i)\A[0-9]{4}_[a-zſ]{3}_[a-z]{3}_[a-z]{1,3}\.wav"),
    st.from_regex(r"(?i)\A(\d\d-){6}\d\d(\.wav)?"),
    st.from_regex(r"(?i)\A((DC|JE|JK|KL|[a-zſK]{2})[_/])?(sa|su|ſ[au]|[a-z])\d\d(\.wav)?"),
    st.from_regex(r"(?i)\A(OAF?|YAF?)_[a-zſ]+_(ps|fear|ſad|[a-z]{1,8})(\.wav)?"),
)


@given(st.sampled_from(sorted(CORPORA)), _LIKE)
@example("savee", "\u017fa01")
@example("savee", "")
@example("tess", "\0")
@example("ravdess", "..")
@example("cremad", "/")
def test_no_text_makes_a_parser_fail(corpus, text):
    name = parse_name(corpus, text)
    if name is not None:
        assert name.emotion in CORPUS_LABELS[corpus]
        assert name.clip.isascii()
        assert name.clip.isprintable()
        assert name.take >= 1
        again = parse_name(corpus, f"{name.clip}.wav")
        assert again == name, "the canonical name reads as itself"


_EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_folders = st.lists(st.sampled_from(["AudioWAV", "tess", "Actor_03", "x y", "OAF_Fear", "DC"]), max_size=3).map(
    "/".join
)
_endings = st.sampled_from(["", ".wav", ".WAV", ".opus", ".flac"])


@given(
    _folders,
    st.integers(1001, 1091),
    st.sampled_from(["IEO", "DFA", "TIE"]),
    st.sampled_from(sorted(_EMOTIONS)),
    st.sampled_from(["LO", "MD", "HI", "XX"]),
    _endings,
)
def test_cremad_round_trip(folder, actor, sentence, emotion, level, ending):
    clip = f"{actor}_{sentence}_{emotion}_{level}"
    name = parse_name("cremad", f"{folder}/{clip}{ending}")
    assert (name.clip, name.speaker, name.emotion, name.sentence) == (clip, str(actor), _EMOTIONS[emotion], sentence)
    assert name.intensity == {"LO": "low", "MD": "medium", "HI": "high", "XX": None}[level]


@given(
    _folders,
    st.integers(1, 2),
    st.integers(1, 8),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 24),
    _endings,
)
def test_ravdess_round_trip(folder, channel, emotion, intensity, statement, take, actor, ending):
    clip = f"03-{channel:02d}-{emotion:02d}-{intensity:02d}-{statement:02d}-{take:02d}-{actor:02d}"
    name = parse_name("ravdess", f"{folder}/{clip}{ending}")
    assert name.clip == clip
    assert name.emotion == CORPUS_LABELS["ravdess"][emotion - 1]
    assert (name.speaker, name.take, name.song) == (f"{actor:02d}", take, channel == 2)
    assert name.sex == ("female" if actor % 2 == 0 else "male")


def test_savee_and_tess_round_trip():
    codes = {"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised"}
    for speaker, (code, emotion) in itertools.product(("DC", "JE", "JK", "KL"), codes.items()):
        flat, nested = parse_name("savee", f"{speaker}_{code}09.wav"), parse_name("savee", f"{speaker}/{code}09.wav")
        assert flat == nested
        assert (flat.clip, flat.speaker, flat.emotion) == (f"{speaker}_{code}09", speaker, emotion)
    for speaker, emotion in itertools.product(("OAF", "YAF"), ("angry", "disgust", "happy", "neutral", "sad")):
        name = parse_name("tess", f"{speaker}_word_{emotion}.wav")
        assert (name.clip, name.speaker, name.emotion) == (f"{speaker}_word_{emotion}", speaker, emotion)
