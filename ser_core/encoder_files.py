"""Pretrained encoders as files: which are known, which are here, and fetching one from the hub when a person says so.

fetch_encoder("openai/whisper-base")        # 290 MB into the hub's cache, where find_encoder looks

Nothing here is called unless a person asks: the program itself never reaches for the network.
"""

from __future__ import annotations

import errno
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.corpora.facts import size_words
from ser_core.errors import CancelledError, DownloadError, EncoderError, SERError
from ser_core.files import write_text

if TYPE_CHECKING:
    from ser_core.bundle import ModelCard

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

#: The libraries that encoders need, and how to get them.
LIBRARIES_MISSING = "Models on an encoder need further libraries: 'pip install -r requirements-encoders.txt'."

_MIT = "https://github.com/openai/whisper/blob/main/LICENSE"
#: Bytes between two looks at whether to stop.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class EncoderFacts:
    """What is published of an encoder.

    Attributes
    ----------
    name
        At the hub.
    size
        Of what is fetched, in bytes.
    licence, licence_url
        Of its weights, as their authors publish them.
    revision
        The commit at the hub that is fetched, so that everybody gets the weights that the models were trained on.
    about
        What it is.
    """

    name: str
    size: int
    licence: str
    licence_url: str
    revision: str
    about: str

    @property
    def size_words(self) -> str:
        """Its size for a person."""
        return size_words(self.size)


#: The encoders of this project's models. The hub's cards name Apache 2.0, the authors' own repository MIT.
ENCODERS: Mapping[str, EncoderFacts] = {
    facts.name: facts
    for facts in (
        EncoderFacts(
            "openai/whisper-base", 290_403_936, "MIT", _MIT, "e37978b90ca9030d5170a5c07aadb050351a65bb",
            "Whisper base by OpenAI (Radford et al. 2022), 98 languages; the lower layers of its encoder are used",
        ),
        EncoderFacts(
            "openai/whisper-tiny.en", 151_000_000, "MIT", _MIT, "87c7102498dcde7456f24cfd30239ca606ed9063",
            "Whisper tiny by OpenAI (Radford et al. 2022), English; the lower layers of its encoder are used",
        ),
    )
}  # fmt: skip


def encoders_of(card: ModelCard) -> tuple[str, ...]:
    """Return the encoders that a model reads, its own and then its partner's; none where it needs none."""
    front_ends: list[Any] = [card.front_end, *([card.partner.front_end] if card.partner else [])]
    return tuple(dict.fromkeys(str(one.encoder) for one in front_ends if one.kind == "encoder"))


def encoder_folder(name: str) -> Path | None:
    """Return where an encoder lies on this machine, None where it does not."""
    from ser_core.networks.encoders import find_encoder

    try:
        return Path(find_encoder(name))
    except EncoderError:
        return None


def libraries_here() -> bool:
    """Return whether the libraries that encoders need are installed."""
    return all(importlib.util.find_spec(name) for name in ("transformers", "huggingface_hub"))


def fetch_encoder(name: str, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Path:
    """Fetch an encoder from the hub into its cache unless it is on this machine; return its folder.

    Only its settings and its weights as safetensors are fetched, never anything that runs when it is read.

    Parameters
    ----------
    name
        Of :data:`ENCODERS`, or of any other that the Transformers library reads.
    progress
        Called with (bytes done, bytes in all).
    cancelled
        Asked about once a megabyte.

    Raises
    ------
    DownloadError
        With a sentence: no network, no such name, disk full, no usable weights.
    EncoderError
        If the libraries are missing.
    CancelledError
        When *cancelled* says yes; of an unfinished file nothing is kept.
    """
    here = encoder_folder(name)
    if here is not None:
        return here
    if not libraries_here():
        raise EncoderError(LIBRARIES_MISSING)
    folder = _snapshot(name, progress, cancelled)
    if not list(folder.glob("*.safetensors")) or not (folder / "config.json").is_file():
        raise DownloadError(f"'{name}' at the hub holds no weights as safetensors: choose another encoder.")
    if encoder_folder(name) is None:
        # The cache finds what has no commit in its name through this note, which the hub's own library writes only
        # for names of branches.
        write_text(_made(folder.parents[1] / "refs") / "main", folder.name)
    return folder


def _snapshot(name: str, progress: Progress | None, cancelled: Cancelled | None) -> Path:
    from ser_core.networks.encoders import HUB_FILES

    hub, constants, errors, logging = (
        importlib.import_module(f"huggingface_hub{part}") for part in ("", ".constants", ".errors", ".utils.logging")
    )
    # Plain https in small blocks: the hub's faster protocol can neither be stopped nor followed from here.
    constants.HF_HUB_DISABLE_XET = True  # type: ignore[attr-defined]
    constants.DOWNLOAD_CHUNK_SIZE = _BLOCK  # type: ignore[attr-defined]
    logging.set_verbosity_error()  # it would report every try; the person gets one sentence
    facts = ENCODERS.get(name)
    try:
        return Path(
            hub.snapshot_download(
                name,
                revision=facts.revision if facts else None,
                allow_patterns=HUB_FILES,
                max_workers=1,
                token=False,  # what is public needs none, and a person's own is nobody's business
                tqdm_class=_bar_class(progress, cancelled, facts.size if facts else 0),
            )
        )
    except SERError:
        raise
    except Exception as error:  # the library and those below it raise many types
        raise _refusal(name, error, errors) from error


def _bar_class(progress: Progress | None, cancelled: Cancelled | None, size: int) -> type:
    """Return what the hub takes for a progress bar, and reports to *progress* and asks *cancelled* instead."""
    base: Any = importlib.import_module("tqdm").tqdm

    class Bar(base):  # type: ignore[misc]
        def __init__(self, *values: Any, **options: Any) -> None:
            self._counts_bytes = options.get("unit") == "B"
            options.pop("disable", None)
            super().__init__(*values, disable=True, **options)

        def update(self, n: float | None = 1) -> None:
            if cancelled and cancelled():
                raise CancelledError("The download was stopped: nothing of the unfinished file is kept.")
            self.n += n or 0
            if progress and self._counts_bytes:
                progress(int(self.n), max(int(self.total or 0), size))

    return Bar


def _refusal(name: str, error: Exception, kinds: Any) -> DownloadError:
    """Return the sentence for what the hub's library raised."""
    if isinstance(error, (kinds.RepositoryNotFoundError, kinds.RevisionNotFoundError, kinds.HFValidationError)):
        return DownloadError(f"There is no public encoder named '{name}' at the hub: check its name.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DownloadError("The disk is full: make room in the hub's cache (HF_HOME names its place) and try again.")
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DownloadError("The hub's cache cannot be written: name another place with HF_HOME and try again.")
    return DownloadError(
        "The hub cannot be reached: check the connection and try again, or put the encoder's folder into the one "
        "that SER_ENCODERS names."
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
