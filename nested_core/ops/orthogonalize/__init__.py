"""The nearest orthogonal matrix: U V^T of G = U S V^T (Nested Learning, eqs. 42-44).

`naive` is the specification, a singular value decomposition; `newton_schulz` comes near it, or converges to it, with
matrix products only.
"""

from ...boundary import public
from . import naive as _naive
from . import newton_schulz as _newton_schulz
from .newton_schulz import COEFFICIENTS

naive = public({"G": "... m n"})(_naive.naive)
newton_schulz = public({"G": "... m n"})(_newton_schulz.newton_schulz)
iterate = public({"X": "... m n"})(_newton_schulz.iterate)

__all__ = ["COEFFICIENTS", "iterate", "naive", "newton_schulz"]
