"""Small functions that several recurrences need, finite with finite gradients wherever they are used."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def normalize(x: Tensor) -> Tensor:
    """x / |x| along the last dimension; finite, and with finite gradient, at x = 0."""
    return x * inverse_norm(x)


def inverse_norm(x: Tensor) -> Tensor:
    """1 / |x| along the last dimension, kept; finite at x = 0."""
    squares: Tensor = x.square().sum(-1, keepdim=True)
    return (squares + 1e-6).rsqrt()


class NormalizedAndInverse(torch.autograd.Function):
    """normalize(x) and inverse_norm(x) at once, with a short way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        inverse = inverse_norm(x)
        unit = x * inverse
        ctx.save_for_backward(unit, inverse)
        return unit, inverse

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_unit: Tensor, d_inverse: Tensor) -> Tensor:
        unit, inverse = ctx.saved_tensors
        along = (d_unit * unit).sum(-1, keepdim=True).addcmul_(inverse, d_inverse).mul_(inverse)
        across: Tensor = (d_unit * inverse).addcmul_(unit, along, value=-1)
        return across


DENSITY: float = (2 * torch.pi) ** -0.5  # of the standard normal at 0


def gelu_slope(x: Tensor) -> Tensor:
    """The derivative of gelu."""
    return 0.5 * (1 + torch.erf(x * 0.5**0.5)) + x * torch.exp(-0.5 * x.square()) * DENSITY


class GeluAndSlope(torch.autograd.Function):
    """gelu(x) and its derivative at once; both need the normal distribution, and the way back its density."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        below = torch.erf(x * 0.5**0.5).add_(1).mul_(0.5)
        density = x.square().mul_(-0.5).exp_().mul_(DENSITY)
        slope = torch.addcmul(below, x, density)
        ctx.save_for_backward(x, slope, density)
        return x * below, slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_active: Tensor, d_slope: Tensor) -> Tensor:
        x, slope, density = ctx.saved_tensors
        curve = (2 - x.square()).mul_(density)  # the second derivative
        return torch.addcmul(d_active * slope, d_slope, curve)
