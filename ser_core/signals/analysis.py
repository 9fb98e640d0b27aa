"""Everything the page Signals shows of one recording, computed when asked for and once.

analysis = Analysis(load_audio("voice.wav"), ViewSettings(window_ms=40))
analysis.pitch.f0_hz, analysis.contour("centroid"), analysis.times_s
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features import cepstrum, formants, level, spectral, spectrum, tonality, voice_quality
from ser_core.features.pitch import Pitch, track_pitch
from ser_core.features.rhythm import Rhythm, measure_rhythm
from ser_core.signals.settings import ViewSettings

#: A recording up to this long is analysed as a whole, so that scrolling in it changes no colour; of a longer one
#: only the part in view is.
WHOLE_S = 60.0
#: More frames than this are thinned out: four minutes at the usual 10 ms, 30 for each column of a screen.
MOST_FRAMES = 24_000
#: Formants cost more than the rest.
MOST_COSTLY_FRAMES = 6_000
#: Sound on both sides of the part in view, so that its first and last frames are whole.
_MARGIN_S = 0.25
_N_MFCC = 13


@dataclass(frozen=True)
class Contour:
    """A feature with one value a frame: its name, unit and how an analysis gets it."""

    title: str
    unit: str
    values: Callable[[Analysis], np.ndarray]


class Analysis:
    """The features of a recording, or of a part of it, on one time axis.

    Parameters
    ----------
    waveform
        The whole recording.
    settings
        How it is cut into frames.
    start_s, end_s
        The part in view in seconds; by default everything.

    Attributes
    ----------
    samples
        What is analysed [shape=(n,)]: everything up to 60 s, else the part in view with a margin.
    offset_s
        Where the samples begin in the recording.
    thinning
        Only every so-manieth frame is computed.
    """

    def __init__(
        self,
        waveform: Waveform,
        settings: ViewSettings | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
    ) -> None:
        self.waveform, self.settings = waveform, settings or ViewSettings()
        self.start_s, self.end_s = max(0.0, start_s), min(waveform.duration_s, end_s or waveform.duration_s)
        whole = waveform.duration_s <= WHOLE_S
        hop = self.settings.hop
        first = 0 if whole else max(0, round((self.start_s - _MARGIN_S) * SAMPLE_RATE) // hop * hop)
        last = len(waveform.samples) if whole else round((self.end_s + _MARGIN_S) * SAMPLE_RATE)
        self.samples = waveform.samples[first:last]
        self.offset_s = first / SAMPLE_RATE
        self.thinning = max(1, -(-len(self.samples) // (hop * MOST_FRAMES)))

    @property
    def times_s(self) -> np.ndarray:
        """The moment of each frame in the recording, in seconds [shape=(t,)]."""
        hop = self.settings.hop * self.thinning
        return self.offset_s + spectrum.frame_times(1 + len(self.samples) // hop, hop)

    @property
    def in_view(self) -> slice:
        """The frames from `start_s` to `end_s`."""
        first, last = np.searchsorted(self.times_s, [self.start_s - 1e-9, self.end_s + 1e-9])
        return slice(int(first), max(int(first) + 1, int(last)))

    @property
    def spectrum_config(self) -> spectrum.SpectrumConfig:
        """The settings of the Fourier transform."""
        return self.settings.spectrum(self.thinning)

    @cached_property
    def power(self) -> np.ndarray:
        """Power spectrum [shape=(n_fft // 2 + 1, t)]."""
        return spectrum.power_spectrum(self.samples, self.spectrum_config)

    @cached_property
    def mel(self) -> np.ndarray:
        """Mel spectrum from 50 to 7600 Hz [shape=(n_mels, t)]."""
        return spectrum.mel_spectrum(self.power, self.spectrum_config, self.settings.n_mels)

    def decibels(self, scale: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the spectrogram in dB [shape=(rows, t)] and the frequency of each row in Hz, on a frequency scale."""
        scale = scale or self.settings.scale
        if scale == "mel":
            power, rows = self.mel, spectrum.mel_frequencies(self.settings.n_mels, 50.0, 7600.0)[1:-1]
        elif scale == "logarithmic":
            power, rows = (
                spectrum.log_frequency_spectrum(self.power, self.spectrum_config),
                spectrum.log_frequencies(),
            )
        else:
            power, rows = self.power, spectrum.frequencies(self.spectrum_config)
        return spectrum.decibels(power, self.settings.range_db), rows

    @cached_property
    def mfcc(self) -> np.ndarray:
        """Mel-frequency cepstral coefficients 0 to 12 [shape=(13, t)]."""
        return cepstrum.mfcc(spectrum.decibels(self.mel), _N_MFCC)

    def mfcc_delta(self, order: int) -> np.ndarray:
        """Return the change of the MFCC from frame to frame, or the change of that [shape=(13, t)]."""
        return cepstrum.delta(self.mfcc, order=order) if order else self.mfcc

    @cached_property
    def chroma(self) -> np.ndarray:
        """Energy of each of the twelve tones of an octave, the largest 1 [shape=(12, t)]."""
        return tonality.chroma(self.power, self.spectrum_config)

    @cached_property
    def contrast(self) -> np.ndarray:
        """Spectral contrast in dB [shape=(bands, t)]."""
        return spectral.contrast(self.power, self.spectrum_config)

    @cached_property
    def tonnetz(self) -> np.ndarray:
        """Tonal centroid [shape=(6, t)]."""
        return tonality.tonnetz(self.chroma)

    @cached_property
    def intensity(self) -> np.ndarray:
        """Intensity in dB relative to full scale [shape=(t,)]."""
        return level.intensity_db(self.samples, self.settings.hop * self.thinning)

    @cached_property
    def pitch(self) -> Pitch:
        """Fundamental frequency and voicing."""
        return track_pitch(self.samples, self.settings.pitch(self.thinning))

    @cached_property
    def rhythm(self) -> Rhythm:
        """Syllable nuclei and pauses; times from the beginning of the recording are `offset_s` later."""
        return measure_rhythm(self.samples, self.pitch)

    @cached_property
    def harmonicity(self) -> np.ndarray:
        """Harmonics-to-noise ratio in dB, NaN where unvoiced [shape=(t,)]."""
        return voice_quality.harmonics_to_noise(self.samples, self.pitch)

    @cached_property
    def formants(self) -> formants.Formants:
        """Formants, at most 6,000 frames of them."""
        hop = self.settings.hop * self.thinning
        hop *= max(1, -(-len(self.samples) // (hop * MOST_COSTLY_FRAMES)))
        return formants.formants(self.samples, formants.FormantConfig(hop=hop))

    def contour(self, name: str) -> np.ndarray:
        """Return a feature of :data:`CONTOURS` [shape=(t,), float32]."""
        return np.asarray(CONTOURS[name].values(self), np.float32)


def _spectral(function: Callable[..., np.ndarray]) -> Callable[[Analysis], np.ndarray]:
    return lambda analysis: function(analysis.power, analysis.spectrum_config)


#: Features with one value a frame: name -> what it is.
CONTOURS: Mapping[str, Contour] = {
    "intensity": Contour("intensity", "dB re full scale", lambda analysis: analysis.intensity),
    "f0": Contour("pitch (F0)", "Hz", lambda analysis: analysis.pitch.f0_hz),
    "harmonicity": Contour("harmonics-to-noise ratio", "dB", lambda analysis: analysis.harmonicity),
    "centroid": Contour("spectral centroid", "Hz", _spectral(spectral.centroid)),
    "bandwidth": Contour("spectral bandwidth", "Hz", _spectral(spectral.bandwidth)),
    "rolloff": Contour("spectral roll-off (85 %)", "Hz", _spectral(spectral.rolloff)),
    "flatness": Contour("spectral flatness", "0 to 1", _spectral(spectral.flatness)),
    "flux": Contour("spectral flux", "", _spectral(spectral.flux)),
    "zcr": Contour(
        "zero-crossing rate",
        "crossings a sample",
        lambda analysis: level.zero_crossing_rate(
            analysis.samples, analysis.settings.window, analysis.settings.hop * analysis.thinning
        ),
    ),
    "rms": Contour(
        "RMS amplitude",
        "full scale = 1",
        lambda analysis: level.rms(
            analysis.samples, analysis.settings.window, analysis.settings.hop * analysis.thinning
        ),
    ),
}
