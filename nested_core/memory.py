"""Associative memories: a matrix M [out, d] that answers a key x with M x, and what a write to it is.

Nested Learning, Definition 1 and eqs. 5, 8-9, 65. Three rules, each adding what the one before lacks:

hebbian        add the value: M + eta v x^T. Keys that overlap add up.
delta          add the error: M + eta (v - M x) x^T, one gradient step on |M x - v|^2 / 2. The last pair is kept, older
               ones are disturbed along the directions they share with x.
least squares  add the error along directions that no older key uses. It needs a second memory, of the inputs:
               P = (I + sum x x^T / damping)^-1. This is the preconditioner of eqs. 38-41 read as a memory. With it an
               optimizer can write any weight matrix without changing its answers to old inputs (known as orthogonal
               weight modification, Zeng et al. 2019), and a linear read-out always holds the ridge solution (recursive
               least squares).
"""

import torch
from torch import Tensor


def hebbian(M: Tensor, x: Tensor, v: Tensor, eta: float = 1.0) -> Tensor:
    """M [out, d] after the pair x [d] -> v [out]: linear attention (eq. 5)."""
    return M + eta * torch.outer(v, x)


def delta(M: Tensor, x: Tensor, v: Tensor, eta: float = 1.0) -> Tensor:
    """M [out, d] after the pair x [d] -> v [out], by the delta rule (eq. 65). With |x| = 1 and eta = 1, M x = v."""
    return M + eta * torch.outer(v - M @ x, x)


class InputMemory:
    """P [d, d] for inputs of size d, in float64: it must stay positive definite over thousands of updates."""

    def __init__(self, size: int, damping: float):
        self.P = torch.eye(size, dtype=torch.float64)
        self.damping = damping

    def store(self, x: Tensor) -> None:
        """Add inputs x [n, d] to the record: P <- (P^-1 + x^T x / damping)^-1."""
        self.gain(x)

    def gain(self, x: Tensor) -> Tensor:
        """Store x [n, d] and return K [d, n], so that W + (Y - W x^T) K^T is the least-squares write of Y [out, n]."""
        x = x / self.damping**0.5
        if len(x) <= len(self.P):
            Px = self.P @ x.T
            K = torch.linalg.solve(torch.eye(len(x), dtype=x.dtype) + x @ Px, Px.T).T
            P = self.P - K @ Px.T
        else:  # a window of more samples than inputs: the smaller system
            P = torch.linalg.solve(torch.eye(len(self.P), dtype=x.dtype) + self.P @ (x.T @ x), self.P)
            K = P @ x.T
        self.P = (P + P.T) / 2  # rounding must not make it drift from symmetry
        return K / self.damping**0.5

    def project(self, gradient: Tensor) -> Tensor:
        """gradient [out, d] with the input directions in use removed."""
        return gradient @ self.P


class AssociativeReadout:
    """A linear memory features -> values, W [out, d], that always holds the ridge solution of everything written.

    W = argmin sum |y - W x|^2 + |W|^2 over all pairs (x, y) so far, without keeping them.
    """

    def __init__(self, size: int, outputs: int):
        self.W = torch.zeros(outputs, size, dtype=torch.float64)
        self.inputs = InputMemory(size, damping=1.0)

    def write(self, x: Tensor, y: Tensor) -> None:
        """Write pairs x [n, d] -> y [n, out]."""
        error = y - x @ self.W.T  # surprise: what the memory did not yet answer
        self.W = self.W + error.T @ self.inputs.gain(x).T
