"""Least squares as a memory: write the error along directions that no older key uses.

It needs a second memory, of the inputs: P = (I + sum x x^T / damping)^-1. This is the preconditioner of Nested
Learning, eqs. 38-41, read as a memory. With it an optimizer can write any weight matrix without changing its answers
to old inputs (known as orthogonal weight modification, Zeng et al. 2019), and a linear read-out always holds the ridge
solution (recursive least squares).
"""

import math

import torch
from torch import Tensor

from .boundary import check_tensors
from .config import number, whole
from .shapes import Float


class InputMemory:
    """P [d, d] for inputs of size d, in float64: it must stay positive definite over thousands of updates.

    ConfigError for inputs that are not float64 [n, d] or not finite, and for a damping that is not positive.
    """

    def __init__(self, size: int, damping: float):
        whole("size", size, 1, 65536)
        number("damping", damping, 0, math.inf)
        self.P = torch.eye(size, dtype=torch.float64)
        self.damping = damping

    def store(self, x: Float[Tensor, "n d"]) -> None:
        """Add inputs x to the record: P <- (P^-1 + x^T x / damping)^-1."""
        self.gain(x)

    def gain(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "d n"]:
        """Store x and return K, so that W + (Y - W x^T) K^T is the least-squares write of Y [out, n]."""
        check_tensors({"x": f"n {len(self.P)}"}, {"x": x}, self.P)
        scale: float = self.damping**0.5
        x = x / scale
        if len(x) <= len(self.P):
            Px = self.P @ x.T
            K: Tensor = torch.linalg.solve(torch.eye(len(x), dtype=x.dtype) + x @ Px, Px.T).T
            P = self.P - K @ Px.T
        else:  # a window of more samples than inputs: the smaller system
            P = torch.linalg.solve(torch.eye(len(self.P), dtype=x.dtype) + self.P @ (x.T @ x), self.P)
            K = P @ x.T
        self.P = (P + P.T) / 2  # rounding must not make it drift from symmetry
        return K / scale

    def project(self, gradient: Float[Tensor, "out d"]) -> Float[Tensor, "out d"]:
        """The gradient with the input directions in use removed."""
        return gradient @ self.P


class AssociativeReadout:
    """A linear memory features -> values, W [out, d], that always holds the ridge solution of everything written.

    W = argmin sum |y - W x|^2 + |W|^2 over all pairs (x, y) so far, without keeping them.
    """

    def __init__(self, size: int, outputs: int):
        whole("outputs", outputs, 1, 65536)
        self.W = torch.zeros(outputs, size, dtype=torch.float64)
        self.inputs = InputMemory(size, damping=1.0)

    def write(self, x: Float[Tensor, "n d"], y: Float[Tensor, "n out"]) -> None:
        """Write pairs x -> y, both float64. ConfigError as for InputMemory, and then nothing is written."""
        outputs, size = self.W.shape
        check_tensors({"x": f"n {size}", "y": f"n {outputs}"}, {"x": x, "y": y}, self.W)
        error = y - x @ self.W.T  # surprise: what the memory did not yet answer
        self.W = self.W + error.T @ self.inputs.gain(x).T
