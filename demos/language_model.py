"""Language modelling: lower perplexity than a Transformer of equal size.

Nested Learning, 9.2 and table 2. All arms have equally many parameters and read the same batches: English, Python
source, and a synthetic language whose best possible prediction is known (`exact predictor`). Tests are held-out text
of the training length, and of four times that length. Scores are bits per character: perplexity is 2 to their power.

"transformer, equal time" trains for as long as Hope: as many steps as take the CPU time of Hope's, both timed in turns
on this machine before the run. Multiply-adds are shown too; the other arms take about Hope's time.

Under torchrun it trains one larger model over several processes or machines: see `distributed.py`.
"""

import os
import sys
from statistics import median
from time import process_time

from nested_core.hope import HopeConfig
from nested_core.rng import generator
from nested_core.streams.base import Batch
from nested_core.trace import Trace

from .arms import build
from .command import Demo, main
from .evidence import Claim, Row, average, claim
from .parallel import Job, Report
from .tasks import corpora
from .training import QUICK, Arm, Task, train

WIDTH, HEADS, CHUNK = 64, 2, 16
STEPS, BATCH, LENGTH, TESTS = 320, 8, 128, 64
SHORT, LONG = f"length {LENGTH}", f"length {4 * LENGTH}"
LONGER = "transformer, equal time"
ARMS = ("hope", "transformer", LONGER, "deltanet", "titans")
RATES = [{"rate": rate} for rate in (6e-3, 1.2e-2, 2.4e-2)]


def tests(part: str, seed: int) -> dict[str, Batch]:
    """Fresh data: as many symbols at either length."""
    return {
        SHORT: corpora.draw(part, seed, generator(seed, SHORT), 2 * TESTS, LENGTH, held_out=True),
        LONG: corpora.draw(part, seed, generator(seed, LONG), TESTS // 2, 4 * LENGTH, held_out=True),
    }


def steps_for_one(arm: str, config: HopeConfig, batch: Batch) -> float:
    """Steps of `arm` in the time of one of Hope's, by the CPU time of this process, which others do not lengthen."""
    learners, spent = [Arm(name, build(name, config, 0), 1e-3, 0) for name in ("hope", arm)], ([], [])
    for step in range(1, 16):
        for learner, found in zip(learners, spent, strict=True):
            start = process_time()
            learner.step(batch, step)
            found.append(process_time() - start)
    return median(spent[0]) / median(spent[1])


def run(job: Job, report: Report) -> Trace:
    def batch(step: int) -> Batch:
        return corpora.draw(job.part, job.seed, generator(job.seed, "batch", step), BATCH, LENGTH)

    config = HopeConfig(corpora.size(job.part), WIDTH, 2, HEADS, CHUNK)
    arm, steps = job.arm.split(",")[0], QUICK if job.quick else STEPS
    if job.arm == LONGER:
        steps = round(steps * steps_for_one(arm, config, batch(1)))
    task = Task(config.vocab_size, batch, tests(job.part, job.seed), "bits per character")
    return train(job, task, build(arm, config, job.seed), steps, 4, report)


def measure(job: Job, trace: Trace) -> list[Row]:
    def row(arm: str, metric: str, value: float, unit: str) -> Row:
        return Row(arm, job.seed, metric, float(value), unit)

    rows = [
        row(job.arm, f"{job.part}: {name}", value, "bits per character")
        for name, value in zip((SHORT, LONG), trace["score"][-1], strict=True)
    ]
    if (job.part, job.arm) == (corpora.TOPICS, "hope"):  # known without learning
        for name, test in tests(job.part, job.seed).items():
            bits = corpora.best_bits(job.seed, test).mean()
            rows.append(row("exact predictor", f"{job.part}: {name}", bits, "bits per character"))
    return [
        *rows,
        row(job.arm, f"{job.part}: tokens learned", trace["online"].size * BATCH * LENGTH, "tokens"),
        row(job.arm, f"{job.part}: seconds", trace["seconds"][-1], "s"),
        row(job.arm, f"{job.part}: parameters", trace.meta["parameters"], "numbers"),
        row(job.arm, f"{job.part}: multiply-adds a symbol", trace.meta["multiply_adds"], "multiply-adds"),
    ]


def claims(rows: list[Row]) -> list[Claim]:
    def gain(arm: str, name: str, parts: tuple[str, ...] = corpora.PARTS):
        metrics = [f"{part}: {name}" for part in parts]
        return average(rows, arm, metrics) - average(rows, "hope", metrics)

    found = [
        claim(
            "bits_vs_transformer",
            "Hope needs fewer bits than a transformer at equal tokens",
            gain("transformer", SHORT),
        )
    ]
    for part in corpora.PARTS:
        found.append(
            claim(f"{part}_vs_transformer", f"{part}: fewer bits, equal tokens", gain("transformer", SHORT, (part,)))
        )
    for part in corpora.PARTS:
        found.append(
            claim(f"{part}_vs_transformer_time", f"{part}: fewer bits, equal time", gain(LONGER, SHORT, (part,)))
        )
    for arm in ("deltanet", "titans"):
        found.append(claim(f"bits_vs_{arm}", f"Hope needs fewer bits than {arm} at equal tokens", gain(arm, SHORT)))
    found.append(
        claim(
            "long_vs_transformer",
            "four times the training length: fewer bits than a transformer",
            gain("transformer", LONG),
        )
    )
    return found


DEMO = Demo(
    name="language_model",
    claim="Hope predicts text better than a Transformer of equal size",
    source="9.2, table 2",
    minutes=7,
    parts=corpora.PARTS,
    trials=dict.fromkeys(ARMS, RATES),
    measure=measure,
    select=lambda rows: -sum(row.value for row in rows if row.metric.endswith(SHORT) and row.arm in ARMS),
    claims=claims,
)

if __name__ == "__main__":
    if "WORLD_SIZE" in os.environ:  # by torchrun: one larger model
        from . import distributed

        sys.exit(distributed.main())
    sys.exit(main(DEMO, __doc__))
