"""States of sequence models: explicit values, one part for each sample, passed in and returned, never kept in a module.

A layer's state is a NamedTuple of tensors (samples first) and whole numbers; a model's is a `State` of those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

BOUND = 1e4  # a memory that holds a larger number has diverged


@dataclass(frozen=True)
class State:
    """Where a model stands in B sequences: one state for each layer, and the config of the model that made it."""

    layers: tuple[Any, ...]
    config: Any
    batch: int

    def detach(self) -> "State":
        """The same state without its history, for training on a stream in pieces."""
        detached: State = detach(self)
        return detached


def map_state(visit: Callable[[str, Any], Any], value: Any, path: str = "state") -> Any:
    """`value` rebuilt with each of its tensors and numbers replaced by visit(path, it); paths are made of field names.

    It goes into tuples, NamedTuples and `State`; what else it meets stays.
    """
    if isinstance(value, Tensor | int):
        return visit(path, value)
    if isinstance(value, State):
        return State(map_state(visit, value.layers, path), value.config, value.batch)
    if not isinstance(value, tuple):
        return value
    names = getattr(value, "_fields", range(len(value)))
    parts = [map_state(visit, part, f"{path}.{name}") for name, part in zip(names, value, strict=True)]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def tensors(value: Any) -> list[Tensor]:
    """All tensors of a state."""
    found: list[Any] = []
    map_state(lambda _, x: found.append(x), value)
    return [x for x in found if isinstance(x, Tensor)]


def largest(given: list[Tensor]) -> float:
    """The largest absolute value in all of them, nan if one is nan, 0 without any: one wait for the device in all."""
    ends = [end for x in given if x.numel() for end in x.detach().aminmax()]
    return float(torch.stack([end.to(ends[0]) for end in ends]).abs().max()) if ends else 0.0


def fits(x: Tensor, like: Tensor) -> bool:
    """Whether x can stand where `like` stood in a fresh state; a size of 0 there counts tokens seen so far."""
    sizes = x.ndim == like.ndim and all(b in (0, a) for a, b in zip(x.shape, like.shape, strict=True))
    return sizes and x.dtype == like.dtype


def detach(value: Any) -> Any:
    """A state without its history: values are unchanged, gradient stops here."""
    return map_state(lambda _, part: part.detach() if isinstance(part, Tensor) else part, value)
