"""The self-modifying memory: five matrices of one head that write themselves, token by token.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk.
"""

from .chunked import chunked
from .common import ALPHA, ETA, KEY, MEMORIES, MEMORY, VALUE, Gates
from .naive import naive

__all__ = ["ALPHA", "ETA", "KEY", "MEMORIES", "MEMORY", "VALUE", "Gates", "chunked", "naive"]
