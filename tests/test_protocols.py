import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ser_core
from ser_core.emotions import CORPUS_LABELS, EMOTIONS
from ser_core.errors import ProtocolError
from ser_core.protocols import (
    Split,
    answered_protocols,
    check_split,
    fold_count,
    is_leaky,
    kind_of,
    labels_of,
    make_split,
    protocol_names,
    published,
)

PUBLISHED = ("ravdess-emobox", "cremad-evar", "savee-loso", "tess-loso")
FOLDS = {**dict(zip(PUBLISHED, (6, 1, 4, 2), strict=True)), "joint": 6, "speaker-5fold": 5, "all": 1, "random-leaky": 5}
#: Protocols that leave some clips out of every part; tested on their own below.
PARTIAL = {"leave-one-corpus-out": 4, "cross-corpus": 12, "text-independent": 10}
EVERY_FOLD = [(protocol, fold) for protocol, folds in FOLDS.items() for fold in range(folds)]
HONEST = [(protocol, fold) for protocol, fold in EVERY_FOLD if protocol != "random-leaky"]


@pytest.fixture(scope="module", params=["synthetic", "real"])
def table(request):
    return request.getfixturevalue(f"{request.param}_table")


def _speakers(table, rows):
    part = table.iloc[rows]
    return set(zip(part["corpus"], part["speaker"], strict=True))


def _parts(split):
    return {"train": split.train, "validation": split.validation, "test": split.test}


def test_there_are_these_protocols_and_folds():
    assert {protocol: fold_count(protocol) for protocol in protocol_names()} == FOLDS | PARTIAL


@pytest.mark.parametrize(("protocol", "fold"), HONEST)
def test_no_speaker_crosses(table, protocol, fold):
    split = make_split(table, protocol, fold)
    for (first, rows), (second, others) in itertools.combinations(_parts(split).items(), 2):
        assert not _speakers(table, rows) & _speakers(table, others), f"{first} and {second} share a speaker"
        assert not set(rows) & set(others)


@pytest.mark.parametrize(("protocol", "fold"), EVERY_FOLD)
def test_every_spoken_clip_is_in_exactly_one_part(table, protocol, fold):
    split = make_split(table, protocol, fold)
    rows = np.concatenate(list(_parts(split).values()))
    assert sorted(rows) == list(range(len(table)))


@pytest.mark.parametrize("fold", range(5))
def test_only_random_leaky_shares_speakers_and_never_clips(table, fold):
    split = make_split(table, "random-leaky", fold)
    assert _speakers(table, split.train) & _speakers(table, split.test)
    assert not set(split.train) & set(split.test)
    assert not set(split.validation) & (set(split.train) | set(split.test))
    check_split(table, split)


def test_random_leaky_tests_every_clip_once_and_every_emotion_in_each_fold(table):
    splits = [make_split(table, "random-leaky", fold) for fold in range(5)]
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(len(table)))
    shares = table["emotion"].value_counts(normalize=True)
    for split in splits:
        assert len(split.test) == pytest.approx(len(table) / 5, abs=5)
        assert len(split.validation) == pytest.approx(len(table) / 10, abs=5)
        counted = table.iloc[split.test]["emotion"].value_counts(normalize=True)
        np.testing.assert_allclose(counted[shares.index].to_numpy(float), shares.to_numpy(float), atol=0.01)


@pytest.mark.parametrize("protocol", PUBLISHED)
def test_the_test_speakers_are_the_published_ones(table, protocol):
    entry = published(protocol)
    for fold, speakers in enumerate(entry["test_speakers"]):
        split = make_split(table, protocol, fold)
        assert _speakers(table, split.test) == {(entry["corpus"], speaker) for speaker in speakers}
        assert set(split.tested) == {protocol}
        number, rows = split.tested[protocol]
        assert number == fold
        np.testing.assert_array_equal(rows, split.test)


@pytest.mark.parametrize("protocol", ["ravdess-emobox", "savee-loso", "tess-loso"])
def test_the_folds_of_a_protocol_test_every_speaker_once(table, protocol):
    corpus = published(protocol)["corpus"]
    tested = [speaker for speakers in published(protocol)["test_speakers"] for speaker in speakers]
    assert sorted(tested) == sorted(table.loc[table["corpus"] == corpus, "speaker"].unique())


def test_the_published_lists_are_these():
    assert [len(published(name)["test_speakers"]) for name in PUBLISHED] == [6, 1, 4, 2]
    assert all(len(speakers) == 4 for speakers in published("ravdess-emobox")["test_speakers"])
    evar = published("cremad-evar")
    assert len(evar["test_speakers"][0]) == 19
    assert len(evar["validation_speakers"]) == 9
    assert not set(evar["test_speakers"][0]) & set(evar["validation_speakers"])
    assert published("ravdess-emobox")["test_speakers"][0] == ["01", "11", "20", "21"]
    assert published("savee-loso")["test_speakers"] == [["JE"], ["KL"], ["DC"], ["JK"]]
    assert published("tess-loso")["test_speakers"] == [["OAF"], ["YAF"]]


def test_the_lists_are_the_files_own():
    stored = json.loads((Path(ser_core.__file__).parent / "protocols.json").read_text())
    assert {name: published(name) for name in PUBLISHED} == stored
    assert {name: entry["classes"] for name, entry in stored.items()} == dict(zip(PUBLISHED, (8, 6, 7, 7), strict=True))


def test_the_lists_are_those_the_project_was_given(data_folder):
    given = data_folder.parent / "protocols.json"
    if not given.is_file():
        pytest.skip("the given protocols.json is not here")
    assert json.loads(given.read_text()) == {name: published(name) for name in PUBLISHED}


@pytest.mark.parametrize("protocol", ["cremad-evar", "joint"])
def test_the_published_validation_speakers_are_used_on_fold_0(table, protocol):
    split = make_split(table, protocol, 0)
    heard = {speaker for corpus, speaker in _speakers(table, split.validation) if corpus == "cremad"}
    assert heard == set(published("cremad-evar")["validation_speakers"])


def test_evar_has_63_9_and_19_actors_of_cremad(table):
    split = make_split(table, "cremad-evar", 0)
    counts = [len({s for s in _speakers(table, rows) if s[0] == "cremad"}) for rows in _parts(split).values()]
    assert counts == [63, 9, 19]


def test_real_sizes_of_the_published_tests(real_table):
    sizes = {name: [len(make_split(real_table, name, f).test) for f in range(FOLDS[name])] for name in PUBLISHED}
    assert sizes["ravdess-emobox"] == [240] * 6
    assert sizes["savee-loso"] == [120] * 4
    assert sizes["tess-loso"] == [1400] * 2
    assert 1500 < sizes["cremad-evar"][0] < 1600


@pytest.mark.parametrize("fold", range(6))
def test_joint_leaves_out_one_group_of_each_corpus(table, fold):
    split = make_split(table, "joint", fold)
    out = {corpus: set() for corpus in CORPUS_LABELS}
    for corpus, speaker in _speakers(table, split.test):
        out[corpus].add(speaker)
    assert out["ravdess"] == set(published("ravdess-emobox")["test_speakers"][fold])
    assert out["savee"] == set(published("savee-loso")["test_speakers"][fold % 4])
    assert out["tess"] == set(published("tess-loso")["test_speakers"][fold % 2])
    evar = set(published("cremad-evar")["test_speakers"][0])
    if fold == 0:
        assert out["cremad"] == evar
    else:
        assert not out["cremad"] & evar
        assert len(out["cremad"]) in (14, 15)


def test_six_joint_trainings_test_every_speaker_of_cremad_and_ravdess_once(table):
    tested = [_speakers(table, make_split(table, "joint", fold).test) for fold in range(6)]
    for corpus in ("cremad", "ravdess"):
        heard = [speaker for speakers in tested for speaker in speakers if speaker[0] == corpus]
        assert len(heard) == len(set(heard)) == table.loc[table["corpus"] == corpus, "speaker"].nunique()


def test_six_joint_trainings_give_every_published_number_once(table):
    answers = {}
    for fold in range(6):
        split = make_split(table, "joint", fold)
        for protocol, (number, rows) in split.tested.items():
            assert (protocol, number) not in answers
            answers[protocol, number] = _speakers(table, rows)
            assert set(rows) <= set(split.test)
    assert set(answers) == {(name, number) for name in PUBLISHED for number in range(FOLDS[name])}
    for (protocol, number), speakers in answers.items():
        entry = published(protocol)
        assert speakers == {(entry["corpus"], speaker) for speaker in entry["test_speakers"][number]}


@pytest.mark.parametrize("fold", range(6))
def test_joint_validation_speakers_are_both_sexes_and_an_eighth(table, fold):
    split = make_split(table, "joint", fold)
    part = table.iloc[split.validation].drop_duplicates(["corpus", "speaker"])
    for corpus in ("cremad", "ravdess"):
        people = part[part["corpus"] == corpus]
        assert set(people["sex"]) == {"female", "male"}
        assert people["sex"].value_counts().max() - people["sex"].value_counts().min() <= 1 or fold == 0
        training = {speaker for speaker in _speakers(table, split.train) if speaker[0] == corpus}
        assert len(people) / (len(people) + len(training)) == pytest.approx(1 / 8, abs=0.03)


def test_folds_differ_and_asking_twice_gives_the_same(table):
    splits = [make_split(table, "joint", fold) for fold in range(6)]
    for first, second in itertools.combinations(splits, 2):
        assert not np.array_equal(first.test, second.test)
    again = make_split(table, "joint", 3)
    for name, rows in _parts(again).items():
        np.testing.assert_array_equal(rows, _parts(splits[3])[name])


def test_the_order_of_the_rows_does_not_change_who_is_heard_where(synthetic_table):
    shuffled = synthetic_table.sample(frac=1, random_state=0).reset_index(drop=True)
    for protocol, fold in HONEST:
        split, other = make_split(synthetic_table, protocol, fold), make_split(shuffled, protocol, fold)
        for name, rows in _parts(split).items():
            assert _speakers(synthetic_table, rows) == _speakers(shuffled, _parts(other)[name])


def test_all_trains_on_everything(table):
    split = make_split(table, "all", 0)
    assert len(split.train) == len(table)
    assert len(split.validation) == len(split.test) == 0
    assert not split.tested


@pytest.mark.parametrize("name", ["ravdess-emobox", "savee-loso", "cremad-evar"])
def test_a_protocol_works_on_its_own_corpus_alone_and_has_validation_speakers(synthetic_table, name):
    corpus = published(name)["corpus"]
    alone = synthetic_table[synthetic_table["corpus"] == corpus].reset_index(drop=True)
    split = make_split(alone, name, 0)
    assert min(map(len, _parts(split).values())) > 0


def test_with_one_training_speaker_nobody_is_left_for_validation(synthetic_table):
    alone = synthetic_table[synthetic_table["corpus"] == "tess"].reset_index(drop=True)
    split = make_split(alone, "tess-loso", 0)
    assert _speakers(alone, split.train) == {("tess", "YAF")}
    assert len(split.validation) == 0


def test_speakers_whose_sex_is_not_known_can_be_split(synthetic_table):
    unknown = synthetic_table.copy()
    unknown["sex"] = unknown["sex"].where(unknown["corpus"] != "cremad")
    for fold in range(6):
        check_split(unknown, make_split(unknown, "joint", fold))


def test_the_same_code_in_two_corpora_is_two_speakers(synthetic_table):
    """A speaker '01' of another corpus must stay in training when RAVDESS's 01 is tested."""
    table = synthetic_table.copy()
    table.loc[(table["corpus"] == "cremad") & (table["speaker"] == "1002"), "speaker"] = "01"
    split = make_split(table, "ravdess-emobox", 0)
    assert ("cremad", "01") in _speakers(table, np.concatenate([split.train, split.validation]))
    assert ("ravdess", "01") in _speakers(table, split.test)


def test_sung_clips_are_in_no_part(synthetic_table):
    table = synthetic_table.copy()
    table.loc[(table["corpus"] == "ravdess") & (table["emotion"] == "happy"), "song"] = True
    for protocol, fold in EVERY_FOLD:
        rows = np.concatenate(list(_parts(make_split(table, protocol, fold)).values()))
        assert not table.iloc[rows]["song"].any()
        assert len(rows) == (~table["song"]).sum()


@pytest.mark.parametrize(("first", "second"), [("train", "validation"), ("train", "test"), ("validation", "test")])
def test_a_shared_speaker_raises_and_names_the_only_way_to_ask_for_it(synthetic_table, first, second):
    split = make_split(synthetic_table, "joint", 0)
    rows = _parts(split)
    moved, kept = rows[second][:1], rows[second][1:]
    assert _speakers(synthetic_table, moved) <= _speakers(synthetic_table, kept)
    broken = replace(split, **{first: np.append(rows[first], moved), second: kept})
    with pytest.raises(ProtocolError, match=r"shares speaker \w+/\w+ between .*'random-leaky'"):
        check_split(synthetic_table, broken)
    check_split(synthetic_table, replace(broken, protocol="random-leaky"))


@pytest.mark.parametrize("protocol", ["joint", "random-leaky"])
def test_a_clip_in_two_parts_raises_always(synthetic_table, protocol):
    rows = np.arange(10)
    with pytest.raises(ProtocolError, match="same clip into training and test"):
        check_split(synthetic_table, Split(protocol, 0, rows, np.array([], dtype=int), rows[3:4]))


@pytest.mark.parametrize("protocol", ["", "random", "RAVDESS-emobox", "loso"])
def test_unknown_protocol(synthetic_table, protocol):
    with pytest.raises(ProtocolError, match=r"There is no protocol .*choose one of .*joint"):
        make_split(synthetic_table, protocol, 0)
    with pytest.raises(ProtocolError, match="no published protocol"):
        published(protocol)


@pytest.mark.parametrize(("protocol", "fold"), [*FOLDS.items(), ("joint", -1)])
def test_unknown_fold(synthetic_table, protocol, fold):
    with pytest.raises(ProtocolError, match=f"has folds 0 to {FOLDS[protocol] - 1}, not {fold}"):
        make_split(synthetic_table, protocol, fold)


def test_a_missing_test_speaker_is_named(synthetic_table):
    without = synthetic_table[synthetic_table["speaker"] != "1004"].reset_index(drop=True)
    for protocol in ("cremad-evar", "joint"):
        with pytest.raises(ProtocolError, match="cremad/1004, of whom the table holds no clip"):
            make_split(without, protocol, 0)


def test_a_missing_corpus_is_named(synthetic_table):
    without = synthetic_table[synthetic_table["corpus"] != "tess"].reset_index(drop=True)
    with pytest.raises(ProtocolError, match="tess/OAF"):
        make_split(without, "joint", 0)


def test_labels_and_answers():
    assert [len(labels_of(name)) for name in PUBLISHED] == [8, 6, 7, 7]
    assert labels_of("joint") == labels_of("random-leaky") == EMOTIONS
    assert answered_protocols("joint") == list(published_names())
    assert answered_protocols("savee-loso") == ["savee-loso"]
    assert answered_protocols("random-leaky") == ["random-leaky"]
    assert answered_protocols("all") == []
    for name in (*PARTIAL, "speaker-5fold"):
        assert answered_protocols(name) == [name]
        assert labels_of(name) == EMOTIONS


def test_only_the_leaky_protocol_is_leaky_and_says_so():
    assert [name for name in protocol_names() if is_leaky(name)] == ["random-leaky"]
    assert kind_of("random-leaky").startswith("leaky")
    told = [kind_of(name) for name in protocol_names() if name not in ("joint", "all")]
    assert len(told) == 9
    assert all(told)
    assert not any("leaky" in kind for kind in told[:-1])


def _people_table(corpora):
    """Return a table of {corpus: (speakers, sentences, emotions)}, each combination once."""
    rows = [
        {"corpus": corpus, "speaker": f"s{speaker:02d}", "sentence": sentence, "emotion": emotion}
        for corpus, (speakers, sentences, emotions) in corpora.items()
        for speaker in range(speakers)
        for sentence in sentences
        for emotion in emotions
    ]
    table = pd.DataFrame(rows).astype("string")
    sex = np.where(table["speaker"].str[-1].astype(int) % 2, "male", "female")
    return table.assign(clip=[f"c{i}" for i in range(len(table))], sex=sex, song=False)


@pytest.mark.parametrize("fold", range(4))
def test_leave_one_corpus_out_tests_a_corpus_nobody_of_which_was_heard(table, fold):
    split = make_split(table, "leave-one-corpus-out", fold)
    tested = sorted(CORPUS_LABELS)[fold]
    assert set(table.iloc[split.test]["corpus"]) == {tested}
    heard = np.concatenate([split.train, split.validation])
    assert set(table.iloc[heard]["corpus"]) == set(CORPUS_LABELS) - {tested}
    assert len(heard) == (table["corpus"] != tested).sum()
    assert set(table.iloc[split.test]["emotion"]) == set(CORPUS_LABELS["cremad"])  # what all four share
    shared = (table["corpus"] == tested) & table["emotion"].isin(CORPUS_LABELS["cremad"])
    assert len(split.test) == shared.sum()
    assert len(split.validation) > 0


def test_cross_corpus_makes_every_ordered_pair_once(table):
    pairs = []
    for fold in range(12):
        split = make_split(table, "cross-corpus", fold)
        (source,) = set(table.iloc[np.concatenate([split.train, split.validation])]["corpus"])
        (target,) = set(table.iloc[split.test]["corpus"])
        assert not _speakers(table, split.train) & _speakers(table, split.validation)
        pairs.append((source, target))
    assert sorted(pairs) == sorted(itertools.permutations(CORPUS_LABELS, 2))


def test_two_corpora_are_two_folds_on_what_they_share(synthetic_table):
    two = synthetic_table[synthetic_table["corpus"].isin(["ravdess", "savee"])].reset_index(drop=True)
    assert fold_count("leave-one-corpus-out", two) == fold_count("cross-corpus", two) == 2
    split = make_split(two, "leave-one-corpus-out", 0)
    assert set(two.iloc[split.test]["emotion"]) == set(CORPUS_LABELS["savee"])


@pytest.mark.parametrize("protocol", ["leave-one-corpus-out", "cross-corpus"])
def test_one_corpus_alone_cannot_be_left_out(synthetic_table, protocol):
    alone = synthetic_table[synthetic_table["corpus"] == "savee"].reset_index(drop=True)
    with pytest.raises(ProtocolError, match="at least two corpora"):
        make_split(alone, protocol, 0)


@settings(max_examples=25)
@given(
    speakers=st.integers(2, 9),
    sentences=st.integers(2, 7),
    others=st.integers(1, 6),
)
def test_text_independent_never_hears_a_speaker_or_a_sentence_of_the_test(speakers, sentences, others):
    emotions = ("happy", "sad")
    table = _people_table(
        {
            "mine": (speakers, [f"t{i}" for i in range(sentences)], emotions),
            "one-text": (others, ["t0"], emotions),
        }
    )
    tested = []
    for fold in range(fold_count("text-independent", table)):
        split = make_split(table, "text-independent", fold)
        heard = np.concatenate([split.train, split.validation])
        part, rest = table.iloc[split.test], table.iloc[heard]
        assert set(part["corpus"]) == {"mine"}
        mine = rest[rest["corpus"] == "mine"]
        assert not set(part["speaker"]) & set(mine["speaker"])
        assert not set(part["sentence"]) & set(mine["sentence"])
        assert (rest["corpus"] == "one-text").sum() == (table["corpus"] == "one-text").sum()
        tested += split.test.tolist()
    assert sorted(tested) == np.flatnonzero(table["corpus"] == "mine").tolist()


def test_text_independent_on_the_real_corpora(real_table):
    tested = []
    for fold in range(10):
        split = make_split(real_table, "text-independent", fold)
        part, heard = real_table.iloc[split.test], real_table.iloc[np.concatenate([split.train, split.validation])]
        for corpus in ("cremad", "ravdess", "tess"):
            texts = [set(frame.loc[frame["corpus"] == corpus, "sentence"]) for frame in (part, heard)]
            assert not texts[0] & texts[1]
        savee = [
            frame[frame["corpus"] == "savee"]["sentence"].str[-2:].isin(["01", "02", "03"]) for frame in (part, heard)
        ]
        assert not set(savee[0]) & set(savee[1])
        tested += split.test.tolist()
    assert sorted(tested) == list(range(len(real_table)))


def test_text_independent_needs_sentences_that_are_told_apart(synthetic_table):
    with pytest.raises(ProtocolError, match="at least two sentences are told apart"):
        make_split(synthetic_table, "text-independent", 0)  # each corpus has but one
    table = _people_table({"mine": (6, ["a", "b"], ("happy", "sad"))})
    table.loc[3, "sentence"] = pd.NA
    with pytest.raises(ProtocolError, match="at least two sentences are told apart"):
        make_split(table, "text-independent", 0)


def test_a_corpus_or_a_sentence_that_crosses_raises():
    table = _people_table({"mine": (6, ["a", "b"], ("happy", "sad")), "other": (6, ["a", "b"], ("happy", "sad"))})
    people = (table["corpus"] + table["speaker"]).to_numpy()
    split = make_split(table, "cross-corpus", 0)
    moved = people[split.test] == people[split.test[0]]  # a whole speaker, so that no speaker is shared
    broken = replace(split, train=np.append(split.train, split.test[moved]), test=split.test[~moved])
    with pytest.raises(ProtocolError, match="shares corpus other .* promises not to"):
        check_split(table, broken)
    split = make_split(table, "text-independent", 0)
    asked = np.isin(table["sentence"], table.iloc[split.test]["sentence"].unique())
    heard = np.flatnonzero(asked & np.isin(people, people[split.train]))  # what its training speakers say as well
    with pytest.raises(ProtocolError, match="shares sentence .* promises not to"):
        check_split(table, replace(split, train=np.append(split.train, heard)))


def test_a_seed_is_another_draw_where_speakers_or_clips_are_dealt(synthetic_table):
    for protocol in ("speaker-5fold", "random-leaky"):
        first, second = (make_split(synthetic_table, protocol, 0, seed=seed) for seed in (0, 1))
        assert not np.array_equal(first.test, second.test)
        tested = [make_split(synthetic_table, protocol, fold, seed=1).test for fold in range(5)]
        assert sorted(np.concatenate(tested)) == list(range(len(synthetic_table)))
    with pytest.raises(ProtocolError, match="drawn in one way only"):
        make_split(synthetic_table, "joint", 0, seed=1)


def published_names():
    return [name for name in protocol_names() if name in PUBLISHED]
