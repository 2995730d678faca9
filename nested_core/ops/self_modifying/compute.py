"""The forms of the self-modifying memory by name, and which of them computes. The package checks the arguments.

The state is float32 or float64, whatever x and q come in: a memory is a long sum. The kernel reads x and q of 16 bits
as they are, the other forms lift them; y has their type again.
"""

import torch

from ..backend import Choice
from ..backend import choose as by_device
from .chunked import chunked
from .common import Form, Gates, MemoryState, Tokens, Writing, wide
from .fused import covers, fused
from .naive import naive

ON_CHIP = {torch.float32: 2048, torch.bfloat16: 4096}
"""Numbers of a chunk [chunk, D] that the kernel's way back holds in the shared memory of an H100: see ops/README.md."""


def on_chip(device: torch.device, dtype: torch.dtype, D: int, chunk: int) -> bool:
    """Whether the kernel has room for a chunk; in Triton's interpreter, on a CPU, always."""
    return device.type != "cuda" or max(16, chunk) * max(16, D) <= ON_CHIP.get(dtype, 0)


def choose(device: torch.device, dtype: torch.dtype, D: int, layers: int, writing: Writing, chunk: int) -> Choice:
    """The form that computes heads of width D whose memories have so many layers, and why."""
    asked = by_device(device)
    if asked.name == "naive":
        return asked
    if layers == 2 and writing.running(layers):
        return Choice("naive", "only the loop takes gradients at the running memory where that is deep")
    if asked.name == "chunked":
        return asked
    if not covers(layers, writing, chunk):
        return Choice("chunked", "the hand-written forms know linear memories with the default rule only")
    if asked.name == "kernel" and not on_chip(device, dtype, D, chunk):
        return Choice("fused", f"chunks of {chunk} x {D} in {dtype} are too large for the kernel")
    return asked


def compute(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int, form: str
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens in the named form (see `backend.FORMS`); arguments as in `common.Form`."""
    momentum = None if gates.momentum_bias is None else wide(gates.momentum_bias)
    gates = Gates(wide(gates.eta), wide(gates.alpha), wide(gates.eta_bias), wide(gates.alpha_bias), momentum)
    with torch.autocast(x.device.type, enabled=False):  # it would round the memories to 16 bits
        if form == "kernel" and on_chip(x.device, x.dtype, x.shape[-1], chunk):
            from .kernel import kernel  # Triton is imported only where it is used

            return kernel(x, q, state, gates, writing, chunk)
        # a kernel without room: its case in plain torch
        forms: dict[str, Form] = {"naive": naive, "chunked": chunked, "fused": fused, "kernel": fused}
        y, state = forms[form](wide(x), None if q is None else wide(q), state, gates, writing, chunk)
        return y.to(x.dtype), state
