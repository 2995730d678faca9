"""Four write rules in numpy, one form: M <- keep M - erase (M k) k^T + u k^T, with u what is written onto the key k.

                    keep     erase         u              specification in nested_core
    Hebbian         1        0             eta v          memory.hebbian
    delta           1        eta           eta v          memory.delta
    gated delta     alpha    alpha eta     eta v          memory.delta_decay_first
    self-modifying  alpha    eta           eta/2 M v      ops.self_modifying.naive

The last one is delta gradient descent (DGD): it makes its target M v itself, which is v as long as nothing was stored
under v, starts from M = I and erases twice, once by the descent and once by the error. With half of eta it erases as
much as the delta rules, and writes half as strongly. Its keys, gates and step sizes stay fixed here; in Hope they
modify themselves too. numpy, so that a page answers at once without torch; a test holds both equal.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nested_core.phrase import phrase


class Write(NamedTuple):
    """One write: how much of all is kept, how much of the key's old answer is erased, what is added [out]."""

    keep: float
    erase: float
    u: np.ndarray


class Rule(NamedTuple):
    """A way to write, and the matrix it starts from; `does` says it in words."""

    name: str
    does: str
    start: Callable[[int], np.ndarray]
    write: Callable[[np.ndarray, np.ndarray, float, float], Write]  # (M, v, eta, alpha)


def _empty(d: int) -> np.ndarray:
    return np.zeros((d, d))


RULES = (
    Rule(phrase("Hebbian"), phrase("adds, never erases"), _empty, lambda M, v, eta, alpha: Write(1.0, 0.0, eta * v)),
    Rule(phrase("delta"), phrase("erases the old answer"), _empty, lambda M, v, eta, alpha: Write(1.0, eta, eta * v)),
    Rule(
        phrase("gated delta"),
        phrase("erases, and fades"),
        _empty,
        lambda M, v, eta, alpha: Write(alpha, alpha * eta, eta * v),
    ),
    Rule(
        phrase("self-modifying"),
        phrase("fades, makes its values"),
        np.eye,
        lambda M, v, eta, alpha: Write(alpha, eta, 0.5 * eta * (M @ v)),
    ),
)


def apply(M: np.ndarray, k: np.ndarray, write: Write) -> np.ndarray:
    """M [out, d] after the write onto the unit key k [d]."""
    return write.keep * M + np.outer(write.u - write.erase * (M @ k), k)
