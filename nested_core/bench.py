"""Speed of one whole training step on this machine, all models in one run: compare the ratios, not the absolute times.

    python -m nested_core.bench [--json FILE] [--steps N]

Whole step: forward, backward and optimizer, 8 x 256 tokens, 2 layers, vocabulary 256, one thread. Models take turns, so
that a busy machine slows all alike; the median is shown.
"""

import argparse
import json
import time

import torch
from torch.nn import functional as F

from .cpu import prepare
from .hope import Hope, HopeConfig
from .transformer import Transformer, same_size

BATCH, LENGTH, VOCABULARY, LAYERS, CHUNK = 8, 256, 256, 2, 32


def models(width: int) -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    heads = width // 32
    config = HopeConfig(VOCABULARY, width, LAYERS, heads, CHUNK)
    hope, loop = Hope(config), Hope(config)
    for block in loop.blocks:
        block.titans.form = "naive"
    parameters = sum(p.numel() for p in hope.parameters())
    return {
        "transformer": Transformer(same_size(parameters, VOCABULARY, width, LAYERS, heads)),
        "hope_linear": hope,
        "hope_loop": loop,
    }


def measure(width: int, steps: int) -> list[dict]:
    """Rows {name, device, threads, d_model, tokens_per_s, step_ms, params}, one for each model."""
    candidates = models(width)
    optimizers = {name: torch.optim.AdamW(model.parameters(), lr=1e-3) for name, model in candidates.items()}
    tokens = torch.randint(VOCABULARY, (BATCH, LENGTH + 1))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(steps + 1):
        for name, model in candidates.items():
            if name == "hope_loop" and turn > 3:
                continue  # it takes seconds
            start = time.perf_counter()
            logits, _ = model(tokens[:, :-1])
            F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
            optimizers[name].step()
            optimizers[name].zero_grad()
            if turn:  # the first is a warm-up
                times[name].append(time.perf_counter() - start)
    rows = []
    for name, model in candidates.items():
        median = sorted(times[name])[len(times[name]) // 2]
        rows.append(
            {
                "name": name, "device": "cpu", "threads": torch.get_num_threads(), "d_model": width,
                "tokens_per_s": round(BATCH * LENGTH / median), "step_ms": round(1000 * median, 1),
                "params": sum(p.numel() for p in model.parameters()),
            }
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    parser.add_argument("--steps", type=int, default=20, help="counted steps of each model")
    options = parser.parse_args()
    prepare()
    rows = []
    print(f"{'model':12s} {'d':>4s} {'params':>9s} {'step ms':>9s} {'tokens/s':>9s} {'x transformer':>14s}")
    for width in (64, 128):
        found = measure(width, max(1, options.steps))
        for row in found:
            ratio = row["step_ms"] / found[0]["step_ms"]
            speed = f"{row['step_ms']:9.1f} {row['tokens_per_s']:9,d} {ratio:14.2f}"
            print(f"{row['name']:12s} {width:4d} {row['params']:9,d} {speed}", flush=True)
        rows += found
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
