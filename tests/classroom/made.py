"""Questions made of nothing."""

from __future__ import annotations

from ser_core.classroom.questions import Question

CHOICES = ("neutral", "happy", "sad")


def question(
    intended: str = "happy", model: str = "happy", votes: dict[str, int] | None = None, clip: str = "clip"
) -> Question:
    """Return a question that the model answers with 80 %."""
    shares = {emotion: 0.8 if emotion == model else 0.1 for emotion in CHOICES}
    return Question("mine", clip, "/nowhere.wav", intended, CHOICES, shares, "never", votes)
