"""The write of many tensors, one after the other; and what every form refuses before it writes anything."""

import math

import torch
from torch import Tensor

from ...config import check


@torch.no_grad()
def level_update(weights: list[Tensor], gradients: list[Tensor], rates: list[float], retention: list[float]) -> None:
    """In place W <- retention W - rate G, G <- 0. A tensor of rate 0 and retention 1 is not due: neither changes."""
    check_update(weights, gradients, rates, retention)
    for W, G, rate, keep in zip(weights, gradients, rates, retention, strict=True):
        if is_due(rate, keep):
            W.copy_(keep * W - rate * G)
            G.zero_()


@torch.no_grad()
def restart(slow: list[Tensor], fast: list[Tensor], fraction: float) -> None:
    """In place slow <- slow + fraction (fast - slow), then fast <- slow (eq. 72, first order)."""
    check_restart(slow, fast, fraction)
    for s, f in zip(slow, fast, strict=True):
        s.add_(fraction * (f - s))
        f.copy_(s)


def is_due(rate: float, retention: float) -> bool:
    return rate != 0 or retention != 1


def check_update(weights: list[Tensor], gradients: list[Tensor], rates: list[float], retention: list[float]) -> None:
    _check_alike("gradients", gradients, weights)
    for field, values in (("rates", rates), ("retention", retention)):
        ok = len(values) == len(weights) and all(map(math.isfinite, values))
        check(ok, field, values, f"give one number for each of {len(weights)} weights")


def check_restart(slow: list[Tensor], fast: list[Tensor], fraction: float) -> None:
    _check_alike("fast", fast, slow)
    check(0 <= fraction <= 1, "fraction", fraction, "give a number from 0 to 1")


def _check_alike(field: str, given: list[Tensor], wanted: list[Tensor]) -> None:
    check(len(given) == len(wanted), field, f"{len(given)} tensors", f"give {len(wanted)}, one for each weight")
    for i, (a, b) in enumerate(zip(given, wanted, strict=True)):
        has, needs = ((tuple(x.shape), str(x.dtype), str(x.device)) for x in (a, b))
        check(has == needs, f"{field}[{i}]", has, f"give shape, dtype and device of its weight, {needs}")
