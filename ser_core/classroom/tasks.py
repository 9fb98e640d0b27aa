"""What the lessons ask. Every right answer is measured or computed when it is asked for, by the package itself."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser_core.audio import load_audio
from ser_core.corpora.statistics import corpus_title
from ser_core.examples import list_examples
from ser_core.features.functionals import functionals
from ser_core.leakage.lab import LabReport
from ser_core.signals.analysis import Analysis
from ser_core.signals.compare import functional_differences
from ser_core.signals.notes import key_measures
from ser_core.signals.reference import functional_spread

LENGTH, PITCH, LEVEL = "length (s)", "pitch, median (Hz)", "level (dB re full scale)"
BRIGHTNESS, TEMPO = "spectral centroid (Hz)", "syllables a second"
#: Families of functionals that mean little to a person; the page Signals does not show them at first, either.
_ABSTRACT = ("MFCC", "mel bands", "tones")
_OPTIONS = 4


@dataclass(frozen=True)
class NumberTask:
    """A number to find; right within *tolerance*. *why* is said once it is right, *hints* when asked for."""

    name: str
    question: str
    unit: str
    answer: float
    tolerance: float
    why: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChoiceTask:
    """One of several answers to find; *equals* are as right as it, since the measure is the same."""

    name: str
    question: str
    options: tuple[str, ...]
    answer: str
    why: str
    hints: tuple[str, ...] = ()
    equals: tuple[str, ...] = ()


Task = NumberTask | ChoiceTask


def check(task: Task, given: float | str | None) -> bool:
    """Return whether *given* is the answer."""
    if isinstance(task, NumberTask):
        return isinstance(given, int | float) and abs(given - task.answer) <= task.tolerance
    return given == task.answer or given in task.equals


@functools.lru_cache(maxsize=1)
def example_measures() -> Mapping[str, Mapping[str, float]]:
    """Return the key measures of each built-in voice, by its id, as the page Signals computes them."""
    return {example.id: key_measures(Analysis(load_audio(example.path))) for example in list_examples()}


def sound_tasks() -> tuple[Task, ...]:
    """Return the tasks of the lesson about sound."""
    samples = len(load_audio(_example("neutral").path).samples)
    seconds = example_measures()["neutral"][LENGTH]
    levels = {name: values[LEVEL] for name, values in example_measures().items()}
    quiet, loud = min(levels, key=levels.__getitem__), max(levels, key=levels.__getitem__)
    return (
        NumberTask(
            "samples", "How many samples is the voice *Neutral style* made of?", "samples", samples, 0.02 * samples,
            f"{seconds:.2f} s × 16,000 a second: {samples:,} numbers, and that is all that a model gets to see.",
            ("Multiply its length in seconds by the measurements in a second.", "It lasts about three seconds."),
        ),
        ChoiceTask(
            "quiet", "Which of the six voices is the quietest?", _titles(levels), _example(quiet).title,
            f"It lies at {levels[quiet]:.0f} dB, {levels[loud] - levels[quiet]:.0f} dB below the loudest "
            f"({_example(loud).title}).",
            ("Look at the curve of the panel Intensity: whose top is lowest?", "Quiet voices often sound tired."),
        ),
    )  # fmt: skip


def spectrogram_tasks() -> tuple[Task, ...]:
    """Return the tasks of the lesson about the spectrogram."""
    pitches = {name: values[PITCH] for name, values in example_measures().items()}
    low, high = min(pitches, key=pitches.__getitem__), max(pitches, key=pitches.__getitem__)
    return (
        ChoiceTask(
            "low", "Whose stripes lie closest together, that is, which voice is the lowest?", _titles(pitches),
            _example(low).title,
            f"Its vocal folds open {pitches[low]:.0f} times a second; in a real person's case they would.",
            ("The panel Pitch has the median below its curve.", "Compare the numbers of all six voices."),
        ),
        NumberTask(
            "pitch", f"What is the median pitch of *{_example(high).title}*?", "Hz", pitches[high], 0.1 * pitches[high],
            f"{pitches[high]:.0f} Hz: {pitches[high] / pitches[low]:.1f} times that of the lowest voice. Pitch is not "
            "emotion: it also depends on who speaks.",
            ("Press that example on the page Signals, and read the line below the panel Pitch.",),
        ),
    )  # fmt: skip


def feature_tasks() -> tuple[Task, ...]:
    """Return the tasks of the lesson about features; :func:`rule_outcome` is asked beside them."""
    first, second = (functionals(load_audio(_example(name).path)) for name in ("angry", "sad"))
    table = functional_differences(first, second, functional_spread())
    table = table[~table["family"].isin(_ABSTRACT)].reset_index(drop=True)
    places = [0, *range(5, 15, 3)][:_OPTIONS]
    names = [str(table["meaning"].iloc[place]) for place in places]
    return (
        ChoiceTask(
            "difference", "In which of these do *Angry style* and *Sad style* differ most?", tuple(sorted(names)),
            names[0],
            f"They lie {abs(float(table['spreads'].iloc[0])):.1f} standard deviations of the four corpora apart in it.",
            ("The chart What differs most has the longest bar on top.", "Is Angry style the first sound?"),
        ),
    )  # fmt: skip


#: What the student's own recogniser may measure, and the styles that it should call excited.
RULE_FEATURES = (PITCH, LEVEL, BRIGHTNESS, TEMPO)
EXCITED = frozenset({"happy", "angry", "fearful", "surprised"})


@dataclass(frozen=True)
class RuleRow:
    """A voice under the student's rule: its measure, what the rule says, and whether that is right."""

    title: str
    value: float
    says: str
    right: bool


def rule_outcome(feature: str, limit: float) -> list[RuleRow]:
    """Return what the rule "excited from *limit* on" says about each built-in voice, sorted by the feature."""
    rows = []
    for name, values in example_measures().items():
        excited = values[feature] >= limit
        right = excited == (name in EXCITED)
        rows.append(RuleRow(_example(name).title, values[feature], "excited" if excited else "quiet", right))
    return sorted(rows, key=lambda row: row.value)


def report_tasks(report: Mapping[str, Any]) -> tuple[Task, ...]:
    """Return the tasks of the lesson about a classifier, from an evaluation object."""
    uar, chance = 100 * float(report["uar"]), 100 * float(report["chance"])
    recalls = {label: float(part["recall"]) for label, part in report["per_class"].items()}
    worst = min(recalls, key=recalls.__getitem__)
    return (
        NumberTask(
            "uar", "What is its UAR on speakers whom it had not heard?", "%", uar, 0.6,
            f"{uar:.1f} %: this is the number to believe.",
            ("It stands on top of the report.", "Not the accuracy: that one counts frequent emotions more."),
        ),
        NumberTask(
            "chance", "And what would guessing reach?", "%", chance, 0.6,
            f"{chance:.1f} %: one of {len(report['labels'])} emotions at random. A score without this says little.",
            ("How many emotions are there to choose among?",),
        ),
        ChoiceTask(
            "worst", "Which emotion does it recognise worst?", tuple(report["labels"]), worst,
            f"Of the clips meant to be {worst} it recognises {100 * recalls[worst]:.0f} %.",
            ("Look along the diagonal of the confusion matrix, in shares of each row.",),
            tuple(label for label, recall in recalls.items() if recall == recalls[worst]),
        ),
    )  # fmt: skip


#: Gains that differ by less are as large: another draw of clips would turn them round.
_A_TIE = 0.01


def split_tasks(report: LabReport) -> tuple[Task, ...]:
    """Return the tasks about what the laboratory found."""
    mistakes = [part for part in report.experiments if not part.honest]
    largest = max(mistakes, key=lambda part: part.gain)
    random = next(part for part in report.experiments if part.name == "random")
    return (
        NumberTask(
            "gain", "By how many points does *Clips split at random* beat *Test speakers never heard*?", "points",
            100 * random.gain, 1.0,
            f"{100 * random.gain:+.1f} points on {corpus_title(report.corpus)}, with the same kind of model: what it "
            "gains, it gains by knowing its test speakers.",
            ("Take the two UARs of the laboratory and subtract.",),
        ),
        ChoiceTask(
            "largest", "Which mistake flatters most?", tuple(part.title for part in mistakes), largest.title,
            f"{100 * largest.gain:+.1f} points over the honest way that differs in nothing else.",
            ("Each mistake stands with its gain over the honest way that differs in nothing else.",),
            tuple(part.title for part in mistakes if part.gain > largest.gain - _A_TIE),
        ),
    )  # fmt: skip


def bias_tasks(people: Mapping[str, Mapping[str, Any]]) -> tuple[Task, ...]:
    """Return the tasks about groups of speakers.

    Parameters
    ----------
    people
        By corpus, what a card says of its groups (see :func:`ser_core.evaluation.fairness.people_gaps`).
    """
    gaps = {corpus: part.get("sex", {}).get("gap") for corpus, part in people.items()}
    known = {corpus: gap for corpus, gap in gaps.items() if gap is not None}
    tasks: list[Task] = []
    if known:
        corpus = max(known, key=lambda name: abs(known[name]))
        gap, (low, high) = 100 * known[corpus], (100 * end for end in people[corpus]["sex"]["gap_ci95"])
        better, worse = ("women", "men") if gap > 0 else ("men", "women")
        luck = "No: the interval does not reach 0", "Yes: the interval reaches over 0"
        tasks += [
            NumberTask(
                "gap", f"On {corpus_title(corpus)}, by how many points of UAR is it better for {better} than for "
                f"{worse}?", "points", abs(gap), 0.6,
                f"{abs(gap):.1f} points, with an interval of the difference (women less men) from {low:.1f} to "
                f"{high:.1f}.",
                ("Subtract the two figures of that corpus in the chart.",),
            ),
            ChoiceTask(
                "luck", f"The interval of this difference goes from {low:.1f} to {high:.1f}. Can it well be luck?",
                luck, luck[0] if low > 0 or high < 0 else luck[1],
                "With 95 % intervals, one of twenty such differences looks real by luck alone. Look at all corpora.",
                ("If 0 lies between the ends, no difference at all would fit, too.",),
            ),
        ]  # fmt: skip
    told = (
        f"{len(known)} of {len(gaps)}: the others have speakers of one sex only, or one single speaker of it. Nobody "
        "knows how the model does there, and no figure can say so."
    )
    tasks.append(
        NumberTask(
            "told", "For how many of these corpora can a gap between women and men be told at all?", "corpora",
            len(known), 0.0, told, ("Count those in the chart that have both, with more than one speaker each.",),
        )
    )  # fmt: skip
    return tuple(tasks)


def _example(name: str) -> Any:
    return next(example for example in list_examples() if example.id == name)


def _titles(names: Sequence[str] | Mapping[str, float]) -> tuple[str, ...]:
    return tuple(_example(name).title for name in names)
