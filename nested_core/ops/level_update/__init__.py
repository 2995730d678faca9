"""The write of all levels that are due, in one step over many tensors (Nested Learning, eqs. 71, 72).

level_update  W <- retention W - rate G, and the window G starts again at zero
restart       the nested transfer: the slow weights move a fraction toward the fast ones, which restart from there

`naive` is the specification, a loop over tensors; `fused` gives the same numbers, bit for bit, in a few calls.
"""

from .fused import level_update, restart

__all__ = ["level_update", "restart"]
