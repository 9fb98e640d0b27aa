"""All networks by kind: the settings that a recipe or a card holds, and the network built from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from ser_core.networks.adapted import AdaptedEncoder, AdaptedEncoderConfig
from ser_core.networks.cnn import CNN, CNNConfig
from ser_core.networks.crnn import CRNN, CRNNConfig
from ser_core.networks.encoder_head import EncoderHead, EncoderHeadConfig
from ser_core.networks.layers import ClipNetwork, ClipNetworkConfig
from ser_core.networks.residual_cnn import ResidualCNN, ResidualCNNConfig
from ser_core.networks.residual_crnn import ResidualCRNN, ResidualCRNNConfig
from ser_core.networks.transformer import Transformer, TransformerConfig

#: The settings of any network, told apart by `kind`.
NetworkConfig = Annotated[
    CNNConfig
    | CRNNConfig
    | ResidualCNNConfig
    | ResidualCRNNConfig
    | TransformerConfig
    | EncoderHeadConfig
    | AdaptedEncoderConfig,
    Field(discriminator="kind"),
]


_NETWORKS: dict[type[ClipNetworkConfig], Callable[[Any], ClipNetwork]] = {
    CNNConfig: CNN,
    CRNNConfig: CRNN,
    ResidualCNNConfig: ResidualCNN,
    ResidualCRNNConfig: ResidualCRNN,
    TransformerConfig: Transformer,
    EncoderHeadConfig: EncoderHead,
    AdaptedEncoderConfig: AdaptedEncoder,
}


def build_network(config: NetworkConfig) -> ClipNetwork:
    """Return the untrained network of some settings: all take frames and lengths, and give logits.

    Raises
    ------
    EncoderError
        If the network runs layers of an encoder that is not on this machine.
    """
    return _NETWORKS[type(config)](config)
