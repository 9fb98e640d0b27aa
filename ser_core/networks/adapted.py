"""A pretrained encoder whose upper layers are adapted: low-rank matrices beside its weights, and a head above them.

The front end gives the states of one layer, which never change and are therefore computed once for each clip; the
layers above it run in the network, each linear map W of theirs as W + B A with two narrow matrices that are learnt
(LoRA, Hu et al. 2022; the peft library). B begins at zero, so that training begins with the encoder as it was
pretrained. Only the narrow matrices and the head are kept as weights; the encoder's own come from the encoder.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ser_core.errors import EncoderError
from ser_core.networks.encoder_head import EncoderHead, HeadConfig
from ser_core.networks.encoders import fingerprint, load_encoder, load_known_encoder
from ser_core.networks.layers import ClipNetwork, frame_mask

#: The linear maps of a layer that are adapted, by their names in the Transformers library: attention, feed-forward.
_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "intermediate_dense", "output_dense")
#: Kinds of encoders whose layers take states and a mask, and nothing more.
_KINDS = ("whisper", "wav2vec2", "hubert", "data2vec-audio")
_NEVER = -1e4


class AdaptedEncoderConfig(HeadConfig):
    """Sizes of the network; the head reads `n_layers` layers, of which the first is the front end's only one."""

    kind: Literal["adapted-encoder"] = "adapted-encoder"
    encoder: str = Field("openai/whisper-base", description="name at the hub, or a local folder")
    first: int = Field(2, ge=1, description="the layer that the front end gives")
    rank: int = Field(8, ge=1, le=256)
    scale: float = Field(2.0, gt=0, description="factor of what the narrow matrices add")
    fingerprint: str = Field("", description="of the encoder's weights; the bundle is refused with others")

    @property
    def last(self) -> int:
        """The highest layer that is run."""
        return self.first + self.n_layers - 1


class AdaptedEncoder(ClipNetwork):
    """The network of this module's docstring.

    Raises
    ------
    EncoderError
        If the encoder or the peft library is not on this machine, or the encoder is of another kind, width or weights.
    """

    def __init__(self, config: AdaptedEncoderConfig) -> None:
        super().__init__()
        self.config: AdaptedEncoderConfig = config
        self.upper = _adapted_layers(config)
        self.head = EncoderHead(config)
        self._register_state_dict_hook(_drop_pretrained)

    def prepare(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return what the head makes of the layers' states, as :meth:`EncoderHead.prepare` [shape=(batch, rows, 1)]."""
        mask = frame_mask(lengths, frames.shape[2])
        hidden = (~mask)[:, None, None].to(frames.dtype) * _NEVER
        states = [frames.transpose(1, 2)]
        for layer in self.upper:
            found = layer(states[-1], attention_mask=hidden)
            states.append(found[0] if isinstance(found, tuple) else found)
        return self.head.prepare(torch.cat(states, dim=2).transpose(1, 2), lengths)

    def embed(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden layers of all members beside each other [shape=(batch, members * hidden)]."""
        return self.head.embed(prepared, lengths)

    def votes(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits of each member [shape=(members, batch, n_classes)]."""
        return self.head.votes(prepared, lengths)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take the learnt weights; the pretrained ones stay."""
        found = super().load_state_dict(state_dict, strict=False, assign=assign)
        missing = [name for name in found.missing_keys if not _is_pretrained(name)]
        if strict and (missing or found.unexpected_keys):
            raise RuntimeError(f"weights are missing or unknown: {missing + found.unexpected_keys}")
        return found


def _adapted_layers(config: AdaptedEncoderConfig) -> nn.ModuleList:
    try:
        peft = importlib.import_module("peft")
    except ImportError as error:
        raise EncoderError("Adapters need the peft library: 'pip install -r requirements-encoders.txt'.") from error
    encoder = load_known_encoder(config.encoder, config.last, config.width, config.fingerprint)
    if encoder.config.model_type not in _KINDS:
        raise EncoderError(f"The layers of '{config.encoder}' cannot be adapted: choose one of {', '.join(_KINDS)}.")
    layers = copy.deepcopy(encoder.layers[config.first : config.last])
    lora = peft.LoraConfig(r=config.rank, lora_alpha=config.scale * config.rank, target_modules=list(_TARGETS))
    adapted: nn.ModuleList = peft.inject_adapter_in_model(lora, layers)
    for name, parameter in adapted.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return adapted


def pinned_body(config: AdaptedEncoderConfig) -> AdaptedEncoderConfig:
    """Return the settings with the fingerprint of the encoder that is on this machine."""
    return config.model_copy(update={"fingerprint": fingerprint(load_encoder(config.encoder, config.last))})


def _is_pretrained(name: str) -> bool:
    return name.startswith("upper.") and "lora_" not in name


def _drop_pretrained(_module: nn.Module, state: dict[str, Any], prefix: str, _metadata: object) -> None:
    for name in [name for name in state if _is_pretrained(name.removeprefix(prefix))]:
        del state[name]
