"""Facts among distractors, and questions that join one, two or three of them: how far does each memory carry?

Nested Learning, 9.4, fig. 9 (BABILong), with the stories of `tasks.stories`. One model learns all kinds: first short
stories of one fact, then of two and three without any noise, where answers are dense, then longer ones, at last up to
512 symbols. It is tested among up to 32,000 words of something else. Accuracy is the share of the questions that are
answered right; guessing one of eight places is right in 12 %. The gates of Hope and Titans start as in `needle`.

The stages were found with Hope on one tuning seed, then tried once with each of the others. Learning from stories at
full length alone stays at chance; two facts are learned only while answers are dense (.40 nats after 1,200 steps of 36
symbols a story, 1.04 when noise came sooner). Three layers were slower, and gates that start carefully, too. What two
and three facts ask for is learned in part only: .44 and .48 among 512 symbols. At 32,768 Hope is at chance.
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
from .tasks.stories import shortest
from .training import QUICK, Task, train

STEPS, TOKENS, D, H, C = 2000, 1024, 64, 2, 16
PARTS = {"1 fact": 1, "2 facts": 2, "3 facts": 3}
STAGES = (  # until this share of the steps: (facts, symbols of noise, moves) of a batch, of which one is drawn
    (0.05, ((1, 0, 4),)),
    (0.4, ((1, 0, 4), *[(2, 0, 4)] * 3)),
    (0.5, (*[(2, 0, 4)] * 2, *[(3, 0, 4)] * 2)),
    (0.6, ((1, 8, 8), (2, 4, 8), (2, 8, 8), (3, 4, 8))),
)
LENGTHS = (64, 128, 512, 512)  # of the batches after that, of FACTS
FACTS = (1, 2, 2, 3)
LONGEST = 512  # in training
TESTS = {512: 16, 2048: 16, 8192: 8, 32768: 2}  # sequences of four questions, by length
ARMS = ("hope", "transformer", "titans")
RATES = [{"rate": rate} for rate in (2e-3, 4e-3, 8e-3)]
GATED = [{"rate": rate, "start": start} for rate, start in ((4e-3, "usual"), (6e-3, "usual"), (6e-3, "careful"))]


def lesson(step: int, steps: int, rng) -> tuple[int, int, int]:
    """Facts, length and moves of the stories of a step."""
    for share, kinds in STAGES:
        if step <= share * steps:
            facts, noise, moves = kinds[rng.integers(len(kinds))]
            return facts, shortest(facts, moves) + noise, moves
    facts, length = FACTS[rng.integers(len(FACTS))], LENGTHS[rng.integers(len(LENGTHS))]
    return facts, max(length, shortest(facts)), stories.MOVES


def run(job: Job, report: Report) -> Trace:
    steps = QUICK if job.quick else STEPS

    def batch(step: int):
        rng = generator(job.seed, "batch", step)
        facts, length, moves = lesson(step, steps, rng)
        return stories.draw(facts, rng, TOKENS // length, length, moves)

    tests = {
        f"{part}: {length}": stories.draw(
            facts, generator(job.seed, f"test {facts} {length}"), 2 if job.quick else many, length
        )
        for part, facts in PARTS.items()
        for length, many in TESTS.items()
        if not job.quick or length <= 2048
    }
    late = tuple(name for name in tests if int(name.split(": ")[1]) > LONGEST)
    model = build(job.arm, HopeConfig(stories.SYMBOLS, D, 2, H, C), job.seed)
    if "start" in job.choice:
        start_gates(model, job.choice["start"])
    return train(job, Task(stories.SYMBOLS, batch, tests, late=late), model, steps, 2, report)


def measure(job: Job, trace: Trace) -> list[Row]:
    found = {name: (score, "accuracy") for name, score in zip(trace.tasks, trace["score"][-1], strict=True)}
    found["parameters"] = (trace.meta["parameters"], "numbers")
    found["multiply-adds a symbol"] = (trace.meta["multiply_adds"], "multiply-adds")
    found["seconds"] = (float(trace["seconds"][-1]), "s")
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
    minutes=11.5,
    parts=("stories",),
    trials={arm: RATES if arm == "transformer" else GATED for arm in ARMS},
    measure=measure,
    select=lambda rows: sum(row.value for row in rows if row.unit == "accuracy"),
    claims=claims,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
