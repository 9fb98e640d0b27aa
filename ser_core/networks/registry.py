"""All networks by kind: the settings that a recipe or a card holds, and the network built from them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ser_core.networks.cnn import CNN, CNNConfig
from ser_core.networks.crnn import CRNN, CRNNConfig
from ser_core.networks.encoder_head import EncoderHead, EncoderHeadConfig
from ser_core.networks.layers import ClipNetwork
from ser_core.networks.residual_cnn import ResidualCNN, ResidualCNNConfig
from ser_core.networks.residual_crnn import ResidualCRNN, ResidualCRNNConfig
from ser_core.networks.transformer import Transformer, TransformerConfig

#: The settings of any network, told apart by `kind`.
NetworkConfig = Annotated[
    CNNConfig | CRNNConfig | ResidualCNNConfig | ResidualCRNNConfig | TransformerConfig | EncoderHeadConfig,
    Field(discriminator="kind"),
]


def build_network(config: NetworkConfig) -> ClipNetwork:
    """Return the untrained network of some settings: all take frames and lengths, and give logits."""
    match config:
        case CNNConfig():
            return CNN(config)
        case CRNNConfig():
            return CRNN(config)
        case EncoderHeadConfig():
            return EncoderHead(config)
        case ResidualCNNConfig():
            return ResidualCNN(config)
        case ResidualCRNNConfig():
            return ResidualCRNN(config)
        case TransformerConfig():
            return Transformer(config)
