"""Small functions that several recurrences need, finite with finite gradients wherever they are used."""

import torch
from torch import Tensor


def normalize(x: Tensor) -> Tensor:
    """x / |x| along the last dimension; finite, and with finite gradient, at x = 0."""
    return x * inverse_norm(x)


def inverse_norm(x: Tensor) -> Tensor:
    """1 / |x| along the last dimension, kept; finite at x = 0."""
    squares: Tensor = x.square().sum(-1, keepdim=True)
    return (squares + 1e-6).rsqrt()


def gelu_slope(x: Tensor) -> Tensor:
    """The derivative of gelu."""
    density: float = (2 * torch.pi) ** -0.5
    return 0.5 * (1 + torch.erf(x * 0.5**0.5)) + x * torch.exp(-0.5 * x.square()) * density
