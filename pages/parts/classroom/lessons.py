"""Lessons."""


def show_lessons() -> None:
    """Draw."""
