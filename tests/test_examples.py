"""The example voices: there, small, fit to be judged, and honest about what they are."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import assess_quality, load_audio
from ser_core.emotions import EMOTIONS
from ser_core.examples import FOLDER, about_examples, list_examples

PROJECT = Path(__file__).resolve().parent.parent


def test_there_are_six_of_six_styles() -> None:
    examples = list_examples()
    assert len({example.style for example in examples}) == 6
    assert {example.style for example in examples} <= set(EMOTIONS)
    assert "not acted speech" in about_examples()


@pytest.mark.parametrize("example", list_examples(), ids=lambda example: example.id)
def test_each_is_clean_speech_at_the_models_rate(example) -> None:
    sound = load_audio(example.path)
    assert sound.original_rate == 16_000
    assert 2 < sound.duration_s < 6
    assert assess_quality(sound).problems == ()


def test_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 600_000


def test_the_styles_differ_as_they_say() -> None:
    sounds = {example.id: load_audio(example.path) for example in list_examples()}
    level = {name: float(np.sqrt(np.mean(sound.samples**2))) for name, sound in sounds.items()}
    assert max(level, key=lambda name: level[name]) == "angry"
    assert min(level, key=lambda name: level[name]) == "sad"
    assert max(sounds, key=lambda name: sounds[name].duration_s) == "sad"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_script_makes_them_again_and_says_the_same_of_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(PROJECT / "scripts/make_examples.py"), "--out", str(tmp_path)], check=True)
    assert json.loads((tmp_path / "examples.json").read_text()) == json.loads((FOLDER / "examples.json").read_text())
    for example in list_examples():
        again = load_audio(tmp_path / example.path.name)
        # Another version of espeak-ng may speak a little differently, never half as long or at another level.
        assert again.duration_s == pytest.approx(load_audio(example.path).duration_s, rel=0.2)


def test_without_the_synthesiser_the_script_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT / "scripts/make_examples.py"), "--out", str(tmp_path)]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "espeak-ng is not installed" in done.stderr
    assert "Traceback" not in done.stderr
