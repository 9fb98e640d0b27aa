import subprocess
import sys

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio, speech_segments, speech_span
from tests.synthetic import voice


def _between_silences(before_s=1.0, after_s=1.0, level=0.3):
    pieces = [np.zeros(int(before_s * SAMPLE_RATE)), voice(1.5, level=level), np.zeros(int(after_s * SAMPLE_RATE))]
    return Waveform(np.concatenate(pieces).astype(np.float32))


def test_speech_is_found_where_it_is():
    segments = speech_segments(_between_silences())
    assert segments
    assert segments[0][0] == pytest.approx(1.0, abs=0.3)
    assert segments[-1][1] <= 2.5 + 0.3


def test_segments_are_in_order_inside_the_recording_and_apart():
    pause = np.zeros(SAMPLE_RATE, np.float32)
    waveform = Waveform(np.concatenate([voice(1.0), pause, voice(1.0, seed=1), pause, voice(1.0, seed=3)]))
    segments = speech_segments(waveform)
    assert len(segments) >= 3
    edges = [edge for segment in segments for edge in segment]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= waveform.duration_s


@pytest.mark.parametrize("length", [1, 2, 3, 100, 511, 512, 513, 8_000])
@pytest.mark.parametrize("value", [0.0, 1e-30, 0.2, 1.0])
def test_any_length_and_level(length, value):
    waveform = Waveform(np.full(length, value, np.float32))
    assert speech_segments(waveform) == []
    assert speech_span(waveform) == (0.0, waveform.duration_s)


@pytest.mark.parametrize("level", [0.002, 0.02, 0.9])
def test_the_level_does_not_matter(level):
    assert speech_segments(_between_silences(level=level)) == speech_segments(_between_silences(level=0.3))


def test_span_has_a_margin_and_stays_inside():
    waveform = _between_silences()
    segments = speech_segments(waveform, threshold=0.3)
    start, end = speech_span(waveform)
    assert start == pytest.approx(segments[0][0] - 0.1)
    assert end == pytest.approx(segments[-1][1] + 0.1)
    assert speech_span(waveform, margin_s=99) == (0.0, waveform.duration_s)


def test_span_of_no_speech_is_everything():
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    assert speech_span(Waveform(noise)) == (0.0, 2.0)


def test_asking_twice_gives_the_same():
    first, second = Waveform(voice(2.0)), Waveform(voice(2.0, pitch_hz=240, seed=5))
    alone = speech_segments(first)
    speech_segments(second)
    assert speech_segments(first) == alone, "the detector carries no state from one recording to the next"


def test_torch_keeps_its_threads():
    code = (
        "import torch; torch.set_num_threads(2)\n"
        "from ser_core.audio import Waveform, speech_segments; import numpy as np\n"
        "speech_segments(Waveform(np.ones(16000, np.float32)))\n"
        "assert torch.get_num_threads() == 2, torch.get_num_threads()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_real_speech_is_found(originals):
    for name in ("cremad/1001_DFA_ANG_XX.wav", "savee/DC_n01.wav", "ravdess/03-01-05-02-01-01-21.wav"):
        waveform = load_audio(originals / name)
        assert sum(end - start for start, end in speech_segments(waveform)) > 0.5, name
