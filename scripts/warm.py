"""Do once what would make the first use slow: compile librosa's numba functions and load the speech detector.

python scripts/warm.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main(arguments: list[str] | None = None) -> int:
    """Run every slow first use on one second of noise; return the exit status."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    import librosa
    import numpy as np

    from ser_core.audio import load_audio, speech_segments
    from ser_core.effects import VoiceChange, apply
    from ser_core.features.functionals import functionals
    from ser_core.signals.compare import by_warping

    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    librosa.pyin(noise, fmin=65, fmax=500, sr=16000)
    waveform = load_audio(noise, rate=16000)
    speech_segments(waveform)
    functionals(waveform)
    by_warping(waveform, waveform)
    apply(waveform, VoiceChange(pitch_semitones=1.0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
