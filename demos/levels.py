"""More levels help, and the period of the slowest trades cost against memory.

Nested Learning, 9.1 and figure 7. One trained Hope model reads streams that its training did not prepare it for, and
the levels of its CMS write while it reads (`nested_core.streaming`). "1 level" is in-context learning alone: only the
in-context memory writes. Each further level is one more block that writes, on a clock of its own.

Python, cipher  a model trained on English reads Python source, or English with its letters exchanged: bits per
                character of the whole stream, every character predicted before it is read
needles         a model trained on up to 8 facts at a time reads 16 of them, over and over: the chance that it gives to
                the right value (accuracy of answers drawn from it), over the whole stream

All arms are the same weights, before they read. Rate and momentum of the writes are tuned for every arm on other text.
A level's rate falls with the root of its period, as its window gathers more. "one clock" lets all three blocks write
together. Cost: `numbers written` is how many weights change a symbol; `multiply-adds` are
three times those of reading where anything writes, for its gradients.
"""

import itertools
import math
import sys
from functools import cache
from time import process_time

import numpy as np
import torch

from nested_core.bench import multiply_adds
from nested_core.hope import HopeConfig
from nested_core.language_model import LanguageModel
from nested_core.learner import memory_map
from nested_core.rng import generator
from nested_core.streaming import Rule, stream
from nested_core.trace import Recorder, Trace

from .arms import build, count
from .command import FIRST_TUNING_SEED, Demo, main
from .evidence import Claim, Row, claim, values
from .parallel import Job, Report
from .tasks import corpora, facts
from .training import QUICK, Task, train

PARTS, NEEDLES = ("Python", "cipher", "needles"), "needles"
LENGTH, STEP = 3072, 64  # symbols of a stream, and those that are one step of the trace
ARMS = {  # periods of the blocks that write, in symbols; 0: the block does not
    "4 levels": (16, 64, 256),
    "3 levels": (0, 64, 256),
    "2 levels": (0, 0, 256),
    "1 level": (0, 0, 0),
    "fastest alone": (16, 0, 0),
    "slowest 64": (4, 16, 64),
    "slowest 1024": (64, 256, 1024),
    "one clock, 16": (16, 16, 16),
    "one clock, 256": (256, 256, 256),
}
TRIALS = [{"rate": rate, "momentum": momentum} for rate in (0.003, 0.01, 0.03, 0.1) for momentum in (0.0, 0.5)]


@cache
def trained(needles: bool, seed: int, quick: bool, device: str) -> LanguageModel:
    """The model before it reads; the same for all arms, so a process trains it once."""
    if needles:
        config, steps, rate = HopeConfig(facts.SYMBOLS, 32, 2, 1, 16), 500, 6e-3
    else:
        config, steps, rate = HopeConfig(corpora.size("English"), 64, 2, 2, 16), 320, 1.2e-2

    def batch(step: int):
        rng = generator(seed, "batch", step)
        return facts.draw(rng, 16, 64) if needles else corpora.draw("English", 0, rng, 8, 128)

    model, job = build("hope", config, seed), Job("levels", "training", "hope", seed, {"rate": rate}, quick, device)
    train(job, Task(config.vocab_size, batch, {}), model, QUICK if quick else steps, 1, lambda share: None)
    return model


def symbols(part: str, seed: int, length: int) -> torch.Tensor:
    """The streams [B, T] of a seed. Tuning reads another part of the text than results do."""
    rng = generator(seed, "stream")
    if part == NEEDLES:
        return facts.rounds(rng, 16, length // (2 * facts.KEYS))
    source = "Python" if part == "Python" else "English"
    x = corpora.draw(source, 0, rng, 4, length, held_out=seed < FIRST_TUNING_SEED).x
    return x if part == "Python" else torch.tensor(corpora.cipher(rng))[x]


def rule(arm: str, choice: dict[str, float]) -> Rule:
    periods = ARMS[arm]
    rates = tuple(choice["rate"] * math.sqrt(16 / C) if C else 0.0 for C in periods)
    return Rule(rates, tuple(C or 1 for C in periods), choice["momentum"], piece=STEP)


def run(job: Job, report: Report) -> Trace:
    needles = job.part == NEEDLES
    model = trained(needles, job.seed, job.quick, job.device)
    x, how = symbols(job.part, job.seed, 256 if job.quick else LENGTH).to(job.device), rule(job.arm, job.choice)
    blocks, periods, steps = model.blocks[0].cms, ARMS[job.arm], x.shape[1] // STEP
    numbers = len(model.blocks) * sum(p.numel() for p in (blocks[0].up.weight, blocks[0].down.weight))  # of a level
    short = x[:1, :STEP]
    forward = multiply_adds(lambda: model(short)) // 3 // STEP
    recorder = Recorder(
        {
            "config": {"learner": {"name": job.arm, **job.choice}, "stream": {"kind": job.part}},
            "seed": job.seed, "run_id": f"{job.demo} {job.part} {job.arm} {job.seed}",
            "steps": steps, "tasks": [job.part], "samples": STEP, "backend": None,
            "unit": "accuracy" if needles else "bits per character",
            "levels": [{"name": f"every {C}" if C else f"still {i + 1}", "period": C or LENGTH, "per": "token",
                        "kind": "block"} for i, C in enumerate(periods)],
            "parameters": count(model), "state": numbers * sum(C > 0 for C in periods),
            "multiply_adds": (3 if any(periods) else 1) * forward,
            "memory": "every second row of each block's first matrix in the first layer, for the first stream",
            "written": sum(numbers / C for C in periods if C),
        }
    )  # fmt: skip
    wrote, change = np.zeros((steps, len(periods)), bool), np.zeros((steps, len(periods)))
    seconds, diverged, nats = np.zeros(steps), np.zeros(steps, bool), []
    start = process_time()
    for reading in stream(model, x, rule=how):
        step = (reading.state.position - 1) // STEP
        seconds[step] = process_time() - start  # of this process: other programs do not lengthen it
        wrote[step] |= np.array(reading.wrote)
        change[step] += reading.change.mean(0).cpu().numpy()
        diverged[step] |= bool(reading.diverged.any())
        nats.append(reading.losses.cpu())
        report(reading.state.position / x.shape[1])
    first = torch.full((len(x), 1), math.nan)  # nothing predicts the first symbol of a stream
    found = torch.cat([first, *nats], 1).view(len(x), steps, STEP)
    found = (-found[:, :, 1::2]).exp() if needles else found / math.log(2)
    for step, online in enumerate(found.nanmean((0, 2)).tolist()):
        for name, value in dict(
            task=0, online=online, seconds=seconds[step], wrote=wrote[step], change=change[step],
            surprise=np.full(len(periods), math.nan), diverged=diverged[step],
        ).items():  # fmt: skip
            recorder.add(name, value)
    levels = reading.state.levels.levels
    matrices = [level.weights[0][0] if level.weights else b.up.weight for level, b in zip(levels, blocks, strict=True)]
    recorder.add("memory_step", steps)
    recorder.add("memory", np.stack([memory_map(W) for W in matrices]))
    recorder.add("probe_step", steps)
    recorder.add("score", [float(found.nanmean())])
    recorder.add("level_score", np.full((len(periods), 1), math.nan))
    return recorder.freeze()


def measure(job: Job, trace: Trace) -> list[Row]:
    found = {
        f"{job.part}: result": (trace["score"][-1, 0], trace.unit),
        f"{job.part}: diverged steps": (trace["diverged"].sum(), "numbers"),
        f"{job.part}: reading": (trace["seconds"][-1], "s"),
        f"{job.part}: numbers written a symbol": (trace.meta["written"], "numbers"),
        f"{job.part}: multiply-adds a symbol": (trace.meta["multiply_adds"], "multiply-adds"),
        f"{job.part}: parameters": (trace.meta["parameters"], "numbers"),
    }
    return [Row(job.arm, job.seed, metric, float(value), unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row]) -> list[Claim]:
    def gain(arm: str, other: str, part: str):
        one, two = (values(rows, name, f"{part}: result") for name in (arm, other))
        return one - two if part == NEEDLES else two - one

    pairs = [("4 levels", "1 level"), *itertools.pairwise(list(ARMS)[:4])]
    pairs += [("slowest 64", "4 levels"), ("4 levels", "slowest 1024")]
    pairs += [("4 levels", "fastest alone"), ("4 levels", "one clock, 16"), ("4 levels", "one clock, 256")]
    return [
        claim(f"{part}_{arm}_vs_{other}".replace(" ", "_").replace(",", ""), f"{part}: {arm} better than {other}",
              gain(arm, other, part))
        for arm, other in pairs
        for part in PARTS
    ]  # fmt: skip


DEMO = Demo(
    name="levels",
    claim="More levels read better; a slower slowest level is cheaper and reads worse",
    source="9.1, figure 7",
    minutes=4,
    parts=PARTS,
    trials={arm: TRIALS if any(ARMS[arm]) else TRIALS[:1] for arm in ARMS},
    measure=measure,
    select=lambda rows: (1 if rows[0].unit == "accuracy" else -1) * rows[0].value,
    claims=claims,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
