"""The models of one process: each is loaded once, when first asked for, and shared by all threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ser_core.audio import load_audio
from ser_core.bundle import ModelCard, find_bundle, list_bundles, load_card
from ser_core.encoder_files import encoders_of
from ser_core.errors import BundleError, SERError
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser
from ser_core.service.logs import where
from ser_core.service.problems import ProblemError

log = logging.getLogger(__name__)


class Shelf:
    """Loaded models, a few at a time. Any thread may ask.

    Parameters
    ----------
    default
        Name or folder of the bundle that answers where a caller names none; it is never dropped.
    most
        Models in memory at a time; the default one and the one asked for are always among them.

    Raises
    ------
    BundleError
        If there is no such bundle, or its card is damaged.
    """

    def __init__(self, default: str, most: int = 3, load: Callable[[str], Recogniser] = Recogniser.load) -> None:
        self.default = load_card(find_bundle(default)).name
        self.ready = False
        self.failed = False
        self._place, self._most, self._load = default, max(1, most), load
        self._lock = threading.Lock()
        self._loaded: dict[str, Recogniser] = {}
        self._used: dict[str, float] = {}

    def get(self, name: str | None = None) -> Recogniser:
        """Return a model by its name, loaded; it takes seconds where nobody asked before.

        Raises
        ------
        ProblemError
            If there is none of that name. A folder is no name: callers do not choose what is read here.
        BundleError, EncoderError
            If it cannot be loaded.
        """
        name = name or self.default
        found = self._loaded.get(name)  # without the lock, which whoever loads another model holds for seconds
        if found is None:
            self.check(name)
        self._used[name] = time.monotonic()
        if found is not None:
            return found
        place = self._place if name == self.default else name
        with self._lock:
            if name not in self._loaded:
                try:
                    self._loaded[name] = self._load(place)
                except SERError as error:  # callers are not told of folders, whoever runs the service is
                    log.error("model_failed", extra={"model": name, "reason": str(error)})
                    raise
                self._drop_for(name)
            return self._loaded[name]

    def check(self, name: str | None) -> None:
        """Raise :class:`ProblemError` where there is no model of that name."""
        if name and name not in self._loaded and name != self.default and name not in list_bundles():
            names = ", ".join(sorted({self.default, *list_bundles()}))
            raise ProblemError("unknown-model", f"There is no such model here: choose one of {names}.")

    def prepare(self) -> None:
        """Load the default model and let it answer once, since the first answer takes a second longer."""
        try:
            recogniser = self.get()
            recogniser.predict(load_audio(list_examples()[0].path))
        except SERError:
            self.failed = True
            return
        except Exception as error:  # a thread's traceback would reach nobody
            self.failed = True
            log.error("model_failed", extra={"model": self.default, "reason": where(error)})
            return
        self.ready = True
        log.info("model_ready", extra={"model": self.default})

    def loaded(self) -> frozenset[str]:
        """Return the names of the models in memory."""
        return frozenset(self._loaded)

    def cards(self) -> list[ModelCard]:
        """Return the cards of all models that can be named, the default one first; damaged ones are left out."""
        places = {self.default: find_bundle(self._place)} | {
            name: folder for name, folder in list_bundles().items() if name != self.default
        }
        cards = []
        for name, folder in places.items():
            try:
                cards.append(load_card(folder).model_copy(update={"name": name}))
            except BundleError as error:
                log.warning("model_left_out", extra={"model": name, "reason": str(error)})
        return cards

    def _drop_for(self, name: str) -> None:
        """Drop what was not asked for the longest, but neither the default model nor *name*."""
        others = sorted(self._loaded.keys() - {self.default, name}, key=lambda other: self._used.get(other, 0.0))
        for other in others[: max(0, len(self._loaded) - self._most)]:
            del self._loaded[other]


def describe(card: ModelCard, default: str, loaded: frozenset[str]) -> dict[str, object]:
    """Return what callers are told of a model."""
    return {
        "name": card.name,
        "title": card.title,
        "description": card.description,
        "labels": list(card.labels),
        "default": card.name == default,
        "loaded": card.name in loaded,
        "encoders": list(encoders_of(card)),
        "threshold": card.threshold,
        "set_level": card.set_level,
        "licence": card.licence,
        "limits": list(card.limits),
        "bytes": card.weights.bytes,
    }
