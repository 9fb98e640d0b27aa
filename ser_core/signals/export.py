"""The features of a recording as files for other programs: CSV for tables, NPZ for arrays."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from ser_core.signals.analysis import CONTOURS, Analysis


def frame_table(analysis: Analysis) -> pd.DataFrame:
    """Return one row a frame in view: `time_s`, `voiced`, the contours with their units, MFCC and chroma.

    Columns are named as in :data:`ser_core.signals.analysis.CONTOURS`; unvoiced frames have no pitch.
    """
    view = analysis.in_view
    columns: dict[str, np.ndarray] = {"time_s": np.round(analysis.times_s[view], 4)}
    columns["voiced"] = analysis.pitch.voiced[view]
    for name in CONTOURS:
        columns[name] = analysis.contour(name)[view]
    for name, rows in (("mfcc", analysis.mfcc), ("chroma", analysis.chroma)):
        columns |= {f"{name}{number}": row[view] for number, row in enumerate(rows)}
    return pd.DataFrame(columns)


def arrays(analysis: Analysis) -> bytes:
    """Return an NPZ file with every array in view and the settings as JSON.

    `times_s`, `mel_db` and `spectrogram_db` (with `mel_hz`, `spectrogram_hz`), `mfcc`, `mfcc_delta`,
    `mfcc_delta_delta`, `chroma`, `tonnetz`, `contrast_db`, `voiced` and the contours; frames are the last axis.
    """
    view = analysis.in_view
    mel, mel_hz = analysis.decibels("mel")
    linear, linear_hz = analysis.decibels("linear")
    framed = {
        "times_s": analysis.times_s,
        "mel_db": mel,
        "spectrogram_db": linear,
        "mfcc": analysis.mfcc,
        "mfcc_delta": analysis.mfcc_delta(1),
        "mfcc_delta_delta": analysis.mfcc_delta(2),
        "chroma": analysis.chroma,
        "tonnetz": analysis.tonnetz,
        "contrast_db": analysis.contrast,
        "voiced": analysis.pitch.voiced,
        **{name: analysis.contour(name) for name in CONTOURS},
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        allow_pickle=False,
        **{name: values[..., view] for name, values in framed.items()},
        mel_hz=mel_hz,
        spectrogram_hz=linear_hz,
        settings=np.array(analysis.settings.model_dump_json()),
    )
    return buffer.getvalue()
