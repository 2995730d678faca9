"""One recurrence in several forms: how far apart their numbers are, and what each form takes (lesson 13).

`python -m lessons.ways` writes the distance of the Triton kernel in Triton's interpreter, which must be chosen before
Triton is loaded and so gets a process of its own.
"""

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

TOKENS, SIZE = 256, 16  # of a sequence; numbers in a key and in a value


class Cost(NamedTuple):
    """What one form takes, counted while it runs.

    chain            steps that wait for each other: each matrix product, and each row of a triangular solve, is one
                     step after the latest of those that made its inputs; everything elementwise is free
    multiplications  a token, of all kinds
    products         the part of them in matrix products
    """

    chain: int
    multiplications: float
    products: float


def arguments(seed: int, tokens: int, size: int = SIZE, dtype: str = "float64"):
    """q, k, v, eta, log alpha and an empty memory: unit keys, random write strengths, retention mostly near 1."""
    import torch
    from torch.nn import functional as F

    draw = torch.Generator().manual_seed(seed)
    q, k, v = torch.randn(3, 1, 1, tokens, size, generator=draw, dtype=torch.float64)
    eta, keep = torch.randn(2, 1, 1, tokens, generator=draw, dtype=torch.float64)
    memory = torch.zeros(1, 1, size, size, dtype=torch.float64)
    made = (F.normalize(q, dim=-1), F.normalize(k, dim=-1), v, eta.sigmoid(), F.logsigmoid(keep + 3), memory)
    return tuple(x.to(getattr(torch, dtype)) for x in made)


def form(chunk: int):
    """The delta rule in chunks of this many tokens; 0: as a loop."""
    from nested_core.ops import delta_rule

    return functools.partial(delta_rule.chunked, chunk=chunk) if chunk else delta_rule.naive


def distance(seed: int, chunk: int, tokens: int = TOKENS, dtype: str = "float64") -> float:
    """The largest difference between loop and chunks, in answers and final memory, in rounding steps of 1."""
    import torch

    given = arguments(seed, tokens, dtype=dtype)
    pairs = zip(form(0)(*given), form(chunk)(*given), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs) / torch.finfo(given[0].dtype).eps


def shortcut(seed: int, chunk: int) -> float:
    """How far answers are off (%) if every error of a chunk is taken at the memory as it was at the chunk's start."""
    import torch

    q, k, v, eta, log_alpha, M = arguments(seed, TOKENS)
    right, _ = form(0)(q, k, v, eta, log_alpha, M)
    answers, anchor = [], M
    for t in range(TOKENS):
        if t % chunk == 0:
            anchor = M
        key, alpha = k[:, :, t, :, None], log_alpha[:, :, t, None, None].exp()
        error = v[:, :, t, :, None] - alpha * anchor @ key
        M = alpha * M + eta[:, :, t, None, None] * error @ key.mT
        answers.append((M @ q[:, :, t, :, None])[..., 0])
    return 100 * float((torch.stack(answers, 2) - right).norm() / right.norm())


def reordered(seed: int, chunk: int) -> float:
    """How far the final memory is off (%) if the tokens of every chunk are written in reverse order."""
    import torch

    *given, M = arguments(seed, TOKENS)
    order = torch.arange(TOKENS).view(-1, chunk).flip(1).flatten()
    _, right = form(0)(*given, M)
    _, found = form(0)(*(x[:, :, order] for x in given), M)
    return 100 * float((found - right).norm() / right.norm())


@functools.cache
def cost(chunk: int, tokens: int = TOKENS, size: int = SIZE, seed: int = 0) -> Cost:
    """What the form takes, counted from the operations that torch is asked for."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves
    from torch.utils.weak import WeakTensorKeyDictionary

    aten = torch.ops.aten
    depth, total = WeakTensorKeyDictionary(), {"multiplications": 0, "products": 0, "chain": 0}

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            made = func(*args, **(kwargs or {}))
            takes, steps = 0, 0
            if func.overloadpacket in (aten.bmm, aten.baddbmm):
                left, right = args[-2:]
                takes, steps = left.numel() * right.shape[-1], 1
                total["products"] += takes
            elif func.overloadpacket is aten.linalg_solve_triangular:
                rows = args[0].shape[-1]
                takes, steps = args[1].numel() * (rows - 1) // 2, rows
            elif func.overloadpacket is aten.mul:
                takes = made.numel()
            total["multiplications"] += takes
            before = [depth.get(x, 0) for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
            after = max(before, default=0) + steps
            total["chain"] = max(total["chain"], after)
            for x in tree_leaves(made):
                if isinstance(x, torch.Tensor):
                    depth[x] = after
            return made

    given = arguments(seed, tokens, size)
    with Count():
        form(chunk)(*given)
    return Cost(total["chain"], total["multiplications"] / tokens, total["products"] / tokens)


def ratio(chunk: int, other: int, seed: int, size: int = SIZE) -> float:
    """The multiplications with one chunk over those with the other."""
    found = (cost(C, size=size, seed=seed).multiplications for C in (chunk, other))
    return next(found) / next(found)


def agrees(chunk: int, seed: int) -> float:
    """Our count of matrix products over the one of torch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    given = arguments(seed, TOKENS)
    with FlopCounterMode(display=False) as counter:
        form(chunk)(*given)
    return cost(chunk, seed=seed).products * TOKENS * 2 / counter.get_total_flops()  # a multiply-add is 2 of its flops


def self_modifying(name: str, seed: int = 0) -> float:
    """Distance from the loop, in rounding steps, of one form of Hope's self-modifying memory, in float64."""
    import torch
    from torch.nn import functional as F

    from nested_core.ops.self_modifying import Gates, MemoryState, Writing, compute

    draw = torch.Generator().manual_seed(seed)
    numbers = functools.partial(torch.randn, generator=draw, dtype=torch.float64)
    x, q = 0.5 * numbers(1, 1, 64, SIZE), F.normalize(numbers(1, 1, 64, SIZE), dim=-1)
    layers = (numbers(1, 1, 5, SIZE, SIZE) * SIZE**-0.5,)
    gates = Gates(numbers(1, SIZE), numbers(1, SIZE), numbers(1), numbers(1))
    state = MemoryState(layers, layers, (), 0)
    loop, found = (compute(x, q, state, gates, Writing(), 16, form)[0] for form in ("naive", name))
    return float((loop - found).abs().max()) / torch.finfo(torch.float64).eps


@functools.cache
def kernel() -> float | None:
    """`self_modifying` of the Triton kernel in its interpreter; None where Triton cannot be used."""
    if importlib.util.find_spec("triton") is None:
        return None
    command = [sys.executable, "-m", "lessons.ways"]
    environment, here = {**os.environ, "TRITON_INTERPRET": "1"}, Path(__file__).resolve().parent.parent
    done = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


if __name__ == "__main__":
    print(self_modifying("kernel"))
