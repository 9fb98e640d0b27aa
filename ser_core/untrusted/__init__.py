"""Sound of strangers, decoded in a child process: what crashes a codec ends the child, and the file gets a sentence.

waveform = load_untrusted(data, name="voice.m4a")       # as ser_core.audio.load_audio, for bytes from outside
recording = open_untrusted(data, name="call.mp3")       # as ser_core.audio.stream.open_recording

Decoders are compiled code (libsndfile with its codecs, FFmpeg), the only part of the program in which a hostile file
can do more than raise an exception. The child may not write a file, take more memory or processor time than a long
recording needs, and knows no keys from the environment. Bytes go in and samples come out through pipes, as plain
numbers: whatever took over a child could still only send sound. Children are kept for the next file.
"""

from ser_core.untrusted.load import load_untrusted as load_untrusted
from ser_core.untrusted.stream import open_untrusted as open_untrusted

__all__ = ["load_untrusted", "open_untrusted"]
