"""The forms of the self-modifying memory by name. The package exports this with its arguments checked."""

from torch import Tensor

from .chunked import chunked
from .common import Form, Gates, MemoryState, Writing
from .fused import fused
from .naive import naive


def compute(
    x: Tensor, q: Tensor | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int, form: str
) -> tuple[Tensor, MemoryState]:
    """Read and write T tokens in the named form (see `backend.FORMS`); arguments as in `common.Form`."""
    if form == "kernel":
        from .kernel import kernel  # Triton is imported only where it is used

        return kernel(x, q, state, gates, writing, chunk)
    forms: dict[str, Form] = {"naive": naive, "chunked": chunked, "fused": fused}
    return forms[form](x, q, state, gates, writing, chunk)
