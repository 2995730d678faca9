"""Facts among distractors, and questions that join one, two or three of them: how far does each memory carry?

Nested Learning, 9.4, fig. 9 (BABILong), with the stories of `tasks.stories`. Every number of facts is learned by a
model of its own, from short stories to ones scattered in 512 symbols, and tested among up to 32,000 words of something
else. Accuracy is the share of the questions that are answered right; guessing one of eight places is right in 12 %.
The gates of Hope and Titans may start carefully: see `needle`.

Tried: Hope with these 500 steps on 1 fact, rate 4e-3, careful start: it stays at chance (.12 to .25, one seed).
"""

import sys

from nested_core.hope import HopeConfig
from nested_core.rng import generator
from nested_core.trace import Trace

from .arms import build
from .command import Demo, main
from .evidence import Claim, Row, average, claim
from .needle import start_gates
from .parallel import Job, Report
from .tasks import stories
from .training import Task, train

STEPS, TOKENS, D, H, C = 500, 1024, 64, 2, 16
PARTS = {"1 fact": 1, "2 facts": 2, "3 facts": 3}
STAGES = ((0.5, (64,)), (0.7, (64, 128)), (1.0, (64, 128, 512)))  # until this share of the steps: lengths, one a batch
LONGEST = 512  # in training
TESTS = {512: 16, 2048: 16, 8192: 8, 32768: 2}  # sequences of four questions, by length
ARMS = ("hope", "transformer", "titans")
RATES = [{"rate": rate} for rate in (2e-3, 4e-3, 8e-3)]
GATED = [{"rate": rate, "start": start} for rate, start in ((4e-3, "careful"), (7e-3, "careful"), (7e-3, "usual"))]


def run(job: Job, report: Report) -> Trace:
    facts, steps = PARTS[job.part], 20 if job.quick else STEPS

    def batch(step: int):
        rng = generator(job.seed, "batch", step)
        lengths = next(lengths for share, lengths in STAGES if step <= share * steps)
        length = lengths[rng.integers(len(lengths))]
        return stories.draw(facts, rng, TOKENS // length, length)

    tests = {
        f"{length}": stories.draw(facts, generator(job.seed, f"test {length}"), many, length)
        for length, many in TESTS.items()
        if not job.quick or length <= 2048
    }
    late = tuple(name for name in tests if int(name) > LONGEST)
    model = build(job.arm, HopeConfig(stories.SYMBOLS, D, 2, H, C), job.seed)
    if "start" in job.choice:
        start_gates(model, job.choice["start"])
    return train(job, Task(stories.SYMBOLS, batch, tests, late=late), model, steps, 2, report)


def measure(job: Job, trace: Trace) -> list[Row]:
    found = {
        f"{job.part}: {name}": (score, "accuracy") for name, score in zip(trace.tasks, trace["score"][-1], strict=True)
    }
    found[f"{job.part}: seconds"] = (float(trace["seconds"][-1]), "s")
    if job.part == "1 fact":  # the same size in all parts: said once
        found["parameters"] = (trace.meta["parameters"], "numbers")
        found["multiply-adds a symbol"] = (trace.meta["multiply_adds"], "multiply-adds")
    return [Row(job.arm, job.seed, metric, float(value), unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row]) -> list[Claim]:
    measured = {row.metric for row in rows}

    def longer(part: str) -> list[str]:
        return [f"{part}: {length}" for length in TESTS if length > LONGEST and f"{part}: {length}" in measured]

    def gain(arm: str, metrics: list[str]):
        return average(rows, "hope", metrics) - average(rows, arm, metrics)

    everything, found = [metric for part in PARTS for metric in longer(part)], []
    for arm in ARMS[1:]:
        statement = f"All stories longer than in training: Hope above {arm}"
        found.append(claim(f"longer_vs_{arm}", statement, gain(arm, everything)))
    for part in PARTS:
        for arm in ARMS[1:]:
            statement = f"{part}, longer than in training: Hope above {arm}"
            found.append(claim(f"{part}_vs_{arm}", statement, gain(arm, longer(part))))
    return found


DEMO = Demo(
    name="long_reasoning",
    claim="Hope answers questions about facts scattered in texts far longer than those it learned from",
    source="9.4, fig. 9",
    minutes=8,
    parts=tuple(PARTS),
    trials={arm: RATES if arm == "transformer" else GATED for arm in ARMS},
    measure=measure,
    select=lambda rows: sum(row.value for row in rows if row.unit == "accuracy"),
    claims=claims,
    tune_on=("1 fact",),
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
