"""Which form of the self-modifying memory computes: chosen with the reason, and never silently.

naive    the plain loop, the specification
chunked  a few matrix products a chunk, differentiable any number of times
fused    chunked with a hand-written backward, the fastest on a CPU
kernel   Triton, on a GPU (or in Triton's interpreter, for tests)

NESTED_OPS=chunked in the environment, or `with backend.use("chunked"):`, overrides the choice, which is by the device
alone; `self_modifying.choose` also asks whether the form knows the memory's size and options. DeltaNet and Titans, the
arms beside Hope, have one fast form and always use it.
"""

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

from ..config import one_of

FORMS = ("naive", "chunked", "fused", "kernel")
_override: ContextVar[str | None] = ContextVar("nested_ops", default=None)


class Choice(NamedTuple):
    name: str
    reason: str


def choose(device: object = "cpu") -> Choice:
    """The form for tensors on this device, and why."""
    asked = _override.get()
    if asked:
        return Choice(asked, "asked for by backend.use")
    asked = os.environ.get("NESTED_OPS")
    if asked:
        one_of("NESTED_OPS", asked, FORMS)
        return Choice(asked, "asked for by NESTED_OPS")
    if not str(device).startswith("cuda"):
        return Choice("fused", "on a CPU the hand-written backward is the fastest form")
    if importlib.util.find_spec("triton") is None:
        return Choice("fused", "there is a GPU, but Triton is not installed")
    return Choice("kernel", "a GPU with Triton")


@contextlib.contextmanager
def use(name: str) -> Iterator[None]:
    """Compute with this form inside the block, whatever the device."""
    one_of("backend", name, FORMS)
    token = _override.set(name)
    try:
        yield
    finally:
        _override.reset(token)
