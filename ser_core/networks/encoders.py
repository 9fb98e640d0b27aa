"""Pretrained speech encoders of the Transformers library: found on this machine, checked, and read layer by layer.

encoder = load_encoder("openai/whisper-base", last_layer=4)
states = encoder.states(waveform.samples, layers=(2, 3, 4))            # one array [shape=(t, width)] a layer

Whisper (Radford et al. 2022), wav2vec 2.0, HuBERT, WavLM and data2vec work alike. The layers above the last one used
are never built. A clip is read at its own length: Whisper's padding to 30 s would cost ten times the work.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.errors import EncoderError
from ser_core.features.spectrum import SpectrumConfig, mel_spectrum, power_spectrum
from ser_core.settings import settings

#: Samples at 16 kHz that a frame of every one of these encoders stands for (20 ms).
FRAME = 320
#: The least sound that an encoder is given, in samples; shorter clips get silence at their end.
_LEAST = 1600
_WHISPER = SpectrumConfig(window=400, hop=160, n_fft=400)
#: Where the loudest cell of Whisper's spectrogram is put, in powers of ten, so that the level does not matter; as in
#: loud recordings at full scale.
_LOUDEST = 1.5
_RANGE = 8.0


class Encoder:
    """A pretrained encoder up to some layer, in evaluation mode.

    Attributes
    ----------
    name
        As it was asked for.
    module
        The module of the Transformers library.
    width
        Numbers in a frame of a layer's output.
    """

    def __init__(self, name: str, module: nn.Module) -> None:
        self.name, self.module = name, module
        config: Any = module.config
        self.config = config
        self.width = int(config.hidden_size)
        self._one_at_a_time = threading.Lock()

    @property
    def is_whisper(self) -> bool:
        """Whether it reads a log-mel spectrogram rather than samples."""
        return str(self.config.model_type) == "whisper"

    @property
    def layers(self) -> nn.ModuleList:
        """Its transformer layers, the lowest first."""
        layers: nn.ModuleList = self.module.layers if self.is_whisper else self.module.encoder.layers  # type: ignore[assignment,union-attr]
        return layers

    def states(self, samples: np.ndarray, layers: tuple[int, ...]) -> list[Tensor]:
        """Return what the layers *layers* (from 1) make of a sound, each [shape=(t, width), float32].

        Parameters
        ----------
        samples
            Mono at 16 kHz [shape=(n,)]; a frame stands for 320 of them.
        """
        if len(samples) < _LEAST:
            samples = np.pad(samples, (0, _LEAST - len(samples)))
        kept: dict[int, Tensor] = {}
        with self._one_at_a_time:  # the hooks hear whoever runs the layers: another thread's sound is another person's
            hooks = [self.layers[number - 1].register_forward_hook(_keeper(kept, number)) for number in set(layers)]
            try:
                self._run(samples)
            finally:
                for hook in hooks:
                    hook.remove()
        return [kept[number] for number in layers]

    @torch.inference_mode()
    def _run(self, samples: np.ndarray) -> None:
        if self.is_whisper:
            self._run_whisper(torch.from_numpy(whisper_spectrogram(samples, self.config.num_mel_bins))[None])
        else:
            self.module(torch.from_numpy(_evened(samples))[None])

    def _run_whisper(self, spectrogram: Tensor) -> None:
        """Run Whisper's layers over [shape=(1, bands, t)] with the first rows of its table of positions."""
        parts: Any = self.module
        x = F.gelu(parts.conv1(spectrogram))
        x = F.gelu(parts.conv2(x)).transpose(1, 2)
        longest = parts.embed_positions.weight.shape[0]
        x = x[:, :longest] + parts.embed_positions.weight[: min(longest, x.shape[1])]
        for layer in parts.layers:
            x = _first(layer(x, None))


def load_encoder(name: str, last_layer: int) -> Encoder:
    """Return an encoder by its hub name or folder, built up to *last_layer*; kept for the next call.

    Raises
    ------
    EncoderError
        If the Transformers library is missing, the encoder is not on this machine or of an unknown kind, or has
        fewer layers.
    """
    return _load(name, find_encoder(name), last_layer)


def load_known_encoder(name: str, last_layer: int, width: int, digest: str = "") -> Encoder:
    """Return an encoder as :func:`load_encoder` does, if it is the one that a model was trained on.

    Parameters
    ----------
    width
        Numbers in a frame.
    digest
        The fingerprint of its weights; empty where any will do.

    Raises
    ------
    EncoderError
        Also if width or weights are others.
    """
    encoder = load_encoder(name, last_layer)
    if encoder.width != width:
        raise EncoderError(f"The encoder '{name}' gives {encoder.width} numbers a frame, not {width}.")
    if digest and fingerprint(encoder) != digest:
        raise EncoderError(
            f"The encoder '{name}' on this machine has other weights than the one that the model was trained on: fetch "
            "it again from the hub."
        )
    return encoder


def find_encoder(name: str) -> str:
    """Return the folder of an encoder: in `SER_ENCODERS`, given as a path, or in the hub's cache.

    Raises
    ------
    EncoderError
        If it is nowhere.
    """
    own = settings().encoders
    for folder in ([own / name.rpartition("/")[2]] if own else []) + [Path(name)]:
        if (folder / "config.json").is_file():
            return str(folder)
    try:
        hub = importlib.import_module("huggingface_hub")
        return str(hub.snapshot_download(name, local_files_only=True, allow_patterns=HUB_FILES))
    except Exception as error:  # the library is missing, or it raises one of many types that mean "not here"
        raise EncoderError(
            f"The encoder '{name}' is not on this machine: fetch it with 'python scripts/encoders.py download {name}', "
            "or put its folder into the one that SER_ENCODERS names."
        ) from error


#: The files of an encoder that are fetched: never anything that runs when it is read.
HUB_FILES = ("config.json", "preprocessor_config.json", "*.safetensors", "*.safetensors.index.json")


def fingerprint(encoder: Encoder) -> str:
    """Return a name for the weights that are used, the same in half and in full precision.

    Each tensor is rounded to half precision and hashed with its shape; the hashes are sorted, so that names do not
    matter. Whisper's published weights are exact in half precision.
    """
    digests = []
    for tensor in encoder.module.state_dict().values():
        values = tensor.detach().to(torch.float16).contiguous().numpy()
        digests.append(hashlib.sha256(str(values.shape).encode() + values.tobytes()).hexdigest())
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:32]


def whisper_spectrogram(samples: np.ndarray, bands: int = 80) -> np.ndarray:
    """Return Whisper's scaled log-mel spectrogram [shape=(bands, n // 160), float32] (Radford et al. 2022).

    The loudest cell always has the same value, so the level of the recording makes no difference.
    """
    power = mel_spectrum(power_spectrum(samples, _WHISPER), _WHISPER, bands, 0.0, 8000.0)[:, : len(samples) // 160]
    levels = np.log10(np.maximum(power, 1e-20))
    levels = np.maximum(levels - levels.max(), -_RANGE) + _LOUDEST
    scaled: np.ndarray = ((levels + 4.0) / 4.0).astype(np.float32)
    return scaled


@functools.lru_cache(maxsize=4)
def _load(name: str, folder: str, last_layer: int) -> Encoder:
    try:
        library = importlib.import_module("transformers")
    except ImportError as error:
        raise EncoderError(
            "Models on an encoder need the Transformers library: 'pip install -r requirements-encoders.txt'."
        ) from error
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    try:
        config = library.AutoConfig.from_pretrained(folder, local_files_only=True)
        depth = int(config.encoder_layers if config.model_type == "whisper" else config.num_hidden_layers)
        if not 1 <= last_layer <= depth:
            raise EncoderError(f"The encoder '{name}' has layers 1 to {depth}, not {last_layer}: choose among these.")
        return Encoder(name, _body(library, folder, config, last_layer))
    except EncoderError:
        raise
    except Exception as error:  # the library raises many types for damaged or foreign folders
        raise EncoderError(f"The encoder in {folder} cannot be read: fetch it again.") from error


def _body(library: Any, folder: str, config: Any, last_layer: int) -> nn.Module:
    options = {"local_files_only": True, "use_safetensors": True, "dtype": torch.float32}
    if config.model_type == "whisper":
        config.encoder_layers = config.num_hidden_layers = last_layer
        module = library.WhisperForAudioClassification.from_pretrained(folder, config=config, **options).encoder
    else:
        config.num_hidden_layers = last_layer
        module = library.AutoModel.from_pretrained(folder, config=config, **options)
    body: nn.Module = module.eval().requires_grad_(False)
    return body


def _keeper(kept: dict[int, Tensor], number: int) -> Any:
    def keep(_module: nn.Module, _inputs: object, output: Any) -> None:
        kept[number] = _first(output)[0].float()

    return keep


def _first(output: Any) -> Tensor:
    """Return the states of a layer's output, which some kinds give with more beside it."""
    states: Tensor = output[0] if isinstance(output, tuple) else output
    return states


def _evened(samples: np.ndarray) -> np.ndarray:
    """Bring samples to mean 0 and deviation 1, as the encoders that read samples expect."""
    evened: np.ndarray = ((samples - samples.mean()) / (samples.std() + 1e-7)).astype(np.float32)
    return evened
