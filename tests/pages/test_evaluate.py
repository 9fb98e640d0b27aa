"""The page about judging models, driven without a browser, on trainings that are made of their predictions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.evaluate import lab as lab_part
from pages.parts.evaluate.lists import MOST_LINES, locate, parse_list
from pages.parts.jobs import _jobs
from ser_core.bundle import list_bundles, load_card
from ser_core.errors import CorpusError
from ser_core.evaluation.comparison import compare
from ser_core.evaluation.details import evaluate_details
from ser_core.evaluation.report import held_out_tests
from ser_core.leakage import audit as audit_module
from ser_core.leakage.lab import Experiment, LabReport
from ser_core.leakage.words import EXPLANATIONS, HONEST, REFERENCES, TITLES
from ser_core.training.runs import RunFolder
from tests.pages.conftest import charts, choose, open_app, press, text
from tests.pages.made_runs import write_run

TWO = ":material/compare_arrows: Two models"
BOARD = ":material/leaderboard: Leader-board"
LAB = ":material/science: Leakage laboratory"
AUDIT = ":material/policy: Audit of a split"
RAVDESS = "ravdess-emobox"

pytestmark = pytest.mark.usefixtures("visited_before")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def runs(synthetic_corpora: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of trainings; the corpora are the synthetic ones."""
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_CACHE", str(cache))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SER_MODELS", raising=False)
    _jobs(private=False).clear()
    return tmp_path / "runs"


@pytest.fixture
def clips(synthetic_table: pd.DataFrame) -> Callable[[str], pd.DataFrame]:
    def of(corpus: str) -> pd.DataFrame:
        return synthetic_table[synthetic_table["corpus"] == corpus].reset_index(drop=True)

    return of


def evaluate(section: str | None = None) -> AppTest:
    app = open_app().switch_page("pages/evaluate.py").run()
    app = choose(app, "evaluate_section", section) if section else app
    assert not app.exception
    return app


def metrics(app: AppTest) -> Mapping[str, str]:
    return {element.label: element.value for element in app.metric}


def said(app: AppTest) -> str:
    found = [*app.error, *app.warning, *app.info, *app.success, *app.markdown, *app.caption, *app.subheader]
    return "\n".join(element.value for element in found)


def view(app: AppTest, name: str) -> AppTest:
    app = choose(app, "evaluate_view", name)
    assert not app.exception
    return app


def test_a_model_shows_what_its_card_holds_and_says_what_it_lacks(runs: Path) -> None:
    app = evaluate()
    app = choose(app, "evaluate_source_one", "model:lite")
    app = choose(app, "evaluate_protocol_one", "cremad-evar")
    report = load_card(list_bundles()["lite"]).evaluation["cremad-evar"]
    assert metrics(app) == {
        "UAR": f"{100 * report['uar']:.1f} %",
        "Accuracy": f"{100 * report['wa']:.1f} %",
        "Guessing": "16.7 %",
        "People": "40.9 %",
    }
    assert "Cao et al. 2014" in said(app)
    assert "keeps its report, not its single answers" in app.info[0].value
    assert charts(app) == 1
    for name in ("Emotions", "Confusions"):
        app = view(app, name)
        assert charts(app) == 1
    for name in ("Curves", "Groups", "Confidence", "Mistakes"):
        assert name not in app.get("button_group")[1].options
    assert not runs.exists()


def test_a_training_is_shown_in_every_way(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    table = clips("ravdess")
    run = write_run(runs, "made", table, RAVDESS, skill=0.7)
    details = evaluate_details(run, RAVDESS, table=table)
    app = evaluate()
    uar = details.metrics["uar"]
    assert metrics(app)["UAR"] == f"{100 * uar.value:.1f} %"
    assert metrics(app)["Guessing"] == "12.5 %"
    assert f"95 % interval {100 * uar.low:.1f} to {100 * uar.high:.1f}" in said(app)
    assert "192 clips of 24 speakers that the models had never heard" in said(app)
    assert "a clip of an emotion and one of another" in said(app)  # each score is explained
    numbers = app.dataframe[0].value  # the folds
    assert numbers["clips"].sum() == 192
    app = view(app, "Emotions")
    row = app.dataframe[0].value.set_index("emotion").loc["happy"]
    assert row["clips"] == 24
    recall = details.classes["happy"].recall
    assert row["Recall"] == f"{100 * recall.value:.1f} % ({100 * recall.low:.1f} to {100 * recall.high:.1f})"
    app = view(app, "Confusions")
    share, true, answer = re.search(r"mistake: (\d+) % of (\w+) is taken for (\w+)", said(app)).groups()  # type: ignore[union-attr]
    place = details.labels.index(true), details.labels.index(answer)
    assert round(100 * details.confusion_share[place[0]][place[1]]) == int(share)
    app = view(app, "Curves")
    assert charts(app) == 2
    app.pills(key="evaluate_curve_labels").set_value(["sad"]).run()
    assert app.dataframe[0].value["emotion"].tolist() == ["sad"]
    app = view(app, "Confidence")
    assert charts(app) == 2
    assert f"Calibration error {details.metrics['ece'].value:.3f}" in said(app)
    assert f"answers {100 * details.abstaining.chosen_coverage:.1f} % of the clips" in said(app)


def test_groups_and_mistakes_need_the_corpus(
    runs: Path, clips: Callable[[str], pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = clips("ravdess")
    run = write_run(runs, "made", table, RAVDESS, skill=0.7)
    details = evaluate_details(run, RAVDESS, table=table)
    app = view(evaluate(), "Groups")
    for name, first in (("speaker", "RAVDESS 01"), ("sex", "female")):
        app = choose(app, "evaluate_group", name)
        app = choose(app, "evaluate_group_metric", "wa")
        drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
        place = drawn["layout"]["yaxis"]["ticktext"].index(first)
        group = next(group for group in details.groups[name] if first.endswith(group.value.split("/")[-1]))
        assert drawn["data"][0]["text"][place] == f"{100 * group.wa.value:.1f}"
    app = view(app, "Mistakes")
    wrong = details.mistakes
    assert len(app.dataframe[0].value) == len(wrong)
    assert len(app.get("audio")) == min(12, len(wrong))
    first = wrong[0]
    assert f"speaker {first.speaker}, {first.clip}" in said(app)
    app = choose(app, "evaluate_mistake_truth", first.truth)
    assert len(app.dataframe[0].value) == sum(mistake.truth == first.truth for mistake in wrong)
    monkeypatch.setenv("SER_DATA", str(runs / "nowhere"))
    app = view(evaluate(), "Mistakes")
    assert not app.get("audio")
    assert "The corpus is not here" in said(app)
    assert len(app.dataframe[0].value) == len(wrong)


def test_a_part_of_the_folds_is_no_published_score(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    write_run(runs, "part", clips("ravdess"), RAVDESS, folds=(0, 2))
    app = evaluate()
    assert "Not all folds" in app.warning[0].value
    assert "64 clips of 8 speakers" in said(app)
    assert charts(app) == 1
    board = choose(app, "evaluate_section", BOARD)
    assert "part" not in board.dataframe[0].value["name"].tolist()


def test_leaky_and_damaged_trainings_are_named(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    write_run(runs, "leaky", clips("savee"), "random-leaky", skill=0.95)
    assert "inflated on purpose" in evaluate().warning[0].value
    broken = write_run(runs, "broken", clips("savee"), "savee-loso", seed=3)
    (broken.path / "fold-1" / "predictions.parquet").write_bytes(b"no parquet")
    app = choose(evaluate(), "evaluate_source_one", "training:broken")
    assert not app.exception
    assert "broken cannot be judged" in app.warning[0].value


def test_a_perfect_model_has_no_mistakes(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    write_run(runs, "perfect", clips("savee"), "savee-loso", skill=1.0)
    app = evaluate()
    assert metrics(app)["UAR"] == "100.0 %"
    assert "Not a single wrong answer" in view(app, "Mistakes").success[0].value


def test_two_trainings_are_compared_on_the_same_clips(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    good = write_run(runs, "good", clips("ravdess"), RAVDESS, skill=0.9, seed=1)
    app = evaluate(TWO)
    assert "Two finished trainings are needed" in app.info[0].value
    bad = write_run(runs, "bad", clips("ravdess"), RAVDESS, skill=0.3, seed=2)
    write_run(runs, "other", clips("savee"), "savee-loso", seed=3)
    app = evaluate(TWO)
    app = choose(app, "evaluate_source_first", "training:good")
    app = choose(app, "evaluate_source_second", "training:bad")
    result = compare(*(held_out_tests(RunFolder(run.path))[RAVDESS] for run in (good, bad)), RAVDESS)
    assert result.words in text(app)
    assert "first model is better" in text(app)
    assert metrics(app)["McNemar p"] == "< 0.001"
    assert metrics(app)["UAR, second"] == f"{100 * result.uar_second:.1f} %"
    assert f"{result.only_first} against {result.only_second}" in said(app)
    assert charts(app) == 2
    app = choose(app, "evaluate_source_second", "training:other")
    assert "not tested under the same protocol" in app.info[0].value


def test_the_leader_board_stands_beside_publications(runs: Path, clips: Callable[[str], pd.DataFrame]) -> None:
    write_run(runs, "made", clips("ravdess"), RAVDESS, skill=0.99)
    app = evaluate(BOARD)
    board = next(title for title in app.selectbox(key="evaluate_board").options if RAVDESS in title)
    app = choose(app, "evaluate_board", board)
    table = app.dataframe[0].value.set_index("name")
    assert table.index[0] == "made"
    assert table.loc["lite", "what"] == "model"
    assert "EmoBox" in table.loc["WavLM large + MLP", "source"]
    assert table.loc["guessing", "UAR"] == "12.5 %"
    assert "Keesing" in said(app)
    app.toggle(key="evaluate_similar").set_value(False).run()
    exact = app.dataframe[0].value
    assert not exact["note"].str.contains("other folds").any()
    assert 0 < len(exact) < len(table)


def experiment(name: str) -> Experiment:
    return Experiment(
        name=name, title=TITLES[name], explanation=EXPLANATIONS[name], honest=name in HONEST,
        uar=0.9 if name == "augmented-before" else 0.5, uar_ci95=(0.45, 0.55), wa=0.5, seeds=[0.5],
        reference=REFERENCES.get(name, ""), gain=0.4 if name == "augmented-before" else 0.0,
    )  # fmt: skip


def test_the_laboratory_explains_every_way_to_fool_oneself(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def quick(corpus: str, *, seeds: int, **_: object) -> LabReport:
        asked.append((corpus, seeds))
        experiments = [experiment(name) for name in TITLES]
        return LabReport(corpus=corpus, clips=192, speakers=24, classes=8, chance=0.125, experiments=experiments)

    monkeypatch.setattr(lab_part, "run_lab", quick)
    app = evaluate(LAB)
    assert not asked  # nothing begins by itself
    for title in TITLES.values():
        assert title in text(app)
    app = choose(app, "lab_seeds", 1)
    app = press(app, "start_job").run()
    assert asked == [("ravdess", 1)]
    assert "Augmented, then split at random: 90.0 %, which is 40 points too good" in said(app)
    for name in TITLES:
        assert EXPLANATIONS[name] in text(app)
    assert charts(app) == 1
    assert "against “Augmented in training only”" in said(app)
    app = press(app, "lab_again")
    assert [button for button in app.button if button.key == "start_job"]


def test_the_laboratory_without_corpora(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(runs / "nowhere"))
    app = evaluate(LAB)
    assert "no corpus here" in app.info[0].value
    assert "Clips split at random" in text(app)


def test_an_audit_finds_leaks_and_opens_nothing_else(
    runs: Path, synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    load = audit_module.load_audio

    def spy(path: str) -> object:
        opened.append(Path(path))
        return load(path)

    monkeypatch.setattr(audit_module, "load_audio", spy)
    secret = tmp_path / "secret.wav"
    first = next(path for path in sorted((synthetic_corpora / "ravdess").rglob("03-01-05-*.wav")))
    secret.write_bytes(first.read_bytes())
    app = evaluate(AUDIT)
    assert "Both lists are needed" in app.info[0].value
    app.text_area(key="audit_text_train").set_value(f"{first}\n{secret}\n../secret.wav\npages/evaluate.py").run()
    app.text_area(key="audit_text_test").set_value(f"D:\\mine\\{first.name}\n/etc/passwd").run()
    assert not app.exception
    assert "2 of 6 files are here" in said(app)
    app = press(app, "start_job").run()
    until = 60
    while not app.error and until:
        app, until = app.run(), until - 1
    assert "This split leaks" in app.error[0].value
    assert "The very same recording in training and test:** 1 of 2 test files (50 %)" in text(app)
    assert all(path.is_relative_to(synthetic_corpora) for path in opened)
    assert first in opened
    shown = pd.concat([frame.value for frame in app.dataframe]).to_csv()
    assert str(synthetic_corpora) not in shown  # where the server keeps its files is nobody's business


def test_an_audit_by_names_alone_needs_no_corpus(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(runs / "nowhere"))
    app = evaluate(AUDIT)
    app.text_area(key="audit_text_train").set_value(
        "split,path\ntrain,1001_DFA_ANG_XX.wav\nvalidation,1002_IEO_HAP_LO.wav\ntest,1001_TIE_SAD_XX.wav"
    ).run()
    assert "Same speaker in training and test:** 1 of 1 test files (100 %)" in text(app)
    assert "0 of 3 files are here" in said(app)
    app.text_area(key="audit_text_train").set_value("split,path\ntrain,").run()
    assert "names no file" in app.warning[0].value


def test_the_example_is_filled_in(runs: Path) -> None:
    app = press(evaluate(AUDIT), "audit_example")
    assert len(app.text_area(key="audit_text_train").value.splitlines()) == 48
    assert len(app.text_area(key="audit_text_test").value.splitlines()) == 12
    assert "60 of 60 files are here" in said(app)


def test_lists_are_read() -> None:
    assert parse_list("\ufeffa.wav\n\n# no\n b, c.wav \n")["path"].tolist() == ["a.wav", "b, c.wav"]
    table = parse_list('Speaker, path\n7,"a, b.wav"\n,c.wav\n')
    assert table.columns.tolist() == ["path", "speaker"]
    assert table.to_numpy().tolist() == [["a, b.wav", "7"], ["c.wav", ""]]
    for text_ in ("", "# nothing", "path,speaker\n", "path\n ,\nx", "speaker,path\n7"):
        with pytest.raises(CorpusError, match="names no file"):
            parse_list(text_)
    with pytest.raises(CorpusError, match="at most"):
        parse_list("a.wav\n" * (MOST_LINES + 2))


def test_a_file_is_looked_for_below_the_corpora_only(tmp_path: Path) -> None:
    root = tmp_path / "data"
    inside, outside = root / "mine" / "a.wav", tmp_path / "b.wav"
    inside.parent.mkdir(parents=True)
    for path in (inside, outside):
        path.touch()
    known = {"1001_dfa_ang_xx": str(root / "cremad" / "1001_DFA_ANG_XX.opus")}
    assert locate("mine/a.wav", root, {}) == inside
    assert locate(str(inside), root, {}) == inside
    assert locate(".\\mine\\a.wav", root, {}) == inside
    assert locate("/home/you/1001_DFA_ANG_XX.wav", root, known) == Path(known["1001_dfa_ang_xx"])
    for name in (
        str(outside), "../b.wav", "mine/../../b.wav", f"{root}/../b.wav", "/etc/passwd", "..", "", "\0", "a" * 9000,
        "C:\\b.wav", "~/b.wav", "mine/../mine/a.wav",
    ):  # fmt: skip
        found = locate(name, root, known)
        assert found.is_relative_to(root / "elsewhere")
        assert ".." not in found.parts
        assert not found.exists()
