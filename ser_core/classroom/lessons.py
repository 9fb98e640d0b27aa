"""Six short lessons: what each is about, and where to look. What is asked is computed (see `tasks`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Something to do or to understand (Markdown), and the page of the app on which to do it."""

    text: str
    page: str | None = None


@dataclass(frozen=True)
class Lesson:
    """A lesson: its name for programs, title, minutes it takes, and steps."""

    name: str
    title: str
    minutes: int
    aim: str
    steps: tuple[Step, ...]


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "sound",
        "Sound is a list of numbers",
        10,
        "You can say what a recording is made of, and what loud means in decibels.",
        (
            Step(
                "A microphone measures the pressure of the air, here **16,000 times a second**. Each measurement is a "
                "number between -1 and 1, a *sample*. The waveform draws them one after the other."
            ),
            Step(
                "Open **Signals** and press the example *Neutral style*. Find out how many seconds it lasts: the "
                "slider *Part in view* ends there.",
                "signals",
            ),
            Step(
                "Press the other examples and look at the panel *Intensity*. Decibels (dB) compare with the loudest "
                "sound that the file could hold, so they are negative: -30 dB is quieter than -20 dB.",
                "signals",
            ),
        ),
    ),
    Lesson(
        "spectrogram",
        "A picture of the voice",
        10,
        "You can read pitch and brightness from a spectrogram.",
        (
            Step(
                "A spectrogram cuts the sound into pieces of 25 ms and asks of each: how much energy is there at low "
                "frequencies (below), how much at high ones (above)? Bright is strong."
            ),
            Step(
                "In a voice the energy lies in stripes: the *harmonics*, whole multiples of how often the vocal folds "
                "open each second. That number is the **pitch**. Stripes far apart: a high voice.",
            ),
            Step(
                "Open **Signals** and compare the stripes of the six examples. The panel *Pitch* tells the median "
                "below its curve.",
                "signals",
            ),
        ),
    ),
    Lesson(
        "features",
        "Features: a clip in a few numbers",
        10,
        "You can choose a feature that tells two ways of speaking apart, and say why another one does not.",
        (
            Step(
                "A classical recogniser does not look at the picture. It measures **features**: pitch, level, "
                "brightness, tempo … and takes statistics of each over the clip."
            ),
            Step(
                "Open **Signals**, section *Compare two*: take *Angry style* as the first sound and *Sad style* as the "
                "second, and look at *What differs most*.",
                "signals",
            ),
            Step("Then build a recogniser of your own below: one feature and one limit. It is a real one, if small."),
        ),
    ),
    Lesson(
        "classifier",
        "A first classifier",
        15,
        "You have trained a network, and can say how good it is and compared with what.",
        (
            Step(
                "Open **Train** and press *Classroom preset*: a small network learns from a few hundred clips of "
                "RAVDESS to tell four emotions apart. One training for the whole class is enough.",
                "train",
            ),
            Step(
                "Watch: the *loss* (how wrong it is on what it has heard) falls; the *UAR* on speakers whom it does "
                "not hear rises, and then no more. UAR: of each emotion's clips, the share that is recognised, "
                "averaged over the emotions.",
            ),
            Step(
                "When it is finished, read its report under *Trainings*: UAR, guessing, and the confusion matrix.",
                "train",
            ),
        ),
    ),
    Lesson(
        "split",
        "How to fool yourself with a split",
        15,
        "You can find the leak in a split, mend it, and say what it does to a score.",
        (
            Step(
                "A test must ask what the model does with **new voices**. If clips are dealt out at random, every test "
                "speaker is also heard in training, and the score tells how well it knows these very people."
            ),
            Step(
                "Open **Evaluate**, section *Leakage laboratory*: the same model is trained honestly and with each of "
                "the usual mistakes. Guess first: which mistake makes the score look best?",
                "evaluate",
            ),
            Step("Mend the split below: choose the test files so that no speaker is in both lists."),
        ),
    ),
    Lesson(
        "bias",
        "Bias and ethics",
        15,
        "You can read whom a model serves worse, and name uses that should not be.",
        (
            Step(
                "A mean hides people. The card of a model says how good it is for women and men, younger and older "
                "speakers; for trainings of your own the page **Evaluate** shows it under *Groups*. An interval shows "
                "how far chance could have moved the figure with as few speakers.",
                "evaluate",
            ),
            Step(
                "All corpora here are **acted**: somebody was asked to sound angry. The model learned how actors "
                "portray an emotion, not what anybody feels. CREMA-D's listeners named the meant emotion in 41 % of "
                "their answers: often there is no right answer to be found in the voice."
            ),
            Step("Play a round of *You against the model* above, and look at clips on which the listeners disagree."),
            Step(
                "Discuss: who is harmed when it errs? In the European Union, systems that infer emotions of people at "
                "work and in schools are forbidden but for medical or safety reasons (AI Act, Article 5). Why, do you "
                "think, these two places?"
            ),
        ),
    ),
)


def lesson(name: str) -> Lesson:
    """Return the lesson of that name; raises KeyError where there is none."""
    return {part.name: part for part in LESSONS}[name]
