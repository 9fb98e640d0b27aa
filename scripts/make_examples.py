"""Make the synthetic example voices of the page with espeak-ng: `python scripts/make_examples.py`.

The same sentence is spoken in six ways, so that only the voice differs. espeak-ng sets pitch, pitch range, speed and
voice; numpy then adds tremor, brightness, a little room and a noise floor. The same version of espeak-ng gives the
same files. These voices are synthetic: they show how the page works, not how well a model recognises people.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr

PROJECT = Path(__file__).resolve().parent.parent
RATE = 16_000
TEXT = "The blue parcel is lying on the table by the door."
ABOUT = (
    "These voices are made by a speech synthesiser (espeak-ng) whose pitch, speed and loudness imitate a way of "
    "speaking. They are not acted speech: they show how the page works, not how well a model recognises people. "
    "The angry and the surprised one were tuned until the models heard them so; for happy and sad none was found."
)


@dataclass(frozen=True)
class Style:
    """How one voice is made.

    Attributes
    ----------
    pitch, pitch_range
        espeak-ng's pitch (0 to 99) and range (percent of the voice's own).
    speed
        Words per minute.
    level_db
        Root-mean-square level of the result in dB relative to full scale.
    tilt
        First-difference share added, which brightens a pressed voice (positive), or removed, which dulls a soft one.
    tremor
        Depth of a 7 Hz wavering of the amplitude, 0 to 1.
    """

    id: str
    voice: str
    pitch: int
    pitch_range: int
    speed: int
    level_db: float
    tilt: float = 0.0
    tremor: float = 0.0
    ending: str = "."
    description: str = ""


STYLES = (
    Style("neutral", "en-us+m3", 40, 60, 165, -26, description="middle pitch, even melody, ordinary speed"),
    Style("happy", "en-us+f3", 72, 180, 185, -22, 0.4, ending="!", description="high and lively melody, brisk, bright"),
    Style("sad", "en-us+f2", 22, 25, 115, -31, -0.6, description="low and flat melody, slow, soft and dull"),
    Style("angry", "en-029+klatt3", 46, 292, 209, -19.5, 0.9, ending="!", description="loud, fast, pressed and bright"),
    Style("fearful", "en-us+f4", 88, 70, 215, -24, 0.2, 0.45, description="very high pitch, hurried, trembling"),
    Style("surprised", "en-us+f3", 50, 202, 200, -20, 0.2, ending="?!", description="wide leaps of pitch, brisk"),
)


def main(arguments: list[str] | None = None) -> int:
    """Write the voices and their index; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "ser_core" / "examples", help="folder to write to")
    options = parser.parse_args(arguments)
    if shutil.which("espeak-ng") is None:
        print("espeak-ng is not installed: install it (Debian: apt install espeak-ng) and try again.", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    entries = []
    for style in STYLES:
        samples = finish(speak(style), style)
        sf.write(options.out / f"{style.id}.flac", samples, RATE, format="FLAC", subtype="PCM_16")
        entries.append(index_entry(style))
    index = {"about": ABOUT, "licence": "MIT, as the rest of this project", "examples": entries}
    text = json.dumps(index, indent=2, ensure_ascii=False) + "\n"
    (options.out / "examples.json").write_text(text, encoding="utf-8")
    return 0


def index_entry(style: Style) -> dict[str, Any]:
    """Return what `examples.json` says of one voice."""
    made_with = {key: value for key, value in asdict(style).items() if key not in ("id", "description", "ending")}
    return {
        "id": style.id,
        "title": f"{style.id.capitalize()} style",
        "style": style.id,
        "file": f"{style.id}.flac",
        "text": TEXT.rstrip(".") + style.ending,
        "synthetic": True,
        "description": style.description,
        "made_with": {"synthesiser": "espeak-ng", **made_with},
    }


def speak(style: Style) -> np.ndarray:
    """Return the plain synthetic voice at 16 kHz [shape=(n,), float64]."""
    words = TEXT.rstrip(".") + style.ending
    markup = f'<speak><prosody range="{style.pitch_range}%">{words}</prosody></speak>'
    command = ["espeak-ng", "-m", "-v", style.voice, "-p", str(style.pitch), "-s", str(style.speed), "--stdout", markup]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate = sf.read(io.BytesIO(wav))
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    return soxr.resample(samples[loud[0] : loud[-1] + 1], rate, RATE)


def finish(samples: np.ndarray, style: Style) -> np.ndarray:
    """Add timbre, tremor, pauses, a little room and a noise floor to *samples* [shape=(n,)], and set the level."""
    generator = np.random.default_rng(7)  # the same room for every voice
    if style.tilt >= 0:
        samples = samples + style.tilt * np.diff(samples, prepend=0.0) * 3
    else:
        smooth = np.convolve(samples, np.hanning(9) / np.hanning(9).sum(), mode="same")
        samples = (1 + style.tilt) * samples - style.tilt * smooth
    seconds = np.arange(len(samples)) / RATE
    samples = samples * (1 - style.tremor * (0.5 + 0.5 * np.sin(2 * np.pi * 7 * seconds)))
    samples = np.pad(samples, (int(0.25 * RATE), int(0.35 * RATE)))
    decay = np.arange(int(0.18 * RATE)) / RATE
    room = generator.standard_normal(len(decay)) * np.exp(-decay / 0.03) * 0.02
    room[0] = 1.0
    wet = np.convolve(samples, room)[: len(samples)]
    wet *= 10 ** (style.level_db / 20) / np.sqrt(np.mean(wet**2))
    wet += generator.standard_normal(len(wet)) * 10 ** (-72 / 20)
    return np.clip(wet, -0.98, 0.98)


if __name__ == "__main__":
    sys.exit(main())
