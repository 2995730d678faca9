"""The self-modifying memory: matrices or small networks of one head that write themselves, token by token.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk; `fused`
is its default case with a hand-written backward, `kernel` that case on a GPU. Each falls back on the one before it
where it does not know an option.
"""

from torch import Tensor

from .chunked import chunked
from .common import (
    ALPHA,
    ETA,
    KEY,
    MEMORIES,
    MEMORY,
    QUERY,
    STATIC_QUERY,
    VALUE,
    Form,
    Gates,
    MemoryState,
    Writing,
)  # fmt: skip
from .fused import fused
from .naive import naive

__all__ = [
    "ALPHA", "ETA", "KEY", "MEMORIES", "MEMORY", "QUERY", "STATIC_QUERY", "VALUE", "Gates", "MemoryState", "Writing",
    "chunked", "compute", "fused", "naive",
]  # fmt: skip


def compute(
    x: Tensor, q: Tensor | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int, form: str
) -> tuple[Tensor, MemoryState]:
    """Read and write T tokens in the named form (see `backend.FORMS`); arguments as in `common.Form`."""
    if form == "kernel":
        from .kernel import kernel  # Triton is imported only where it is used

        return kernel(x, q, state, gates, writing, chunk)
    forms: dict[str, Form] = {"naive": naive, "chunked": chunked, "fused": fused}
    return forms[form](x, q, state, gates, writing, chunk)
