"""A voice while it is speaking: sound arrives piece by piece, readings and alarms come out.

listener = Listener(Recogniser.load("lite"), alarms=[DRIVER_STRESS])
listener.start()                                   # a thread reads the last seconds several times a second
listener.feed(samples, rate=48_000)                # from wherever the sound comes, in any rate and format
listener.latest                                    # Reading(emotion="angry", confidence=0.71, ...)
"""

from ser_core.live.alarms import ANGRY_CALLER as ANGRY_CALLER
from ser_core.live.alarms import DRIVER_STRESS as DRIVER_STRESS
from ser_core.live.alarms import MEASURES as MEASURES
from ser_core.live.alarms import Alarm as Alarm
from ser_core.live.alarms import AlarmEvent as AlarmEvent
from ser_core.live.listener import Listener as Listener
from ser_core.live.listener import warm_up as warm_up
from ser_core.live.readings import Reader as Reader
from ser_core.live.readings import Reading as Reading
from ser_core.live.sound import SoundBuffer as SoundBuffer
from ser_core.live.sound import frame_samples as frame_samples
from ser_core.live.tables import alarms_table as alarms_table
from ser_core.live.tables import readings_table as readings_table
from ser_core.live.tables import session_json as session_json

__all__ = [
    "ANGRY_CALLER",
    "DRIVER_STRESS",
    "MEASURES",
    "Alarm",
    "AlarmEvent",
    "Listener",
    "Reader",
    "Reading",
    "SoundBuffer",
    "alarms_table",
    "frame_samples",
    "readings_table",
    "session_json",
    "warm_up",
]
