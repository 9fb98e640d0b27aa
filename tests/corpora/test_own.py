"""Your own corpus: folders or a manifest become the same table; whatever is wrong with them is one sentence."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.classical import SVMConfig
from ser_core.corpora import COLUMNS, labels, read_corpora
from ser_core.corpora.labels import propose_labels
from ser_core.corpora.manifest import manifest_header, propose_columns
from ser_core.corpora.own import (
    SPEAKERS_MISSING,
    count_labels,
    load_own,
    own_corpora,
    own_files,
    write_own,
)
from ser_core.corpora.patterns import SpeakerFinder, check_pattern, speaker_patterns
from ser_core.emotions import EMOTIONS, labels_by_corpus
from ser_core.errors import CorpusError, ProtocolError
from ser_core.evaluation.report import evaluate_run
from ser_core.protocols import SPEAKER, fold_count, make_split
from ser_core.training.data import ClipData
from ser_core.training.features import load_features
from ser_core.training.job import train_folds
from ser_core.training.publish import publish_bundle
from ser_core.training.recipe import ClassicalRecipe, parse_recipe
from ser_core.training.runs import RunFolder
from tests.synthetic import clip_bytes

SPEAKERS = ("anna", "ben", "cleo", "dana", "emil", "fay")
LABELS = {"Freude": "happy", "Trauer": "sad", "neutral": "neutral"}
MANIFEST = {"title": "Mine", "manifest": "clips.csv", "labels": {"Freude": "happy", "Trauer": "sad"}}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of corpora that the settings point at, with a cache and runs of its own."""
    for name in ("data", "cache", "runs"):
        monkeypatch.setenv(f"SER_{name.upper()}", str(tmp_path / name))
    (tmp_path / "data/mine").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def folders(data: Path) -> Path:
    """`mine`: a folder per emotion, named in German, 18 clips of six speakers."""
    for speaker, (label, emotion) in itertools.product(SPEAKERS, LABELS.items()):
        path = data / "mine" / label / f"{speaker}_01.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(clip_bytes(emotion, seed=SPEAKERS.index(speaker)))
    return data / "mine"


@pytest.fixture
def listed(data: Path) -> Callable[..., Path]:
    """Write `mine` with a manifest of the given rows; files named there are made, unless they look hostile."""

    def write(rows: list[dict[str, Any]], *, make: bool = True, **choices: Any) -> Path:
        root = data / "mine"
        write_own(root, MANIFEST | choices)
        header = list(dict.fromkeys(name for row in rows for name in row))
        with (root / "clips.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)
        for row in rows if make else []:
            path = root / row["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(clip_bytes("sad"))
        return root

    return write


def test_a_folder_per_emotion(folders: Path, data: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS, "speaker_pattern": "^([a-z]+)_"})
    assert own_corpora() == ["mine"]
    table = read_corpora()
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 18
    assert table["emotion"].value_counts().to_dict() == dict.fromkeys(LABELS.values(), 6)
    assert set(table["speaker"]) == set(SPEAKERS)
    assert set(table["corpus"]) == {"mine"}
    assert table["clip"].tolist()[0] == "Freude/anna_01"
    assert table["duration_s"].to_numpy() == pytest.approx(0.6)
    assert set(table["sample_rate"]) == {16_000}
    assert table["take"].tolist() == [1] * 18
    assert not table["song"].any()
    again = read_corpora(["mine"], data)
    pd.testing.assert_frame_equal(table, again)


def test_beside_the_four_its_types_are_theirs(synthetic_corpora: Path, folders: Path, data: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS})
    (data / "savee").symlink_to(synthetic_corpora / "savee")
    table = read_corpora()
    assert table["corpus"].unique().tolist() == ["savee", "mine"]
    assert table.dtypes.to_dict() == read_corpora(["savee"]).dtypes.to_dict()


def test_the_nearest_known_folder_is_the_label(folders: Path) -> None:
    (folders / "Freude/2024-05-01").mkdir()
    (folders / "Freude/2024-05-01/anna_02.wav").write_bytes(clip_bytes("happy"))
    write_own(folders, {"title": "Mine", "labels": LABELS | {"Trauer": "skip"}})
    table = read_corpora().set_index("clip")
    assert table.loc["Freude/2024-05-01/anna_02", "emotion"] == "happy"
    assert "sad" not in set(table["emotion"])
    assert len(table) == 13


def test_a_manifest_with_everything(listed: Callable[..., Path]) -> None:
    listed(
        [
            {
                "path": "a/1.wav",
                "emotion": "Freude",
                "speaker": "7",
                "sex": "w",
                "age": "31",
                "take": "2",
                "split": "x",
            },
            {"path": "a\u00e9/2 b.wav", "emotion": "TRAUER", "speaker": "8", "sex": "Male", "age": "", "take": ""},
            {"path": "./3.wav", "emotion": "neutral", "speaker": "", "sex": "diverse", "age": "40.0", "take": "1"},
        ]
    )
    table = read_corpora().set_index("clip")
    assert table.index.tolist() == ["3", "a/1", "a\u00e9/2 b"]
    assert table["emotion"].tolist() == ["neutral", "happy", "sad"]
    assert table["sex"].tolist() == ["diverse", "female", "male"]
    assert table["age"].isna().tolist() == [False, False, True]
    assert table.loc["a/1", ["age", "take"]].tolist() == [31, 2]
    assert table["speaker"].isna().tolist() == [True, False, False]


def test_other_columns_separators_and_parquet(data: Path) -> None:
    root = data / "mine"
    (root / "x.wav").write_bytes(clip_bytes("angry"))
    (root / "clips.csv").write_text("\ufefffile;label;spk\nx.wav;\u00c4rger;s1\n", encoding="utf-8")
    pd.DataFrame({"file": ["x.wav"], "label": ["\u00c4rger"], "spk": [1.0], "age": [np.nan]}).to_parquet(
        root / "c.parquet"
    )
    header = manifest_header(root / "clips.csv")
    columns = propose_columns(header)
    assert columns == {"path": "file", "emotion": "label", "speaker": "spk"}
    for manifest, speaker in (("clips.csv", "s1"), ("c.parquet", "1")):
        write_own(
            root, {"title": "M", "manifest": manifest, "columns": columns, "labels": propose_labels(["\u00c4rger"])}
        )
        (row,) = read_corpora().to_dict("records")
        assert (row["emotion"], row["speaker"], row["clip"]) == ("angry", speaker, "x")


def test_what_is_written_is_what_is_read(data: Path) -> None:
    choices = {
        "title": 'A "quoted" \\ title \u00fc',
        "licence": "CC0",
        "manifest": "lists/a b.csv",
        "speaker_pattern": r"^(?P<speaker>\d\d)_",
        "columns": {"path": "the file", "emotion": 'e"m\\o'},
        "labels": {"a.b c": "happy", '"\u00e4': "skip"},
    }
    corpus = write_own(data / "mine", choices)
    assert corpus.model_dump(exclude={"language", "source"}) == choices
    assert load_own(data / "mine") == corpus


def test_unknown_labels_are_listed_in_one_sentence(folders: Path) -> None:
    write_own(folders, {"title": "Mine"})
    with pytest.raises(CorpusError, match=r"'Freude' \(6 clips\), 'Trauer' \(6 clips\); under \[labels\]") as caught:
        read_corpora()
    assert "\n" not in str(caught.value)
    assert "neutral (6" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"path": "/etc/passwd"}, "leads out of the corpus's folder"),
        ({"path": "../other/1.wav"}, "leads out"),
        ({"path": "a/../1.wav"}, "leads out"),
        ({"path": ""}, "leads out"),
        ({"path": "link.wav"}, "leads out"),
        ({"path": "x" * 900 + ".wav"}, "1 of the 2 files .* are not in"),
        ({"path": "gone.wav"}, "1 of the 2 files .* are not in .*gone.wav"),
        ({"path": "1.wav"}, "twice"),
        ({"path": "./1.wav"}, "twice"),
        ({"path": "=HYPERLINK(1).wav"}, "begins like a formula"),
        ({"speaker": "@SUM(A1)"}, "begins like a formula"),
        ({"speaker": "-cmd"}, "begins like a formula"),
        ({"speaker": "x" * 1001}, "too long"),
        ({"speaker": "a\x00b"}, "control|no CSV"),
        ({"age": "old"}, "The age of .* is 'old'"),
        ({"age": "nan"}, "The age"),
        ({"age": "200"}, "from 0 to 120"),
        ({"take": "many"}, "The take"),
        ({"song": "perhaps"}, "yes or no"),
        ({"emotion": "boredom"}, r"not mapped: 'boredom' \(1 clips\)"),
        ({"emotion": ""}, r"not mapped: none \(1 clips\)"),
    ],
)
def test_hostile_rows_are_one_sentence(listed: Callable[..., Path], row: dict[str, str], part: str) -> None:
    good = {"path": "1.wav", "emotion": "sad", "speaker": "a", "age": "", "take": "", "song": ""}
    root = listed([good])
    (root / "2.wav").write_bytes(clip_bytes("sad"))
    (root / "link.wav").symlink_to("/etc/hostname")
    listed([good, good | {"path": "2.wav"} | row], make=False)
    with pytest.raises(CorpusError, match=re.compile(part, re.DOTALL)) as caught:
        read_corpora()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"path,emotion\n", "lists no clip"),
        (b"path,label\na.wav,sad\n", "has no column 'emotion'"),
        (b"path,path,emotion\na,b,sad\n", "more than one column 'path'"),
        (b"path,emotion\na.wav\n", "Row 2 of clips.csv has 1 cells instead of 2"),
        (b"\xff\xfe\x00p", "UTF-8"),
        (b'path,emotion\n"a,sad\n', "no CSV|cells"),
    ],
)
def test_damaged_manifests_are_one_sentence(data: Path, content: bytes, part: str) -> None:
    write_own(data / "mine", MANIFEST)
    (data / "mine/clips.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=part):
        read_corpora()


def test_huge_missing_and_foreign_manifests(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = data / "mine"
    for name, part in (("clips.csv", "not there"), ("c.parquet", "no readable parquet"), ("c.exe", "neither CSV")):
        write_own(root, MANIFEST | {"manifest": name})
        if part != "not there":
            (root / name).write_bytes(b"PAR1 no")
        with pytest.raises(CorpusError, match=part):
            read_corpora()
    write_own(root, MANIFEST)
    (root / "clips.csv").write_text("path,emotion\n" + "a.wav,sad\n" * 30)
    monkeypatch.setattr("ser_core.corpora.manifest._MOST_ROWS", 20)
    with pytest.raises(CorpusError, match="more than 20 rows"):
        read_corpora()
    monkeypatch.setattr("ser_core.corpora.manifest._MOST_BYTES", 100)
    with pytest.raises(CorpusError, match="larger than"):
        read_corpora()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("title = ", "not a readable TOML"),
        ("licence = 'CC0'", "'title' is wrong"),
        ("title = 'x'\nspeling = 1", "speling"),
        ("title = 'x'\n[labels]\na = 'joyful'", "'a' is mapped to 'joyful'"),
        ("title = 'x'\n[columns]\nface = 'f'", "'face' is none of"),
        ("title = 'x'\nspeaker_pattern = '('", "no regular expression"),
        ("title = 'x'\nspeaker_pattern = '^..'", "brackets"),
        ("title = 'x'\nspeaker_pattern = '^(a+)+$'", "must not repeat"),
        ("title = 'x'\nspeaker_pattern = '^(a*a*a*a*a*)b$'", "too many of"),
        ("title = 'x'\nspeaker_pattern = '(" + "a?" * 30 + ")b'", "too many of"),
        ("title = " + "9" * 5000, "a number or a table in it is endless"),
        ("title = " + "[" * 5000, "a number or a table in it is endless"),
        ("title = 'x'\nmanifest = '/etc/passwd'", "leads out"),
        ("title = 'x'\nmanifest = '../clips.csv'", "leads out"),
        ("title = 'x'", "holds no clip"),
    ],
)
def test_wrong_descriptions_are_one_sentence(data: Path, text: str, part: str) -> None:
    (data / "mine/corpus.toml").write_text(text)
    with pytest.raises(CorpusError, match=re.escape(part)) as caught:
        read_corpora()
    assert len(str(caught.value).splitlines()) == 1


def test_tables_made_to_take_all_memory_are_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = data / "mine"
    write_own(root, MANIFEST)
    for text, part in (
        ("path,emotion\n" + "\n" * 300_000, "more than 200000 rows"),
        ("path,emotion" + ",x" * 1000 + "\n", "over 1000 columns"),
        ("path,emotion\n" + "x," * 600_000, "a line of over 1,000,000 characters"),
    ):
        (root / "clips.csv").write_text(text)
        with pytest.raises(CorpusError, match=part):
            read_corpora()
    write_own(root, MANIFEST | {"manifest": "c.parquet"})
    pd.DataFrame({"path": ["x" * 100_000] * 100, "emotion": ["sad"] * 100}).to_parquet(root / "c.parquet")
    assert (root / "c.parquet").stat().st_size < 300_000
    monkeypatch.setattr("ser_core.corpora.manifest._MOST_BYTES", 1_000_000)
    with pytest.raises(CorpusError, match="unfolds to over 4 MB"):
        read_corpora()


@pytest.mark.parametrize(
    ("pattern", "name", "speaker"),
    [
        (r"^[^_]+_[^_]+_[^_]+_(?P<speaker>[^_.]+)", "a_b_c_s7_x.wav", "s7"),
        (r"^(?P<speaker>\d{4})_\w{3}_\w{3}", "1001_DFA_ANG.wav", "1001"),
        (r"[_-](?P<speaker>[^_.-]+)\.[^.]+$", "happy-07.wav", "07"),
        (r"(f|m)\d\d", "clip f03.wav", "f"),
    ],
)
def test_usual_patterns_are_no_danger(pattern: str, name: str, speaker: str) -> None:
    check_pattern(pattern)
    assert SpeakerFinder(pattern)(Path(name)) == speaker


def test_a_pattern_that_takes_too_long_on_all_names_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.corpora.patterns._MOST_S", 0.05)
    find = SpeakerFinder("^(a*a*a*)b$")
    with pytest.raises(CorpusError, match="takes too long"):
        list(map(find, [Path("a" * 200)] * 100))


@pytest.mark.parametrize("name", ["../mine", "mine/../mine", "a b", ".", "", "cremad"])
def test_names_that_are_no_corpus(folders: Path, name: str) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS})
    with pytest.raises(CorpusError):
        read_corpora([name])


def test_the_cache_notices_a_changed_description(folders: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS})
    assert (read_corpora()["emotion"] == "sad").sum() == 6
    write_own(folders, {"title": "Mine", "labels": LABELS | {"Trauer": "fearful"}})
    assert (read_corpora()["emotion"] == "sad").sum() == 0


def test_proposals(folders: Path) -> None:
    assert propose_labels(["Wut", "col\u00e8re", "ENOJO", "tristeza", "fear", "ps", "xyz", "Neutral"]) == {
        "Wut": "angry", "col\u00e8re": "angry", "ENOJO": "angry", "tristeza": "sad", "fear": "fearful",
        "ps": "surprised", "xyz": None, "Neutral": "neutral",
    }  # fmt: skip
    assert propose_labels("WLEAFTN")["A"] == "fearful"
    assert propose_labels("ADFHNS")["A"] == "angry"
    write_own(folders, {"title": "Mine"})
    paths = sorted(folders.rglob("*.wav"))
    assert len(SPEAKERS) in speaker_patterns(paths).values()
    files = own_files(folders, load_own(folders), paths)
    assert count_labels(files) == dict.fromkeys(["Freude", "Trauer", "neutral"], 6)
    assert propose_labels(count_labels(files)) == LABELS


def test_every_alias_can_be_reached_and_means_one_emotion() -> None:
    aliases = [alias for text in labels._ALIASES.values() for alias in text.split()]
    assert [alias for alias in aliases if labels.plain(alias) != alias] == []
    assert sorted(set(aliases)) == sorted(aliases)
    assert set(propose_labels(aliases).values()) == set(EMOTIONS)


def test_without_speakers_only_leaky_splits_are_left(folders: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS})
    table = read_corpora()
    with pytest.raises(ProtocolError, match="18 clips of 'mine' have no speaker.*'random-leaky' are left"):
        make_split(table, SPEAKER, 0)
    assert len(make_split(table, "all", 0).train) == 18
    assert len(make_split(table, "random-leaky", 0).test)
    assert "voices it has not heard" in SPEAKERS_MISSING


def test_speaker_5fold_tests_every_speaker_once_and_needs_two(folders: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS, "speaker_pattern": "^([a-z]+)_"})
    table = read_corpora()
    heard = [set(table["speaker"].iloc[make_split(table, SPEAKER, fold).test]) for fold in range(5)]
    assert sorted(speaker for speakers in heard for speaker in speakers) == sorted(SPEAKERS)
    three = table[table["speaker"].isin(SPEAKERS[:3])].reset_index(drop=True)
    assert fold_count(SPEAKER, three) == 3
    with pytest.raises(ProtocolError, match="has folds 0 to 2, not 3"):
        make_split(three, SPEAKER, 3)
    alone = table[table["speaker"] == "anna"].reset_index(drop=True)
    with pytest.raises(ProtocolError, match="at least two speakers"):
        make_split(alone, SPEAKER, 0)


def test_the_classes_of_an_own_corpus_are_those_that_occur(folders: Path) -> None:
    write_own(folders, {"title": "Mine", "labels": LABELS})
    table = read_corpora()
    assert labels_by_corpus(table["corpus"].tolist(), table["emotion"].tolist()) == {
        "mine": ("neutral", "happy", "sad")
    }
    possible = ClipData.from_table(table, None, {}).possible  # type: ignore[arg-type]
    assert possible.sum(axis=1).tolist() == [3] * 18


def test_it_is_trained_evaluated_and_published(folders: Path, tmp_path: Path) -> None:
    write_own(folders, {"title": "My voices", "licence": "CC0", "labels": LABELS, "speaker_pattern": "^([a-z]+)_"})
    recipe = parse_recipe('kind = "classical"\nname = "x"\ncorpora = ["mine"]\n[classifier]\ncomponents = 3')
    assert recipe == ClassicalRecipe(name="x", corpora=("mine",), classifier=SVMConfig(components=3))
    table, store = load_features(recipe)
    held_out, final = RunFolder.open(recipe, SPEAKER), RunFolder.open(recipe, "all")
    train_folds(held_out, recipe, SPEAKER, table, store)
    train_folds(final, recipe, "all", table, store)
    report = evaluate_run(held_out)[SPEAKER]
    assert report["corpus"] == "mine"
    assert report["labels"] == ["neutral", "happy", "sad"]
    assert report["chance"] == pytest.approx(1 / 3)
    assert sum(map(sum, report["confusion"])) == 18
    assert sorted(speaker for fold in report["folds"] for speaker in fold["test_speakers"]) == sorted(SPEAKERS)
    card = publish_bundle(tmp_path / "bundle", recipe, final, held_out, table)
    assert card.training_data[0].title == "My voices"
    assert "CC0" in card.licence
    assert "My voices" in card.limits[0]
