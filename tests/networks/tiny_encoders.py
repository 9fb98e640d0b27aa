"""Encoders of every kind, as small as they can be and with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

KINDS = ("whisper", "wav2vec2", "hubert", "wavlm", "data2vec-audio")
DEPTH, WIDTH = 3, 16
_SIZES = {
    "hidden_size": WIDTH, "num_hidden_layers": DEPTH, "num_attention_heads": 2, "intermediate_size": 32,
    "conv_dim": (16,) * 7, "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2, "vocab_size": 32,
}  # fmt: skip
_WHISPER = {
    "d_model": WIDTH, "encoder_layers": DEPTH, "encoder_attention_heads": 2, "encoder_ffn_dim": 32,
    "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "max_source_positions": 200,
    "max_target_positions": 8, "vocab_size": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1,
    "decoder_start_token_id": 1, "suppress_tokens": None, "begin_suppress_tokens": None,
}  # fmt: skip


def tiny_encoder(kind: str, folder: Path, seed: int = 0, half: bool = False) -> Any:
    """Save an encoder below *folder* and return the model as the Transformers library has it, in evaluation mode.

    Its weights are exact in half precision, as Whisper's published ones are.
    """
    import transformers

    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(kind, **(_WHISPER if kind == "whisper" else _SIZES))
    model: Any = transformers.AutoModel.from_config(config).eval()
    if kind == "whisper":
        model.half().float()
    (model.half() if half else model).save_pretrained(folder)
    return model.float()
