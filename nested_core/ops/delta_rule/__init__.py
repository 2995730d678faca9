"""The gated delta rule: a matrix per head that keeps, for every key, the last value written under it.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk.
"""

from ...boundary import public
from . import chunked as _chunked
from . import naive as _naive

_DIMS = {"q": "B H T D", "k": "B H T D", "v": "B H T V", "eta": "B H T", "log_alpha": "B H T", "memory": "B H V D"}
chunked, naive = public(_DIMS)(_chunked.chunked), public(_DIMS)(_naive.naive)

__all__ = ["chunked", "naive"]
