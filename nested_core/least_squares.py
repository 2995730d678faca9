"""The least-squares memory of inputs: an optimizer's own record of which input directions are in use.

Nested Learning frames a preconditioner as a memory of its own (section 4.2, eqs. 38-41). This one keeps
P = (I + sum x x^T / damping)^-1 over all inputs x it was shown. A write G P moves a weight matrix only along input
directions that are not yet in use, so answers to old inputs stay (known as orthogonal weight modification, Zeng et al.
2019). With squared error and damping 1 the write is exact: recursive least squares, the delta rule with a memory.
"""

import torch
from torch import Tensor


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
