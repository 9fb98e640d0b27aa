"""A stream of sound out of pieces of every rate and format."""

from __future__ import annotations

import threading

import av
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE
from ser_core.errors import AudioError
from ser_core.live import SoundBuffer, frame_samples


def tone(rate: int, seconds: float = 1.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


def fed(samples: np.ndarray, rate: int, piece: int) -> SoundBuffer:
    buffer = SoundBuffer()
    for start in range(0, len(samples), piece):
        buffer.feed(samples[start : start + piece], rate)
    return buffer


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_any_rate_becomes_the_same_tone_at_16_khz_however_it_is_cut(rate: int) -> None:
    heard = fed(tone(rate), rate, piece=rate // 50).recording().samples
    assert len(heard) == pytest.approx(SAMPLE_RATE, rel=0.1)  # the resampler holds back its last 5 to 100 ms
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert spectrum.argmax() * SAMPLE_RATE / len(heard) == pytest.approx(440, abs=2)
    middle = heard[2000:-2000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("kind", ["u8", "s16", "s16p", "s32", "flt", "fltp", "dbl"])
def test_frames_of_any_format_give_the_mean_of_their_channels(kind: str) -> None:
    left, right = tone(16_000, 0.02), np.zeros(320)
    planar = np.stack([left, right])
    whole = {"u8": lambda x: 128 + 127 * x, "s16": lambda x: 32767 * x, "s32": lambda x: 2147483647 * x}
    planar = whole.get(kind.removesuffix("p"), lambda x: x)(planar)
    types = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}
    planar = planar.astype(types[kind.removesuffix("p")])
    array = planar if kind.endswith("p") else planar.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(array), format=kind, layout="stereo")
    frame.sample_rate = 16_000
    samples, rate = frame_samples(frame)
    assert (samples.shape, rate) == ((320, 2), 16_000)
    buffer = SoundBuffer()
    buffer.feed(samples, rate)
    np.testing.assert_allclose(buffer.latest(1).waveform.samples, left / 2, atol=0.01 if kind == "u8" else 1e-4)


def test_only_the_end_is_kept_and_its_place_is_known() -> None:
    buffer = SoundBuffer(kept_s=1.0)
    for number in range(25):
        buffer.feed(np.full(1600, number / 100), SAMPLE_RATE)
    assert buffer.duration_s == 2.5
    assert buffer.recording().duration_s == 1.0
    assert buffer.recording_start_s == 1.5
    assert buffer.recording().samples[0] == pytest.approx(0.15, abs=1e-4)
    latest = buffer.latest(0.2)
    assert latest.end_s == 2.5
    assert latest.waveform.samples[[0, -1]] == pytest.approx([0.23, 0.24])
    assert buffer.latest(60).waveform.duration_s <= 10


def test_the_rate_may_change_and_numbers_that_are_none_become_silence() -> None:
    buffer = SoundBuffer()
    buffer.feed(np.array([np.nan, np.inf, -np.inf, 0.5]), SAMPLE_RATE)
    np.testing.assert_array_equal(buffer.latest(1).waveform.samples, [0, 0, 0, 0.5])
    buffer.feed(tone(48_000), 48_000)
    assert buffer.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("shape", "rate"), [((10,), 0), ((10,), 10**9), ((2, 2, 2), 16_000)])
def test_what_is_no_sound_is_refused_in_a_sentence(shape: tuple[int, ...], rate: int) -> None:
    with pytest.raises(AudioError, match="send between|must be an array"):
        SoundBuffer().feed(np.zeros(shape), rate)


def test_nothing_is_lost_when_threads_feed_and_read_at_once() -> None:
    buffer = SoundBuffer()

    def feed() -> None:
        for _ in range(200):
            buffer.feed(np.ones(160, np.float32), SAMPLE_RATE)

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        buffer.latest(1)
        buffer.recording()
    assert buffer.duration_s == 800 * 160 / SAMPLE_RATE
    assert len(buffer.recording().samples) == 800 * 160


def test_an_empty_stream_is_empty() -> None:
    buffer = SoundBuffer()
    assert buffer.recording().duration_s == buffer.latest(3).end_s == 0
