"""Every part matters: Hope without one of its parts, on a fixed suite of three tasks.

Nested Learning, 9.6 and table 6. The suite asks for what the parts are there for: English (the next character), recall
(facts that change), parity (a state to track, on strings twice as long as trained). The score of the suite is the
mean of 1 - bits / log2(symbols) on English, and accuracy, chance at 0, on the other two.

no_dgd        plain gradient descent: no second erase along the key
momentum      Titans' momentum in the write rule. The paper's full model has one; ours has none, because none is printed
              for this rule (its row is turned around: what adding it gives)
no_retention  memories never decay
no_cms        one MLP in place of the chain, as many parameters
fixed_k, fixed_v  keys or values from projections that do not modify themselves
adaptive_q    queries from a memory that modifies itself; the paper's table finds this no better
"""

import math
import sys
from dataclasses import replace

import torch

from nested_core.hope import Hope, HopeConfig
from nested_core.ops.self_modifying import STATIC_QUERY, Writing
from nested_core.rng import generator
from nested_core.streams.base import Batch
from nested_core.trace import Trace

from .arms import count, fit
from .command import Demo, main
from .evidence import Claim, Row, claim, values
from .parallel import Job, Report
from .tasks import formal, recall
from .training import QUICK, Task, train

TESTS = 64
STEPS = {"English": 250, "recall": 500, "parity": 500}
ARMS = ("hope", "no_dgd", "momentum", "no_retention", "no_cms", "fixed_k", "fixed_v", "adaptive_q")
RATES = [{"rate": 3e-3}, {"rate": 1e-2}]


def writing(arm: str) -> Writing:
    """The write rule of an arm."""
    changes = {
        "no_dgd": dict(dgd=False),
        "momentum": dict(momentum=True),
        "no_retention": dict(retention=False),
        "fixed_k": dict(adapt=tuple(m for m in STATIC_QUERY if m != "k")),
        "fixed_v": dict(adapt=tuple(m for m in STATIC_QUERY if m != "v")),
        "adaptive_q": dict(adapt=(*STATIC_QUERY, "q")),
    }
    return Writing(**changes.get(arm, {}))


def model(arm: str, symbols: int, seed: int) -> Hope:
    """Hope without one part, with as many parameters, by the width of its CMS blocks."""
    full = HopeConfig(symbols, 32, 2, 1, 16)
    with torch.device("meta"):
        parameters = count(Hope(full))
    config = replace(full, writing=writing(arm), periods=(16,) if arm == "no_cms" else full.periods)
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        return Hope(full) if arm == "hope" else fit(lambda hidden: Hope(replace(config, hidden=hidden)), parameters)


def task(part: str, seed: int) -> Task:
    rng = generator(seed, "tests")
    if part == "recall":
        tests = {"recall": recall.draw(rng, TESTS, 72)}
        return Task(recall.symbols(), lambda step: recall.draw(generator(seed, "batch", step), 16, 72), tests)
    if part == "parity":
        tests = {"longer": formal.draw(part, rng, TESTS, 80, 40)}
        return Task(formal.SYMBOLS, lambda step: formal.draw(part, generator(seed, "batch", step), 16, 40), tests)
    from nested_core.config import StreamConfig
    from nested_core.streams.text import TextStream

    stream = TextStream(StreamConfig("languages", tasks=2, dwell=1000, batch=16, length=96), seed)
    tests = {"English": stream.tests[0]}
    return Task(stream.size, lambda step: Batch(*stream.batch(step)), tests, "bits per character")


def run(job: Job, report: Report) -> Trace:
    on = task(job.part, job.seed)
    steps = QUICK if job.quick else STEPS[job.part]
    return train(job, on, model(job.arm, on.vocab_size, job.seed), steps, 5, report)


def normalised(part: str, score: float) -> float:
    """0 for guessing, 1 for perfect."""
    chance = {"recall": 1 / recall.VALUES, "parity": 0.5}
    if part == "English":
        return 1 - score / math.log2(96)
    return (score - chance[part]) / (1 - chance[part])


def measure(job: Job, trace: Trace) -> list[Row]:
    score = float(trace["score"][-1, 0])
    unit = trace.unit
    found = {
        f"{job.part}: result": (score, unit),
        f"suite: {job.part}": (normalised(job.part, score), "score"),
        f"{job.part}: seconds": (float(trace["seconds"][-1]), "s"),
        f"{job.part}: parameters": (trace.meta["parameters"], "numbers"),
        f"{job.part}: multiply-adds a symbol": (trace.meta["multiply_adds"], "multiply-adds"),
    }
    return [Row(job.arm, job.seed, metric, float(value), unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row]) -> list[Claim]:
    def suite(arm: str):
        return sum(values(rows, arm, f"suite: {part}") for part in STEPS) / len(STEPS)

    hope = suite("hope")
    without = [arm for arm in ARMS[1:] if arm not in ("momentum", "adaptive_q")]
    found = [
        claim("mean", "Hope above the mean of its ablations", hope - sum(suite(a) for a in without) / len(without))
    ]
    for arm in without:
        found.append(claim(arm, f"Hope above {arm.replace('_', ' ')} on the suite", hope - suite(arm)))
    found.append(claim("momentum", "adding momentum helps on the suite", suite("momentum") - hope))
    found.append(claim("adaptive_q", "a fixed query is no worse: Hope above adaptive q", hope - suite("adaptive_q")))
    return found


DEMO = Demo(
    name="ablation",
    claim="Every part of Hope contributes",
    source="9.6, table 6",
    minutes=8,
    parts=tuple(STEPS),
    trials=dict.fromkeys(ARMS, RATES),
    measure=measure,
    select=lambda rows: next(row.value for row in rows if row.metric.startswith("suite")),
    claims=claims,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
