"""The exceptions this package raises for its callers' mistakes and for bad data.

Every message is one sentence (or two) that a person can act on; doors (page, command line, service) show it as it is.
"""


class SERError(Exception):
    """Base of all errors this package raises on purpose."""


class SettingsError(SERError):
    """An environment variable of the program holds something unusable."""


class AudioError(SERError):
    """A sound could not be read, or is not one that can be analysed."""


class CorpusError(SERError):
    """A folder does not hold the corpus it should, or a table of clips is not usable."""


class DownloadError(SERError):
    """Something could not be fetched, or what came is not what was published."""


class CancelledError(SERError):
    """A long computation was stopped by the person; what was finished is kept."""


class ProtocolError(SERError):
    """A way to split that does not exist, does not fit the data, or would share a speaker."""


class BundleError(SERError):
    """A saved model is missing, damaged, or written by a newer version."""


class EncoderError(SERError):
    """A pretrained encoder is not on this machine, cannot be read, or is not the one a model was trained on."""


class RecipeError(SERError):
    """A recipe has a missing, unknown or impossible setting."""


class TrainingError(SERError):
    """A training cannot start, or cannot go on from what its run folder holds."""


class CallsError(SERError):
    """An archive of calls, its manifest or the journal of a batch cannot be used."""


class ClusterError(SERError):
    """A cluster does not answer, has no worker, or runs another version; or a worker process was killed."""


class AlarmError(SERError):
    """An alarm of the live page has an impossible value."""


class ClassroomError(SERError):
    """A class is not open, is full, or cannot take what was asked; or a certificate could not be made."""


class KeptError(SERError):
    """Files that the program keeps cannot be removed."""
