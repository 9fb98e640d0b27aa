"""From a bundle's weights to a function that turns sound into logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ser_core.audio import Waveform
from ser_core.bundle import ModelCard
from ser_core.errors import BundleError, EncoderError
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.logmel import LogMelConfig, log_mel
from ser_core.networks.encoded import EncoderConfig, encoded_frames, open_encoder
from ser_core.onnx_scorer import onnx_score

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ser_core.networks.layers import ClipNetwork

#: From a waveform to a vector, such as one logit a class [shape=(n_classes,)].
Embedder = Callable[[Waveform], np.ndarray]


@dataclass(frozen=True)
class Scorer:
    """A model as two steps, so that what lies between them can be shown.

    Attributes
    ----------
    read
        From a waveform to the array that the model is given: a log-mel spectrogram in dB [shape=(n_mels, t)], states
        of an encoder [shape=(layers * width, t)], or functionals [shape=(1, n)].
    score
        From that array to one logit a class [shape=(n_classes,)].
    read_spoken
        The same as *read* for a waveform that begins and ends with the span of speech, which it need not look for;
        None where there is no such way.
    """

    read: Callable[[Waveform], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]
    read_spoken: Callable[[Waveform], np.ndarray] | None = None

    def __call__(self, waveform: Waveform) -> np.ndarray:
        """Return one logit a class [shape=(n_classes,)]."""
        return self.score(self.read(waveform))


def load_scorer(card: ModelCard, weights: bytes, onnx: bytes | None = None) -> Scorer:
    """Build the model of a card from the bytes of its weights, and of its graph for ONNX Runtime where it has one.

    Raises
    ------
    BundleError
        If the weights do not fit the card, or hold anything but numbers and known scikit-learn types.
    EncoderError
        If the model reads an encoder that is not on this machine, or another one of that name is.
    """
    if isinstance(card.front_end, FunctionalsConfig):
        return _classical_scorer(card, weights, card.front_end)
    score = _network_score(card, weights)  # checks the weights, whoever answers
    if onnx is not None:
        score = onnx_score(onnx)
    whole = card.front_end.model_copy(update={"trim": False})
    return Scorer(_reader(card.front_end), score, _reader(whole) if card.front_end.trim else None)


def load_embedder(card: ModelCard, weights: bytes) -> Embedder:
    """Return a function from a waveform to what the model makes of it before it answers, for maps of clips.

    A network gives the vector that its last layer reads [shape=(width,)], a classical model its logits. It raises
    as :func:`load_scorer` does.
    """
    if isinstance(card.front_end, FunctionalsConfig):
        return load_scorer(card, weights)
    import torch

    network, read = load_network(card, weights), _reader(card.front_end)

    def embed(waveform: Waveform) -> np.ndarray:
        frames = torch.from_numpy(read(waveform))[None]
        lengths = torch.tensor([frames.shape[2]])
        with torch.inference_mode():
            vector: np.ndarray = network.embed(network.prepare(frames, lengths), lengths)[0].numpy()
        return vector

    return embed


def load_network(card: ModelCard, weights: bytes) -> ClipNetwork:
    """Return the network of a card in evaluation mode.

    Raises
    ------
    BundleError
        If the card is of no network, or the weights do not fit it.
    EncoderError
        If the network runs layers of an encoder that is not on this machine, or another one of that name is.
    """
    import safetensors.torch
    import torch

    from ser_core.networks.layers import ClipNetworkConfig
    from ser_core.networks.registry import build_network

    if not isinstance(card.model, ClipNetworkConfig):
        raise BundleError(f"The model '{card.name}' is no network: choose one that reads a spectrogram.")
    try:
        tensors = safetensors.torch.load(weights)
        with torch.device("meta"):  # takes no memory, however large the card says the network is
            wanted = {name: _kind(tensor) for name, tensor in build_network(card.model).state_dict().items()}
        if wanted != {name: _kind(tensor) for name, tensor in tensors.items()}:
            raise _misfit(card)
        if not all(tensor.isfinite().all() for tensor in tensors.values()):  # every answer would be no number
            raise _misfit(card)
        network = build_network(card.model)
        network.load_state_dict(tensors)
    except (BundleError, EncoderError):
        raise
    except Exception as error:  # safetensors and torch raise many types, all of which mean the same here
        raise _misfit(card) from error
    return network.eval()


def _kind(tensor: Tensor) -> tuple[torch.Size, bool]:
    return tensor.shape, tensor.is_floating_point()


def _reader(front_end: LogMelConfig | EncoderConfig) -> Callable[[Waveform], np.ndarray]:
    """Return what gives a network its frames [shape=(rows, t)]; raises EncoderError where an encoder is missing."""
    if isinstance(front_end, LogMelConfig):
        return lambda waveform: log_mel(waveform, front_end)
    open_encoder(front_end)  # once now, rather than at the first recording
    return lambda waveform: np.ascontiguousarray(encoded_frames(waveform, front_end).T)


def _network_score(card: ModelCard, weights: bytes) -> Callable[[np.ndarray], np.ndarray]:
    import torch

    network = load_network(card, weights)

    def score(array: np.ndarray) -> np.ndarray:
        frames = torch.from_numpy(array)[None]
        with torch.inference_mode():
            logits: np.ndarray = network(frames, torch.tensor([frames.shape[2]]))[0].numpy()
        return logits

    return score


def _classical_scorer(card: ModelCard, weights: bytes, front_end: FunctionalsConfig) -> Scorer:
    from ser_core.classical.pipelines import decision_scores
    from ser_core.classical.storage import load_classifier

    try:
        classifier = load_classifier(weights)
    except BundleError as error:
        raise BundleError(f"The model '{card.name}' cannot be used. {error}") from error
    known = np.asarray(getattr(classifier, "classes_", ()))
    numbered = known.ndim == 1 and known.dtype.kind == "i" and np.isin(known, range(len(card.labels))).all()
    if not numbered or not len(known) or classifier.n_features_in_ != len(functional_names(front_end)):
        raise _misfit(card)

    def score(array: np.ndarray) -> np.ndarray:
        return decision_scores(classifier, array, len(card.labels))[0]

    try:
        score(np.zeros((1, classifier.n_features_in_)))
    except Exception as error:  # arrays in it may have any shape and type, which shows only when they are used
        raise _misfit(card) from error

    return Scorer(lambda waveform: functional_vector(waveform, front_end), score)


def _misfit(card: ModelCard) -> BundleError:
    return BundleError(f"The weights of model '{card.name}' do not fit its description: install it again.")
