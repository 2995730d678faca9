"""Random numbers by name: one seed gives every consumer its own generator; a new one does not shift the others."""

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def generator(seed: int, name: str, step: int = 0) -> np.random.Generator:
    """The numpy generator for the consumer `name` of run `seed`; `step` picks a point of its time without replay."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), step])


def torch_generator(seed: int, name: str, step: int = 0) -> "torch.Generator":
    """The same as a CPU `torch.Generator`."""
    import torch

    return torch.Generator().manual_seed(int(generator(seed, name, step).integers(2**62)))
