"""Newton-Schulz: an odd polynomial of a matrix, repeated, which drives every singular value toward 1.

cubic    X <- 1.5 X - 0.5 X X^T X. Converges for 0 < s < sqrt 3. It is the first step of eq. 44 with zeta = 1/4; later
         steps of eq. 44 pull back to G and do not orthogonalise, so each step here restarts from the last X.
quintic  the coefficients of practical Muon (not in the paper): fast from very small s, but ends near 1, not at it
"""

import torch
from torch import Tensor

from ...config import one_of
from ...shapes import Float

COEFFICIENTS = {"cubic": (1.5, -0.5, 0.0), "quintic": (3.4445, -4.7750, 2.0315)}


def newton_schulz(
    G: Float[Tensor, "*batch m n"], steps: int = 5, coefficients: str = "quintic"
) -> Float[Tensor, "*batch m n"]:
    """Near U V^T of each matrix of G, after `steps` steps from G over its Frobenius norm; zero stays zero.

    The scale of G does not matter. Half precision is worked in float32 and returned as it came.
    """
    X = G.float() if G.dtype in (torch.bfloat16, torch.float16) else G
    largest = X.abs().amax((-2, -1), keepdim=True)  # first, so that no square underflows or overflows
    X = X / torch.where(largest > 0, largest, 1)
    X = X / torch.linalg.matrix_norm(X, keepdim=True).clamp_min(1)  # the norm is at least 1, but for a zero matrix
    tall = X.shape[-2] > X.shape[-1]  # turned, so that the Gram matrix of a step is the smaller one
    X = iterate(X.mT, steps, coefficients).mT if tall else iterate(X, steps, coefficients)
    return X.to(G.dtype)


def iterate(X: Float[Tensor, "*batch m n"], steps: int, coefficients: str) -> Float[Tensor, "*batch m n"]:
    """The polynomial `steps` times, without normalising: each singular value s becomes a s + b s^3 + c s^5."""
    one_of("coefficients", coefficients, tuple(COEFFICIENTS))
    a, b, c = COEFFICIENTS[coefficients]
    for _ in range(steps):
        gram = X @ X.mT
        X = a * X + (b * gram + c * gram @ gram if c else b * gram) @ X
    return X
