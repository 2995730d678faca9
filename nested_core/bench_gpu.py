"""The self-modifying memory as a Triton kernel beside flash-linear-attention, on a GPU: forward and backward.

    python -m nested_core.bench_gpu [--chunk 32] [--json FILE]          needs `pip install flash-linear-attention`

16 heads of width 64, batch 8 x 4096, bf16. Ours reads and writes the five memories of a head at once, and makes their
keys, values and gates. The chunked gated delta rule is called once for each memory, with the same keys and values, and
is given them: the least that a Hope of those kernels would cost. `fused` is our own form in plain torch, in float32.

The floor is the time to move what must be moved: x, q and y forward, x, q and dy in and dx and dq out backward, at the
rate of one large copy on this GPU. `share` is the floor divided by the time.
"""

import argparse
import importlib
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .ops.elementwise import normalize
from .ops.self_modifying.common import ETA, MEMORY, Gates, MemoryState, Writing
from .ops.self_modifying.compute import compute

BATCH, HEADS, LENGTH, WIDTH, MEMORIES = 8, 16, 4096, 64, 5
Pass = Callable[[], object]


def ours(form: str, chunk: int, shape: tuple[int, int, int, int], device: str, dtype: torch.dtype) -> Pass:
    """Forward and backward of our memory: activations in `dtype`, memories and gates in float32, as in training."""
    B, H, _, D = shape
    x, q, dy = (torch.randn(shape, device=device).to(dtype) for _ in range(3))
    first = torch.randn(H, MEMORIES, D, D, device=device) / D**0.5
    first[:, MEMORY] = torch.eye(D, device=device)
    first[:, ETA:MEMORY] *= 0.5
    eta, alpha = (torch.randn(H, D, device=device) / D**0.5 for _ in range(2))
    biases = torch.zeros(H, device=device), torch.full((H,), 3.9, device=device)  # alpha about 0.98
    leaves = (x, normalize(q), first, eta, alpha, *biases)
    for leaf in leaves:
        leaf.requires_grad_()

    def run() -> object:
        layers = (first.expand(B, -1, -1, -1, -1),)
        state, gates = MemoryState(layers, layers, (), 0), Gates(eta, alpha, *biases)
        y, _ = compute(leaves[0], leaves[1], state, gates, Writing(), chunk, form)
        return torch.autograd.grad(y, leaves, dy)

    return run


def flash(rule: Callable[..., tuple[Tensor, Any]], shape: tuple[int, int, int, int], device: str) -> Pass:
    """Forward and backward of flash-linear-attention's rule, once for each memory: tensors [B, T, H, D], bf16."""
    B, H, T, D = shape
    q, k, v, dy = (torch.randn(B, T, H, D, device=device, dtype=torch.bfloat16) for _ in range(4))
    gate = logsigmoid(torch.full((B, T, H), 3.9, device=device))
    beta = torch.full((B, T, H), 0.5, device=device, dtype=torch.bfloat16)
    leaves = (normalize(q), normalize(k), v, gate, beta)
    for leaf in leaves:
        leaf.requires_grad_()

    def run() -> object:
        return [torch.autograd.grad(rule(*leaves)[0], leaves, dy) for _ in range(MEMORIES)]

    return run


def milliseconds(actions: dict[str, Pass], turns: int = 20) -> dict[str, float]:
    """Median time on the GPU of each; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(-3, turns):  # three for compiling and warming up
        for name, action in actions.items():
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            action()
            end.record()
            torch.cuda.synchronize()
            if turn >= 0:
                times[name].append(start.elapsed_time(end))
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunk", type=int, default=32, help="tokens between refreshes of the projections")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("there is no GPU here")
    torch.manual_seed(0)
    shape = (BATCH, HEADS, LENGTH, WIDTH)
    large = torch.empty(2**29, dtype=torch.uint8, device="cuda")
    actions: dict[str, Pass] = {"copy": large.clone}
    for form, dtype in (("kernel", torch.bfloat16), ("fused", torch.float32)):
        actions[form] = ours(form, options.chunk, shape, "cuda", dtype)
    try:
        rule = importlib.import_module("fla.ops.gated_delta_rule").chunk_gated_delta_rule
        actions[f"flash-linear-attention x {MEMORIES}"] = flash(rule, shape, "cuda")
    except ImportError as error:
        print(f"flash-linear-attention is left out: {error}")
    found = milliseconds(actions)
    moved = 8 * BATCH * HEADS * LENGTH * WIDTH * 2  # bytes: eight tensors of bf16
    floor = moved / (2 * large.numel() / found.pop("copy"))
    print(f"{torch.cuda.get_device_name()}, chunk {options.chunk}: floor {floor:.2f} ms for {moved / 1e6:.0f} MB")
    print(f"{'forward and backward':28s} {'ms':>8s} {'x kernel':>9s} {'share':>7s}")
    rows = []
    for name, ms in found.items():
        rows.append({"name": name, "device": "cuda", "ms": ms, "x_kernel": ms / found["kernel"], "share": floor / ms})
        print(f"{name:28s} {ms:8.2f} {rows[-1]['x_kernel']:9.2f} {floor / ms:7.1%}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
