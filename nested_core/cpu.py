"""Settings of a process that trains on a CPU."""

import ctypes
import sys

import torch


def prepare(threads: int = 1) -> None:
    """One thread a run, chosen on purpose: models are small, and a run beside another gains nothing from a second.

    Subnormal numbers, which decays produce in plenty, are flushed to zero. On Linux, freed memory is kept for the next
    step instead of being given back and paged in anew.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            trim_threshold, mmap_threshold = -1, -3
            libc.mallopt(mmap_threshold, 1 << 30)
            libc.mallopt(trim_threshold, (1 << 31) - 1)
