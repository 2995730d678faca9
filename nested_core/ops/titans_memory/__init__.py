"""Titans' memory: a matrix, or a net of two layers, that learns its pairs by gradient descent with momentum.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk.
"""

from .chunked import chunked
from .common import Anchored
from .naive import naive

__all__ = ["Anchored", "chunked", "naive"]
