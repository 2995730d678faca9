"""Needles in haystacks up to 32 times longer than any seen in training, at a memory that does not grow.

Nested Learning, 9.3 and table 1 (RULER). One model learns all six kinds of `tasks.needle`.
"""

import sys

import torch

from nested_core.hope import HopeConfig
from nested_core.language_model import LanguageModel
from nested_core.rng import generator
from nested_core.state import map_state
from nested_core.trace import Trace

from .arms import build
from .command import Demo, main
from .evidence import Claim, Row
from .parallel import Job, Report
from .tasks import needle
from .training import PIECE, Task, train

STEPS, TOKENS = 800, 1024
EASY, KINDS = ("passkey", "number"), tuple(needle.KINDS)
MANY = ("multi-query",)
STAGES = (  # until this share of the steps: lengths and kinds of a batch, of which one pair is drawn
    (0.2, ((32, EASY),)),
    (0.45, ((64, MANY), (64, MANY), (256, EASY))),
    (0.7, ((64, KINDS), (128, KINDS), (256, KINDS))),
    (1.0, ((64, KINDS), (128, KINDS), (256, KINDS), (512, KINDS))),
)
LONGEST = 512  # in training
TESTS = {512: 32, 1024: 32, 2048: 16, 4096: 16, 8192: 8}  # sequences of each kind, by length
PASSKEYS = {512: 32, 1024: 32, 2048: 32, 4096: 32, 8192: 16}
RATES = [{"rate": rate} for rate in (3e-3, 6e-3, 1e-2)]
ARMS = ("hope", "transformer", "hope_attention", "titans", "deltanet")
D, H, C = 64, 2, 32


def run(job: Job, report: Report) -> Trace:
    steps = 40 if job.quick else STEPS

    def batch(step: int):
        rng = generator(job.seed, "batch", step)
        pairs = next(pairs for share, pairs in STAGES if step <= share * steps)
        length, kinds = pairs[rng.integers(len(pairs))]
        fit = tuple(kind for kind in kinds if needle.KINDS[kind].shortest <= length)
        return needle.draw(fit, rng, TOKENS // length, length)

    tests, late = {}, []
    for kind in KINDS:
        for length, many in (PASSKEYS if kind == "passkey" else TESTS).items():
            if job.quick and length > 1024:
                continue
            name = f"{kind}: {length}"
            tests[name] = needle.draw(kind, generator(job.seed, name), many, length)
            if length > LONGEST:
                late.append(name)
    model = build(job.arm, HopeConfig(needle.SYMBOLS, D, 2, H, C), job.seed)
    task = Task(needle.SYMBOLS, batch, tests, whole=True, late=tuple(late))
    notes = {"carried": {length: carried(model, length) for length in (512, 8192)}}
    return train(job, task, model, steps, 4, report, notes=notes)


@torch.no_grad()
def carried(model: LanguageModel, length: int) -> int:
    """Numbers in the state after `length` symbols of one sequence."""
    state = None
    for piece in torch.zeros(1, length, dtype=torch.int64).split(PIECE, 1):
        _, state = model(piece, state)
    tensors = {}
    map_state(lambda _, part: tensors.setdefault(id(part), part), state)
    return sum(part.numel() for part in tensors.values() if isinstance(part, torch.Tensor))


def measure(job: Job, trace: Trace) -> list[Row]:
    found = {name: (score, "accuracy") for name, score in zip(trace.tasks, trace["score"][-1], strict=True)}
    for length, numbers in trace.meta["carried"].items():
        found[f"state after {length}"] = (numbers, "numbers")
    found["seconds"] = (float(trace["seconds"][-1]), "s")
    found["parameters"] = (trace.meta["parameters"], "numbers")
    found["multiply-adds a symbol"] = (trace.meta["multiply_adds"], "multiply-adds")
    return [Row(job.arm, job.seed, metric, float(value), unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row]) -> list[Claim]:
    found = []
    return found


DEMO = Demo(
    name="needle",
    claim="Hope finds needles far beyond its training length at constant memory",
    source="9.3, table 1",
    minutes=5,
    parts=("needle",),
    trials=dict.fromkeys(ARMS, RATES),
    measure=measure,
    select=lambda rows: sum(row.value for row in rows if row.unit == "accuracy"),
    claims=claims,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
