"""Measure speed on this machine: answers beside a classic peer, features, panels of Signals, extraction of the corpora.

    python scripts/benchmark.py --json
    python scripts/benchmark.py --only peer predict start --json
    python scripts/benchmark.py --only growth epoch app --json
    python scripts/benchmark.py --only long --hours 0.5 10 --json
    python scripts/benchmark.py --only extraction --corpora cremad ravdess savee tess

Each time is the median of several runs after a first one, which may compile and load. An answer is timed from the bytes
of a 3 s WAV file to calibrated probabilities, in turns with the peer (scripts/bench/peer.py). A feature is timed from
what it reads: spectral ones from the power spectrum, voice quality from the pitch. Extraction goes into a new, empty
cache. Libraries have one thread each, unless OMP_NUM_THREADS says otherwise.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import cli
import numpy as np
from bench import answers, growth
from bench.common import median_ms, recording
from bench.long import long

from ser_core.audio import Waveform, load_audio, speech_span
from ser_core.corpora import CORPORA, read_corpora
from ser_core.features import cepstrum, level, spectral, spectrum, tonality, voice_quality
from ser_core.features.formants import formants
from ser_core.features.functionals import FunctionalsConfig, functional_vector, functionals
from ser_core.features.logmel import LogMelConfig, log_mel, log_mel_frames
from ser_core.features.pitch import PitchConfig, track_pitch
from ser_core.features.rhythm import measure_rhythm
from ser_core.features.store import extract_table

_CLIP_S = 4.0
_REPEATS = 9


def main() -> int:
    """Run the command."""
    options = _options()
    answer: dict[str, Any] = {"machine": machine() | {"jobs": options.jobs}}
    for name in options.only:
        answer[name] = SECTIONS[name](options)
    if options.json:
        cli.print_json(answer)
    else:
        _print_words(answer)
    return cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="benchmark.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=list(SECTIONS), metavar="PART", help=f"some of {', '.join(SECTIONS)}"
    )
    parser.add_argument(
        "--corpora", nargs="*", metavar="CORPUS", help=f"extract these: {', '.join(CORPORA)} (without a name: all here)"
    )
    parser.add_argument(
        "--hours", nargs="+", type=float, metavar="H", help="memory of timelines of these lengths, for the part long"
    )
    parser.add_argument("--bundles", nargs="+", metavar="MODEL", help="time these models (default: all that ship)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes, or threads that answer (default: one a core)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one run of each, 20 s for 10 minutes: to see that all works, not how fast"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.only and "extraction" in options.only and options.corpora is None:
        parser.error("the extraction needs --corpora")
    if options.only and "long" in options.only and not options.hours:
        parser.error("the part long needs --hours")
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    left_out = {"extraction"} if options.corpora is None else set()
    left_out |= set() if options.hours else {"long"}
    options.only = options.only or [name for name in SECTIONS if name not in left_out]
    options.repeats = 1 if options.quick else _REPEATS
    return options


def machine() -> dict[str, Any]:
    """Return what the times depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


class _Clip:
    """A clip, and what several features read."""

    def __init__(self, seconds: float) -> None:
        self.waveform = recording(seconds)
        self.samples = self.waveform.samples
        self.file = self.waveform.to_wav()

    @cached_property
    def power(self) -> np.ndarray:
        return spectrum.power_spectrum(self.samples)

    @cached_property
    def log_mel(self) -> np.ndarray:
        return spectrum.decibels(spectrum.mel_spectrum(self.power))

    @cached_property
    def mfcc(self) -> np.ndarray:
        return cepstrum.mfcc(self.log_mel)

    @cached_property
    def chroma(self) -> np.ndarray:
        return tonality.chroma(self.power)

    @cached_property
    def pitch(self) -> Any:
        return track_pitch(self.samples)


_FEATURES: Mapping[str, Callable[[_Clip], object]] = {
    "decode (wav)": lambda clip: load_audio(clip.file),
    "speech span": lambda clip: speech_span(clip.waveform),
    "envelope": lambda clip: level.envelope(clip.samples),
    "stft": lambda clip: spectrum.stft(clip.samples),
    "power spectrum": lambda clip: spectrum.power_spectrum(clip.samples),
    "mel spectrum": lambda clip: spectrum.mel_spectrum(clip.power),
    "log-frequency spectrum": lambda clip: spectrum.log_frequency_spectrum(clip.power),
    "log-mel": lambda clip: log_mel(clip.waveform, LogMelConfig(trim=False)),
    "log-mel, trimmed": lambda clip: log_mel(clip.waveform, LogMelConfig()),
    "mfcc": lambda clip: cepstrum.mfcc(clip.log_mel),
    "mfcc delta": lambda clip: cepstrum.delta(clip.mfcc),
    "mfcc delta-delta": lambda clip: cepstrum.delta(clip.mfcc, order=2),
    "chroma": lambda clip: tonality.chroma(clip.power),
    "tonnetz": lambda clip: tonality.tonnetz(clip.chroma),
    "spectral centroid": lambda clip: spectral.centroid(clip.power),
    "spectral bandwidth": lambda clip: spectral.bandwidth(clip.power),
    "spectral roll-off": lambda clip: spectral.rolloff(clip.power),
    "spectral flatness": lambda clip: spectral.flatness(clip.power),
    "spectral flux": lambda clip: spectral.flux(clip.power),
    "spectral contrast": lambda clip: spectral.contrast(clip.power),
    "zero-crossing rate": lambda clip: level.zero_crossing_rate(clip.samples),
    "rms": lambda clip: level.rms(clip.samples),
    "intensity": lambda clip: level.intensity_db(clip.samples),
    "pitch (yin)": lambda clip: track_pitch(clip.samples, PitchConfig(method="yin")),
    "pitch (pyin)": lambda clip: track_pitch(clip.samples, PitchConfig(method="pyin")),
    "jitter": lambda clip: voice_quality.jitter(clip.samples, clip.pitch),
    "shimmer": lambda clip: voice_quality.shimmer(clip.samples, clip.pitch),
    "harmonics-to-noise ratio": lambda clip: voice_quality.harmonics_to_noise(clip.samples, clip.pitch),
    "formants": lambda clip: formants(clip.samples),
    "rhythm": lambda clip: measure_rhythm(clip.samples, clip.pitch),
    "functionals": lambda clip: functionals(clip.waveform),
}


def _features(options: argparse.Namespace) -> dict[str, Any]:
    clip = _Clip(_CLIP_S)
    return {
        name: {"ms_per_clip": median_ms(lambda: function(clip), options.repeats)}  # noqa: B023  called at once
        for name, function in _FEATURES.items()
    }


def _panels(options: argparse.Namespace) -> dict[str, Any]:
    """Draw each panel of a recording that nothing is known of yet, and write it as JSON for the browser."""
    from plotly.io import to_json

    from ser_core.charts.signals import PANELS
    from ser_core.signals.analysis import Analysis

    answer: dict[str, Any] = {name: {} for name in PANELS}
    for ending, seconds in (("", _CLIP_S), ("_10_min", 20.0 if options.quick else 600.0)):
        waveform = recording(seconds)
        for name, draw in PANELS.items():

            def shown(draw: Callable[[Analysis], Any] = draw, waveform: Waveform = waveform) -> str:
                return to_json(draw(Analysis(waveform)), validate=False)

            answer[name][f"ms{ending}"] = median_ms(shown, max(1, options.repeats // (3 if ending else 1)))
            answer[name][f"kilobytes{ending}"] = round(len(shown().encode()) / 1000, 1)
    return answer


def _extraction(options: argparse.Namespace) -> dict[str, Any]:
    """Extract all clips into an empty cache, then read them from it."""
    from joblib.externals.loky import get_reusable_executor

    start = time.perf_counter()
    table = read_corpora(options.corpora or None)
    answer: dict[str, Any] = {"clips": len(table), "hours": round(table["duration_s"].sum() / 3600, 3)}
    answer |= {"jobs": options.jobs, "table_s": round(time.perf_counter() - start, 2)}
    sets: dict[str, dict[str, Any]] = {
        "log-mel": {"config": LogMelConfig(), "extract": log_mel_frames},
        "functionals": {"config": FunctionalsConfig(), "extract": functional_vector, "dtype": np.float32},
    }
    with _empty_cache():
        for name, arguments in sets.items():
            call: dict[str, Any] = arguments | {"jobs": options.jobs, "skip_unreadable": True}
            start, used = time.perf_counter(), _cpu_seconds()
            store = extract_table(table, progress=cli.progress(name), **call)
            elapsed = time.perf_counter() - start
            get_reusable_executor().shutdown(wait=True)  # only workers that have ended are counted
            used, start = _cpu_seconds() - used, time.perf_counter()
            extract_table(table, **call)
            answer[name] = {
                "s": round(elapsed, 2),
                "cpu_s": round(used, 2),
                "again_s": round(time.perf_counter() - start, 2),
                "megabytes": round(store.values.nbytes / 1e6, 1),
            }
    return answer


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get("SER_CACHE")
    with tempfile.TemporaryDirectory(prefix="ser-benchmark-") as folder:
        os.environ["SER_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("SER_CACHE")
            if before is not None:
                os.environ["SER_CACHE"] = before


#: Part of the answer -> what measures it.
SECTIONS: Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "peer": answers.peer,
    "predict": answers.predict,
    "features": _features,
    "panels": _panels,
    "timeline": answers.timeline,
    "long": long,
    "start": answers.start,
    "app": growth.app,
    "epoch": growth.epoch,
    "growth": growth.growth,
    "extraction": _extraction,
}


def _print_words(answer: dict[str, Any]) -> None:
    print(", ".join(f"{name} {value}" for name, value in answer["machine"].items()))
    for section in (name for name in SECTIONS if name in answer):
        print(f"\n{section}")
        for name, value in answer[section].items():
            parts = value.items() if isinstance(value, dict) else [("", value)]
            numbers = ", ".join(f"{unit} {number}".strip() for unit, number in parts)
            print(f"  {name:28} {numbers}")


if __name__ == "__main__":
    cli.run(main)
