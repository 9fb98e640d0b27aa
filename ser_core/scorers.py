"""From a bundle's weights to a function that turns sound into logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ser_core.audio import Waveform
from ser_core.bundle import PARTNER, ModelCard
from ser_core.errors import BundleError, EncoderError
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.logmel import LogMelConfig, log_mel
from ser_core.networks.encoded import EncoderConfig, encoded_frames, open_encoder
from ser_core.onnx_scorer import onnx_score
from ser_core.speech_once import MARGIN_S, Speech

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ser_core.networks.layers import ClipNetwork
    from ser_core.networks.registry import NetworkConfig

#: From a waveform to a vector, such as one logit a class [shape=(n_classes,)].
Embedder = Callable[[Waveform], np.ndarray]


@dataclass(frozen=True)
class Scorer:
    """A model as two steps, so that what lies between them can be shown; and another that answers with it.

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
    margin_s
        Seconds around speech that it reads with it.
    partner, share
        Another model, and its share of the answer: logits are averaged.
    """

    read: Callable[[Waveform], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]
    read_spoken: Callable[[Waveform], np.ndarray] | None = None
    margin_s: float = MARGIN_S
    partner: Scorer | None = None
    share: float = 0.0

    def __call__(self, waveform: Waveform) -> np.ndarray:
        """Return one logit a class, of a recording where the speech is yet to be found [shape=(n_classes,)]."""
        return self._with_partner(self.score(self.read(waveform)), lambda partner: partner(waveform))

    def spoken(self, waveform: Waveform) -> np.ndarray:
        """Return one logit a class, of a stretch that begins and ends with speech [shape=(n_classes,)]."""
        read = self.read_spoken or self.read
        return self._with_partner(self.score(read(waveform)), lambda partner: partner.spoken(waveform))

    def within(self, waveform: Waveform, speech: Speech) -> np.ndarray:
        """Return one logit a class, of a recording whose speech was found already [shape=(n_classes,)]."""
        if self.read_spoken is None:
            own = self.score(self.read(waveform))
        else:
            own = self.score(self.read_spoken(waveform.cut(*speech.span(self.margin_s))))
        return self._with_partner(own, lambda partner: partner.within(waveform, speech))

    def _with_partner(self, own: np.ndarray, ask: Callable[[Scorer], np.ndarray]) -> np.ndarray:
        return own if self.partner is None else (1 - self.share) * own + self.share * ask(self.partner)


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
    score = _network_score(load_network(card, weights))  # checks the weights, whoever answers
    scorer = _network_scorer(card.front_end, score if onnx is None else onnx_score(onnx))
    if card.partner is None:
        return scorer
    partner = _network_scorer(card.partner.front_end, _network_score(load_partner(card, weights)))
    return replace(scorer, partner=partner, share=card.partner.share)


def load_embedder(card: ModelCard, weights: bytes) -> Embedder:
    """Return a function from a waveform to what the model makes of it before it answers, for maps of clips.

    A network gives the vector that its last layer reads [shape=(width,)], without that of its partner, a classical
    model its logits. It raises as :func:`load_scorer` does.
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
    from ser_core.networks.layers import ClipNetworkConfig

    if not isinstance(card.model, ClipNetworkConfig):
        raise BundleError(f"The model '{card.name}' is no network: choose one that reads a spectrogram.")
    return _loaded(card, card.model, weights)


def load_partner(card: ModelCard, weights: bytes) -> ClipNetwork:
    """Return the network that answers beside a card's own; raises as :func:`load_network` does."""
    if card.partner is None:
        raise BundleError(f"The model '{card.name}' answers alone.")
    return _loaded(card, card.partner.model, weights, PARTNER)


def _loaded(card: ModelCard, config: NetworkConfig, weights: bytes, prefix: str = "") -> ClipNetwork:
    """Return the network whose tensors begin with *prefix*; all others must be the partner's or its own."""
    import safetensors.torch
    import torch

    from ser_core.networks.registry import build_network

    try:
        every = safetensors.torch.load(weights)
        tensors = _of_network(every, prefix, alone=card.partner is None)
        with torch.device("meta"):  # takes no memory, however large the card says the network is
            wanted = {name: _kind(tensor) for name, tensor in build_network(config).state_dict().items()}
        if wanted != {name: _kind(tensor) for name, tensor in tensors.items()}:
            raise _misfit(card)
        if not all(tensor.isfinite().all() for tensor in tensors.values()):  # every answer would be no number
            raise _misfit(card)
        network = build_network(config)
        network.load_state_dict(tensors)
    except (BundleError, EncoderError):
        raise
    except Exception as error:  # safetensors and torch raise many types, all of which mean the same here
        raise _misfit(card) from error
    return network.eval()


def _of_network(every: Mapping[str, Tensor], prefix: str, *, alone: bool) -> dict[str, Tensor]:
    if prefix:
        return {name.removeprefix(prefix): tensor for name, tensor in every.items() if name.startswith(prefix)}
    return {name: tensor for name, tensor in every.items() if alone or not name.startswith(PARTNER)}


def _kind(tensor: Tensor) -> tuple[torch.Size, bool]:
    return tensor.shape, tensor.is_floating_point()


def _reader(front_end: LogMelConfig | EncoderConfig) -> Callable[[Waveform], np.ndarray]:
    """Return what gives a network its frames [shape=(rows, t)]; raises EncoderError where an encoder is missing."""
    if isinstance(front_end, LogMelConfig):
        return lambda waveform: log_mel(waveform, front_end)
    open_encoder(front_end)  # once now, rather than at the first recording
    return lambda waveform: np.ascontiguousarray(encoded_frames(waveform, front_end).T)


def _network_scorer(front_end: LogMelConfig | EncoderConfig, score: Callable[[np.ndarray], np.ndarray]) -> Scorer:
    whole = front_end.model_copy(update={"trim": False})
    margin_s = getattr(front_end, "margin_s", MARGIN_S)
    return Scorer(_reader(front_end), score, _reader(whole) if front_end.trim else None, margin_s)


def _network_score(network: ClipNetwork) -> Callable[[np.ndarray], np.ndarray]:
    import torch

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
