"""The self-modifying memory: matrices or small networks of one head that write themselves, token by token.

`naive` is the specification, a plain loop; `chunked` gives the same numbers in a few matrix products a chunk; `fused`
is its default case with a hand-written backward, `kernel` that case on a GPU. Each falls back on the one before it
where it does not know an option.
"""

import torch

from ...boundary import check_tensors
from ...config import check, one_of, whole
from ..backend import FORMS
from .common import (
    ALPHA,
    ETA,
    KEY,
    MEMORIES,
    MEMORY,
    QUERY,
    STATIC_QUERY,
    VALUE,
    Gates,
    MemoryState,
    Tokens,
    Writing,
)
from .compute import choose
from .compute import compute as _compute

__all__ = [
    "ALPHA", "ETA", "KEY", "MEMORIES", "MEMORY", "QUERY", "STATIC_QUERY", "VALUE", "Gates", "MemoryState", "Writing",
    "choose", "compute",
]  # fmt: skip


def compute(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int, form: str
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens in the named form (see `backend.FORMS`); arguments as in `common.Form`.

    ConfigError for what does not fit. Gates are weights, and may be infinite: their sigmoid is then 0 or 1.
    """
    one_of("form", form, FORMS)
    whole("chunk", chunk, 1, 65536)
    writing.verify()
    check((q is None) == ("q" in writing.adapt), "q", "None" if q is None else "queries", "a memory or you make them")
    check_tensors({"x": "B H T D", "q": "B H T D"}, {"x": x, "q": q})
    (B, H, _, D), M = x.shape, writing.memories
    layers = [f"{B} {H} {M} {D} {D}"] if len(state.memory) == 1 else [f"{B} {H} {M} E {D}", f"{B} {H} {M} {D} E"]
    for name in ("anchor", "memory", "momentum") if writing.momentum else ("anchor", "memory"):
        held = getattr(state, name)
        check(len(held) == len(layers), name, f"{len(held)} layers", f"give the {len(layers)} of one memory")
        names = [f"{name}[{i}]" for i in range(len(layers))]
        check_tensors(dict(zip(names, layers, strict=True)), dict(zip(names, held, strict=True)))
        dtype = held[0].dtype
        check(dtype in (torch.float32, torch.float64), name, dtype, "keep memories in float32 or float64")
    return _compute(x, q, state, gates, writing, chunk, form)
