"""The gated delta rule: a matrix per head that keeps, for every key, the last value written under it.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk.
"""

from .chunked import chunked
from .naive import naive

__all__ = ["chunked", "naive"]
