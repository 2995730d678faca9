"""Titans' memory: a matrix, or a net of two layers, that learns its pairs by gradient descent with momentum.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk.
"""

from ...boundary import public
from . import chunked as _chunked
from . import naive as _naive
from .common import Anchored

_TOKENS = {"q": "B H T D", "k": "B H T D", "v": "B H T V", "eta": "B H T", "log_alpha": "B H T", "log_beta": "B H T"}
_DIMS = {**_TOKENS, **dict.fromkeys(("state.anchor", "state.memory", "state.momentum"), "B H L V D")}
chunked, naive = public(_DIMS)(_chunked.chunked), public(_DIMS)(_naive.naive)

__all__ = ["Anchored", "chunked", "naive"]
