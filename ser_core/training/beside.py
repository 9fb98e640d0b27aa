"""What a network learns beside the emotion, so that its vectors say more: layers that no bundle keeps."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.training.data import TASKS, Batch
from ser_core.training.recipe import NetworkRecipe


class Beside(nn.Module):
    """Layers on a network's vector: to the teacher's vector, and to each task that the recipe gives a weight.

    Parameters
    ----------
    recipe
        Gives the weights.
    width
        Of the network's vector.
    told
        Width of the teacher's, 0 where it is not learnt.
    """

    def __init__(self, recipe: NetworkRecipe, width: int, told: int) -> None:
        super().__init__()
        self.telling = nn.Linear(width, told) if told and recipe.distillation is not None else None
        self.trust = recipe.distillation.vectors if recipe.distillation is not None else 0.0
        self.weights = {name: float(getattr(recipe.tasks, name)) for name in TASKS if getattr(recipe.tasks, name)}
        self.heads = nn.ModuleDict({name: nn.Linear(width, max(TASKS[name].values()) + 1) for name in self.weights})

    def loss(self, vectors: Tensor, batch: Batch, other: Batch, share: float) -> Tensor:
        """Return what is missed, each part by its weight [shape=()].

        Parameters
        ----------
        vectors
            The network's, of a mixture of *share* of each clip of *batch* with *other* [shape=(batch, width)].
        """
        total = vectors.new_zeros(())
        if self.telling is not None:
            wanted = share * batch.vectors + (1 - share) * other.vectors
            total = total + self.trust * (self.telling(vectors) - wanted).square().mean()
        for name, head in self.heads.items():
            logits, column = head(vectors), list(TASKS).index(name)
            missed = share * _missed(logits, batch.tasks[:, column])
            if share < 1:
                missed = missed + (1 - share) * _missed(logits, other.tasks[:, column])
            total = total + self.weights[name] * missed
        return total


def _missed(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy over the clips whose answer is known, averaged over all."""
    return F.cross_entropy(logits, target, ignore_index=-1, reduction="sum") / len(target)
