"""The nearest orthogonal matrix: U V^T of G = U S V^T (Nested Learning, eqs. 42-44).

`naive` is the specification, a singular value decomposition; `newton_schulz` comes near it, or converges to it, with
matrix products only.
"""

from .naive import naive
from .newton_schulz import COEFFICIENTS, iterate, newton_schulz

__all__ = ["COEFFICIENTS", "iterate", "naive", "newton_schulz"]
