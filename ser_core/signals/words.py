"""What each panel is, what it says about emotion, and what it cannot say, in plain language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PanelWords:
    """A panel's title and its explanation in three sentences."""

    title: str
    what: str
    emotion: str
    limits: str


#: Panel -> its words, in the order in which the page offers them.
WORDS: Mapping[str, PanelWords] = {
    "waveform": PanelWords(
        "Waveform",
        "The pressure of the air at the microphone from moment to moment; drawn is the band between its lowest and "
        "highest value.",
        "Shows where somebody speaks, how long the pauses are and how hard syllables set in: anger bursts, sadness "
        "swells.",
        "Nothing about melody or vowel can be read here, and its height depends on the microphone.",
    ),
    "spectrogram": PanelWords(
        "Spectrogram",
        "How strong each frequency is (upwards) at each moment: bright is strong. A long window shows the harmonics "
        "as lines, a short one the pulses of the voice.",
        "An angry or joyful voice is bright far up; a sad one fades above 2 kHz. It is what networks learn from.",
        "Microphone, room and codec paint in it too: two microphones differ more than two moods.",
    ),
    "pitch": PanelWords(
        "Pitch",
        "How often a second the vocal folds open (F0), found by YIN and drawn over the low harmonics that it should "
        "follow; gaps are unvoiced.",
        "Joy, fear and anger are spoken higher and with wider swings, sadness and calm low and flat.",
        "A person's pitch is mostly their body: compare with the same speaker's neutral voice. Jumps by an octave "
        "are often the method's mistakes.",
    ),
    "intensity": PanelWords(
        "Intensity",
        "The level over some hundredths of a second, in decibels below the loudest that the file can hold.",
        "Anger is loud and varies much, sadness is soft; how fast it rises at a syllable's start tells effort.",
        "The level in a file says how near the microphone was. Only its ups and downs within a recording speak.",
    ),
    "voicing": PanelWords(
        "Voice and pauses",
        "Where the vocal folds swing (voiced), where there is sound without them (unvoiced: s, f, t), where nothing "
        "is said, and the nuclei of syllables, counted from the level.",
        "Fear and joy hurry, sadness and calm pause more; stress breaks the flow.",
        "Languages and reading styles differ as much in tempo as emotions do, and noise fills pauses.",
    ),
    "mfcc": PanelWords(
        "MFCC",
        "The shape of the mel spectrum in 13 numbers a frame: number 0 is the level, 1 the tilt from low to high, "
        "the next ever finer ripples. Its deltas are their change over time.",
        "The classic features of emotion recognition: they catch timbre, tense or breathy, without the pitch.",
        "No single number has a meaning one could hear; they change with vowel, speaker and microphone too.",
    ),
    "chroma": PanelWords(
        "Chroma",
        "The energy of each of the twelve tones of the scale, all octaves together.",
        "In speech it follows the pitch, folded into one octave: steady stripes where the voice holds a tone.",
        "Made for music. A voice glides between tones, and harmonics light up tones that nobody sings.",
    ),
    "tonnetz": PanelWords(
        "Tonnetz",
        "Chroma as a point in a space of harmony: fifths, minor and major thirds, two coordinates each.",
        "Often added to lists of features; in speech it says how tonal or noisy a moment is.",
        "Made for chords: a single speaking voice has no harmony, so differences here are rarely about emotion.",
    ),
    "spectral": PanelWords(
        "Shape of the spectrum",
        "One number a frame for how the energy is spread: its centre, width, edge, noisiness or change.",
        "Effort raises the centre: a tense, angry voice is brighter than a sad or tired one.",
        "An s raises the centre more than any mood; compare averages over whole utterances.",
    ),
    "contrast": PanelWords(
        "Spectral contrast",
        "The distance between peaks and valleys of the spectrum, octave by octave, in decibels.",
        "Clear, resonant voices have deep valleys between their harmonics, breathy or noisy ones shallow ones.",
        "Background noise fills the valleys at once, whatever the voice does.",
    ),
    "formants": PanelWords(
        "Formants",
        "The resonances of the throat and mouth, found by linear prediction; the lowest two tell the vowel.",
        "A smile widens and shortens the mouth and raises them; articulation becomes lax in sadness.",
        "They belong to vowel and body first. Between the harmonics of a high voice they are guesses.",
    ),
    "quality": PanelWords(
        "Voice quality",
        "How much of the voice is tone and how much noise (HNR), and how much neighbouring periods differ in length "
        "(jitter) and height (shimmer).",
        "Tears, fear and fatigue make a voice rough or breathy; calm voices are steady.",
        "Measured on held vowels in clinics. In running speech, noise or compressed sound the numbers are rough.",
    ),
}
