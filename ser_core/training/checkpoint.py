"""The state of a network's training after an epoch, in a file from which it goes on as if it had never stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ser_core.errors import TrainingError
from ser_core.files import write_atomically
from ser_core.networks.layers import ClipNetwork
from ser_core.training.beside import Beside


@dataclass
class TrainingState:
    """What changes during a training and is kept in its checkpoint."""

    network: ClipNetwork
    average: ClipNetwork
    optimiser: torch.optim.AdamW
    beside: Beside | None = None  # what is learnt of the network's vector beside the emotion
    start: ClipNetwork | None = None  # what it began with
    epoch: int = 0
    step: int = 0


def save_checkpoint(path: Path, state: TrainingState) -> None:
    """Write everything that a training needs to go on, whole or not at all."""
    content = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "beside": state.beside.state_dict() if state.beside is not None else None,
        "start": state.start.state_dict() if state.start is not None else None,  # whatever becomes of the other run
        "epoch": state.epoch,
        "step": state.step,
    }
    write_atomically(path, lambda temporary: torch.save(content, temporary))


def load_checkpoint(path: Path, state: TrainingState) -> None:
    """Take up what :func:`save_checkpoint` wrote; TrainingError where the file is damaged or of another recipe."""
    try:
        content = torch.load(path, weights_only=True)
        state.network.load_state_dict(content["network"])
        state.average.load_state_dict(content["average"])
        state.optimiser.load_state_dict(content["optimiser"])
        if state.beside is not None:
            state.beside.load_state_dict(content["beside"])
        if state.start is not None:
            state.start.load_state_dict(content["start"])
        state.epoch, state.step = int(content["epoch"]), int(content["step"])
    except Exception as error:
        raise TrainingError(f"The checkpoint {path} cannot be read: delete it to begin this fold anew.") from error
