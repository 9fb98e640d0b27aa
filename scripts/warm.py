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

    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    librosa.yin(noise, fmin=65, fmax=500, sr=16000)
    librosa.pyin(noise, fmin=65, fmax=500, sr=16000)
    librosa.feature.mfcc(y=noise, sr=16000)
    librosa.feature.spectral_contrast(y=noise, sr=16000, n_bands=5)
    librosa.feature.tonnetz(chroma=librosa.feature.chroma_stft(y=noise, sr=16000), sr=16000)
    librosa.onset.onset_strength(y=noise, sr=16000)
    speech_segments(load_audio(noise, rate=16000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
