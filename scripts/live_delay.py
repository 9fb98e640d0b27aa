"""Measure how late live readings are: `python scripts/live_delay.py --seconds 60`.

A voice and a pause of three seconds, over and over, go through everything but the browser in real time: Opus, WebRTC on
this machine, the listener. The delay of the page comes on top: it is redrawn every 0.3 s. With a real browser it is
measured by `SER_LIVE_SECONDS=60 python -m pytest tests/browser/test_live.py -s`.
"""

from __future__ import annotations

import asyncio
import fractions
import os
import statistics
import time
from typing import Any

import cli
import numpy as np

from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.errors import SettingsError
from ser_core.examples import list_examples
from ser_core.live import Listener, frame_samples, warm_up
from ser_core.live.listener import STEP_S
from ser_core.recogniser import Recogniser

_PAUSE_S = 3.0
_RATE, _PIECE_S = 48_000, 0.02
_LOUD = 0.02


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="live_delay.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to listen (default: 60)")
    parser.add_argument("--model", default="lite", help="name or folder of the model (default: lite)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    try:
        import aiortc  # noqa: F401 (without it the rest cannot be)
    except ImportError as error:
        raise SettingsError("This measures streamed sound: 'pip install -r requirements-live.txt' first.") from error
    report = asyncio.run(_measure(Recogniser.load(options.model), options.seconds))
    if options.json:
        cli.print_json(report)
    else:
        _print_words(report)
    return cli.FINE


async def _measure(recogniser: Recogniser, seconds: float) -> dict[str, Any]:
    from aiortc import RTCConfiguration, RTCPeerConnection
    from aiortc.mediastreams import MediaStreamError

    warm_up(recogniser)
    track, listener = _track(), Listener(recogniser)
    here, there = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    tasks = []

    async def listen(stream: Any) -> None:
        try:
            while True:
                listener.feed(*frame_samples(await stream.recv()))
        except MediaStreamError:  # how a stream ends
            listener.stop()

    there.on("track", lambda stream: tasks.append(asyncio.ensure_future(listen(stream))))
    here.addTrack(track)
    await here.setLocalDescription(await here.createOffer())
    await there.setRemoteDescription(here.localDescription)
    await there.setLocalDescription(await there.createAnswer())
    await here.setRemoteDescription(there.localDescription)
    listener.start()
    await asyncio.sleep(seconds)
    listener.stop()
    await here.close()
    await there.close()
    await asyncio.gather(*tasks)
    return _report(listener, track.onsets, track.sent_s)


def _track() -> Any:
    """Return a stream of the voice and the pause, which notes when each voice was sent."""
    import av
    from aiortc import MediaStreamTrack

    voice = load_audio(next(example.path for example in list_examples() if example.style == "angry")).samples
    voice = 0.5 * voice / np.abs(voice).max()
    sound = np.concatenate([np.zeros(round(_PAUSE_S * SAMPLE_RATE), np.float32), voice])
    sound += 3e-4 * np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32)
    piece = round(_PIECE_S * SAMPLE_RATE)
    pieces = sound[: len(sound) // piece * piece].reshape(-1, piece)
    onset = int(np.argmax(np.sqrt(np.mean(pieces**2, axis=1)) > _LOUD))

    class Voice(MediaStreamTrack):
        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self.onsets: list[float] = []
            self.sent_s = 0.0
            self._number, self._started = 0, 0.0

        async def recv(self) -> av.AudioFrame:
            self._started = self._started or time.time()
            await asyncio.sleep(max(0.0, self._started + self.sent_s - time.time()))
            samples = (pieces[self._number % len(pieces)].repeat(_RATE // SAMPLE_RATE) * 32_767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = _RATE, fractions.Fraction(1, _RATE)
            frame.pts = self._number * len(samples)
            if self._number % len(pieces) == onset:
                self.onsets.append(time.time())
            self._number += 1
            self.sent_s += _PIECE_S
            return frame

    return Voice()


def _report(listener: Listener, onsets: list[float], sent_s: float) -> dict[str, Any]:
    readings = listener.readings()
    shown = [(reading.when + reading.delay_s, reading.emotion) for reading in readings]
    to_emotion = []
    for onset in onsets:
        before = [emotion for moment, emotion in shown if moment <= onset]
        after = [moment for moment, emotion in shown if moment > onset and emotion]
        if before and before[-1] is None and after:
            to_emotion.append(after[0] - onset)
    return {
        "model": listener.model_name,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "sent_s": round(sent_s, 1),
        "heard_s": round(listener.sound.duration_s, 1),
        "readings_per_s": round((len(shown) - 1) / (shown[-1][0] - shown[0][0]), 2) if len(shown) > 1 else 0.0,
        "wanted_per_s": round(1 / STEP_S, 2),
        "skipped": listener.skipped,
        "voice_to_emotion_s": _summary(to_emotion),
        "sound_to_reading_s": _summary([reading.delay_s for reading in readings]),
    }


def _summary(values: list[float]) -> dict[str, Any]:
    if not values:
        return {"n": 0, "median": None, "worst": None}
    return {"n": len(values), "median": round(statistics.median(values), 3), "worst": round(max(values), 3)}


def _print_words(report: dict[str, Any]) -> None:
    print(f"{report['model']}: heard {report['heard_s']} of {report['sent_s']} s, load {report['load']}")
    print(f"readings a second: {report['readings_per_s']} of {report['wanted_per_s']}; skipped {report['skipped']}")
    for name, words in (
        ("voice_to_emotion_s", "from the first sound of a voice to the reading that names an emotion"),
        ("sound_to_reading_s", "from the arrival of the newest sound to its reading"),
    ):
        values = report[name]
        print(f"{words}: median {values['median']} s, worst {values['worst']} s of {values['n']}")


if __name__ == "__main__":
    cli.run(main)
