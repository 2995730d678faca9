"""Speed and memory of whole training steps on this machine, all models in one run: compare ratios, not absolute times.

    python -m nested_core.bench [--json FILE] [--steps N] [--quick] [--device auto|cpu|cuda]
    python -m nested_core.bench --length [TOKENS] [--json FILE]

A step is forward, backward and AdamW on 8 x 256 tokens, 2 layers, vocabulary 256, float32; on a CPU with one thread and
then with all. Models take turns, so that a busy machine slows all alike. The median step is shown, with the best beside
it. All arms have as many parameters as hope_linear, but hope_deep (more) and hope_attention (fewer). hope_loop is
hope_linear in the plain token loop, its specification.

multiply_adds counts what a step needs: three times the matrix products of a forward pass (attention in full, whatever
the mask; element-wise work and short convolutions are not counted). floor_ms is the time for them at this machine's
rate for one large product, measured between the turns. peak_mb is the peak memory of two steps in a process of their
own, above what that process held before it made the model: resident memory on a CPU, allocated memory on a GPU.

--length streams tokens through Hope by its carried state, in constant memory, beside a Transformer, which keeps all.
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from .cpu import prepare
from .hope import Hope, HopeConfig
from .language_model import LanguageModel
from .ops import backend
from .state import tensors
from .transformer import Transformer, same_size

BATCH, LENGTH, VOCABULARY, LAYERS, CHUNK = 8, 256, 256, 2, 32
NAMES = ("transformer", "hope_linear", "hope_deep", "hope_loop", "hope_attention", "deltanet", "titans")
AT_MOST = {"hope_linear": 2.5, "hope_deep": 6.0}  # times the Transformer's step
FLAT = {"us_per_token": 0.15, "rss_mb": 0.05, "state_mb": 0.0}  # growth over a long stream that counts as none
SLOW = ("hope_loop",)  # takes a few turns only
PIECE, TRANSFORMER_TOKENS = 512, 40_960  # --length: tokens a call; where the Transformer stops
MIB = 2**20


class Subject(NamedTuple):
    """One model under measurement."""

    forward: Callable[[], Tensor]  # to the loss
    step: Callable[[], None]  # a whole training step
    params: int
    tokens: int  # of a step


Maker = Callable[[str, int, str], Subject]  # from name, width and device


def build(name: str, width: int) -> LanguageModel:
    """The arm of this name at its size; heads are 32 wide."""
    heads = width // 32
    hope = HopeConfig(VOCABULARY, width, LAYERS, heads, CHUNK)
    if name.startswith("hope"):
        memory = "deep" if name == "hope_deep" else "linear"
        return Hope(replace(hope, memory=memory, mixer="attention" if name == "hope_attention" else "titans"))
    parameters = sum(p.numel() for p in Hope(hope).parameters())
    return Transformer(same_size(parameters, VOCABULARY, width, LAYERS, heads, name))


def make(name: str, width: int, device: str, length: int = LENGTH) -> Subject:
    torch.manual_seed(0)
    model = build(name, width).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = torch.randint(VOCABULARY, (BATCH, length + 1), device=device)

    def forward() -> Tensor:
        with backend.use("naive") if name == "hope_loop" else nullcontext():
            logits, _ = model(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    def step() -> None:
        forward().backward()
        optimizer.step()
        optimizer.zero_grad()

    return Subject(forward, step, sum(p.numel() for p in model.parameters()), BATCH * length)


def timed(action: Callable[[], object], device: str) -> float:
    """Seconds, the GPU's work included."""
    start = time.perf_counter()
    action()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def multiply_adds(forward: Callable[[], object]) -> int:
    """Multiply-adds of a training step: three times those of the matrix products of a forward pass."""

    def attention(q: Any, k: Any, v: Any, *_: object, **__: object) -> int:
        return int(sdpa_flop_count(q, k, v))

    unknown_to_torch = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}
    counter = FlopCounterMode(display=False, custom_mapping=unknown_to_torch)
    with counter:
        forward()
    counts = counter.get_flop_counts()["Global"]
    # Torch counts a convolution of separate channels as if it mixed them.
    return 3 * sum(count // 2 for operation, count in counts.items() if "convolution" not in str(operation))


def resident(field: str) -> float:
    """MiB of this process: VmRSS now, VmHWM at most. Outside Linux the most is all there is."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(rf"{field}:\s+(\d+) kB", status.read_text())
        assert found
        return int(found[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024)


def peak_mb(maker: Maker, name: str, width: int, device: str) -> float:
    """Peak memory of two steps above what was there before the model. Call it in a fresh process."""
    prepare()
    once = torch.ones(64, 64, device=device, requires_grad=True)
    (once @ once).sum().backward()
    torch.optim.AdamW([once]).step()  # with all that torch imports on first use, about 70 MB
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts at what is resident now
    before = torch.cuda.memory_allocated() / MIB if device == "cuda" else resident("VmRSS")
    subject = maker(name, width, device)
    subject.step()
    subject.step()
    return (torch.cuda.max_memory_allocated() / MIB if device == "cuda" else resident("VmHWM")) - before


def peaks(maker: Maker, names: tuple[str, ...], width: int, device: str) -> dict[str, float]:
    """peak_mb of each model, each in a new process; as many at a time as there are cores, which memory is blind to."""
    workers = 1 if device == "cuda" else min(4, os.cpu_count() or 1)
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=1) as pool:
        found = pool.starmap(peak_mb, [(maker, name, width, device) for name in names], chunksize=1)
    return dict(zip(names, found, strict=True))


def measure(
    subjects: dict[str, Subject], width: int, device: str, steps: int, peak: dict[str, float],
    slow: tuple[str, ...] = SLOW, references: tuple[str, ...] = ("transformer",),
) -> list[dict[str, Any]]:  # fmt: skip
    """One row for each model, with the fields named in the module's docstring; x_NAME is the step's ratio to NAME's."""
    every = {name: max(1, steps // 3) if name in slow else 1 for name in subjects}
    operations = {name: multiply_adds(subject.forward) for name, subject in subjects.items()}
    matrix = torch.randn(1024, 1024, device=device)
    rate, times = 0.0, {name: list[float]() for name in subjects}
    for turn in range(-2, steps):  # the first two are a warm-up; the slow take one of them
        for name, subject in subjects.items():
            if turn == -1 or (turn % every[name] == 0 and (turn >= 0 or name not in slow)):
                seconds = timed(subject.step, device)
                if turn >= 0:
                    times[name].append(seconds)
        rate = max(rate, 1024**3 / timed(lambda: matrix @ matrix, device))
    median = {name: statistics.median(taken) for name, taken in times.items()}
    rows: list[dict[str, Any]] = [
        {
            "name": name, "device": device, "threads": torch.get_num_threads(), "d_model": width,
            "params": subject.params, "peak_mb": round(peak[name], 1), "step_ms": round(1000 * median[name], 2),
            "best_ms": round(1000 * min(times[name]), 2), "tokens_per_s": round(subject.tokens / median[name]),
            "multiply_adds": operations[name], "floor_ms": round(1000 * operations[name] / rate, 2),
            **{f"x_{other}": round(median[name] / median[other], 2) for other in references},
        }
        for name, subject in subjects.items()
    ]  # fmt: skip
    table(f"{device}, threads {torch.get_num_threads()}, d {width}", rows, tuple(rows[0])[4:])
    for row in rows:
        most = AT_MOST.get(row["name"])
        if most:
            print(f"{row['name']} takes {row['x_transformer']} times the Transformer's step; at most {most} is wanted")
    return rows


def table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    print(f"\n{title:26s}" + "".join(f" {column:>{max(10, len(column))}s}" for column in columns))
    for row in rows:
        cells = (f"{row[column]:,}" for column in columns)
        print(f"{row['name']:26s}" + "".join(f" {c:>{max(10, len(k))}s}" for c, k in zip(cells, columns, strict=True)))


def state_mb(state: object) -> float:
    """MiB of all tensors of a carried state."""
    return sum(part.numel() * part.element_size() for part in tensors(state)) / MIB


@torch.no_grad()
def stream(name: str, tokens: int) -> list[dict[str, Any]]:
    """Rows {name, tokens, us_per_token, rss_mb, state_mb} at 2,560 tokens, at twice as many and so on.

    Time is that of the fastest tenth of the calls since the last row, which a busy machine leaves alone.
    """
    torch.manual_seed(0)
    model, text = build(name, 64), torch.randint(VOCABULARY, (1, PIECE))
    calls = -(-tokens // PIECE)
    marks = {calls, *(5 * 2**i for i in range(calls.bit_length()))}
    state, times, rows = None, list[float](), list[dict[str, Any]]()
    for call in range(1, calls + 1):
        start = time.perf_counter()
        _, state = model(text, state)
        times.append((time.perf_counter() - start) / PIECE)
        if call in marks:
            fast = sorted(times)[len(times) // 10]
            row = {"name": name, "tokens": call * PIECE, "us_per_token": round(1e6 * fast, 2)}
            rows.append(row | {"rss_mb": round(resident("VmRSS"), 1), "state_mb": round(state_mb(state), 3)})
            times = []
    table("one sequence, d 64", rows, ("tokens", "us_per_token", "rss_mb", "state_mb"))
    later = [row for row in rows if row["tokens"] >= 10_000] or rows[-1:]
    first, last = later[0], {key: max(row[key] for row in later) for key in ("us_per_token", "rss_mb", "state_mb")}
    grown = {key: last[key] / first[key] - 1 for key in last}
    words = ", ".join(f"{key} {share:+.1%}" for key, share in grown.items())
    flat = all(grown[key] <= most for key, most in FLAT.items())
    print(f"{name}, most at any later row against {first['tokens']:,} tokens: {words}: {'flat' if flat else 'grows'}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    parser.add_argument("--steps", type=int, default=20, help="counted steps of each model")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: all there are")
    parser.add_argument("--quick", action="store_true", help="does it run? A few small steps")
    parser.add_argument("--length", type=int, nargs="?", const=1_000_000, metavar="TOKENS", help="stream instead")
    options = parser.parse_args()
    prepare()
    rows = []
    if options.length is not None:
        rows = stream("hope_linear", max(1, options.length))
        rows += stream("transformer", min(max(1, options.length), TRANSFORMER_TOKENS))
    cuda = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
    devices = [] if rows else ["cpu"] * (options.device != "cuda") + ["cuda"] * cuda
    for device in devices:
        names, widths, steps = (NAMES[:4], [64], 2) if options.quick else (NAMES, [64, 128], max(1, options.steps))
        maker = partial(make, length=64 if options.quick else LENGTH)
        peak = {width: peaks(maker, names, width, device) for width in widths}
        for threads in sorted({1, 1 if options.quick or device == "cuda" else os.cpu_count() or 1}):
            prepare(threads)
            for width in widths:
                subjects = {name: maker(name, width, device) for name in names}
                rows += measure(subjects, width, device, steps, peak[width])
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
