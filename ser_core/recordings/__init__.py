"""Recordings of minutes to hours: decoded as a stream, judged where somebody speaks, in memory that does not grow.

recording = open_recording("call.mp3")
timeline = read_timeline(Recogniser.load("lite"), recording, progress=print)
for turn in turns(timeline):
    print(turn.start_s, turn.end_s, turn.emotion)
"""

from ser_core.audio.stream import Recording as Recording
from ser_core.audio.stream import open_recording as open_recording
from ser_core.recordings.summary import Summary as Summary
from ser_core.recordings.summary import summarise as summarise
from ser_core.recordings.timeline import Timeline as Timeline
from ser_core.recordings.timeline import read_timeline as read_timeline
from ser_core.recordings.timeline import turns as turns

__all__ = ["Recording", "Summary", "Timeline", "open_recording", "read_timeline", "summarise", "turns"]
