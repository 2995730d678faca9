"""Optimizers as memories: what an optimizer knows is a memory of the gradients it has seen (Nested Learning, 4, 7.2).

Reading order: base (the frame: store, forget, recall, and how the weight of each past gradient is measured), momentum,
preconditioned, multiscale, inputs. All are torch.optim.Optimizer and work on any model.
"""

from typing import Any

from torch import nn

from ..config import one_of
from .base import GradientMemory
from .inputs import DeltaGradientDescent, LeastSquaresMemory, ReadsInputs
from .momentum import DeepMomentum, DeltaMomentum, GradientDescent, Momentum, window
from .multiscale import M3
from .preconditioned import AdaGrad, Adam, Muon

OPTIMIZERS: dict[str, type[GradientMemory]] = {
    "gradient_descent": GradientDescent,
    "momentum": Momentum,
    "delta_momentum": DeltaMomentum,
    "deep_momentum": DeepMomentum,
    "muon": Muon,
    "adam": Adam,
    "adagrad": AdaGrad,
    "m3": M3,
    "delta_gradient_descent": DeltaGradientDescent,
    "least_squares": LeastSquaresMemory,
}


def build(name: str, model: nn.Module, lr: float, **options: Any) -> GradientMemory:
    """The optimizer called `name` for all parameters of `model`, whether or not it also reads the layers' inputs."""
    one_of("optimizer", name, tuple(OPTIMIZERS))
    kind: Any = OPTIMIZERS[name]
    made: GradientMemory = kind(model if issubclass(kind, ReadsInputs) else model.parameters(), lr, **options)
    return made


__all__ = [
    "M3",
    "OPTIMIZERS",
    "AdaGrad",
    "Adam",
    "DeepMomentum",
    "DeltaGradientDescent",
    "DeltaMomentum",
    "GradientDescent",
    "GradientMemory",
    "LeastSquaresMemory",
    "Momentum",
    "Muon",
    "build",
    "window",
]
