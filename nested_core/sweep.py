"""How the rates in `presets` were chosen: every arm gets the same number of trials, on seeds that no result uses.

    python -m nested_core.sweep --stream permuted_digits|class_digits|languages [--rounds R] [--arm ARM] [--seeds N]

Arms: nested, single_loop (for digits with two optimizers), transformer (text). The best trial of an arm is the one with
the best final mean over all tasks. Prints one row a trial.
"""

import argparse
import multiprocessing
from dataclasses import replace

import numpy as np

from .config import LearnerConfig, Level, RunConfig, StreamConfig
from .metrics import average_accuracy, forgetting, learned_accuracy
from .presets import nested, single_loop, stream, transformer

FIRST_SEED = 9_000  # results use seeds from 0
DIGIT_RATES = {"sgd": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "adam": (1e-5, 1e-4, 3e-4, 1e-3, 3e-3)}
RETURNING_RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2)
ONCE_RATES = (3e-5, 6e-5, 1e-4, 3e-4, 1e-3, 3e-3)
# Fast rate, then (period, fraction) of each slower level.
RETURNING_NESTS = (
    (1e-2, (5, 0.3), (40, 0.5)), (1e-2, (10, 0.2)), (1e-2, (40, 0.5)),
    (3e-3, (5, 0.3), (40, 0.5)), (3e-3, (40, 0.5)), (1e-2, (5, 0.3), (40, 0.3)),
)  # fmt: skip
ONCE_NESTS = (
    (3e-3, (20, 0.3), (200, 0.5)), (3e-3, (100, 0.3)), (3e-3, (400, 0.5)),
    (3e-3, (400, 0.45)), (3e-3, (400, 0.4)), (1e-2, (400, 0.5)),
)  # fmt: skip
DIGIT_NESTS = (  # periods and rate
    ((1, 4, 16), 0.3), ((1, 4, 16), 1.0), ((1, 4, 16), 3.0), ((1, 8, 64), 0.3), ((1, 8, 64), 1.0),
)  # fmt: skip


def trials(arm: str, on: StreamConfig) -> list[LearnerConfig]:
    """The configurations tried for an arm on a stream."""
    if arm == "nested" and on.is_text:
        nests = RETURNING_NESTS if on.rounds > 1 else ONCE_NESTS
        return [replace(nested(on), levels=(Level(1, fast), *(Level(*slow) for slow in rest))) for fast, *rest in nests]
    if arm == "nested":
        return [replace(nested(on), levels=tuple(Level(p, rate) for p in periods)) for periods, rate in DIGIT_NESTS]
    base = transformer(on) if arm == "transformer" else single_loop(on)
    if not on.is_text:
        return [
            replace(base, optimizer=name, levels=(Level(1, rate),))
            for name, rates in DIGIT_RATES.items()
            for rate in rates
        ]
    return [replace(base, levels=(Level(1, rate),)) for rate in (RETURNING_RATES if on.rounds > 1 else ONCE_RATES)]


def measure(job: tuple[LearnerConfig, StreamConfig, int]) -> dict[str, float]:
    """One run in figures: average, learned and forgetting on held-out data, and the online score of the second half."""
    from .run import run

    learner, on, seed = job
    trace = run(RunConfig(on, learner, probe_every=on.dwell), seed)
    R = trace.task_matrix()
    return {
        "average": average_accuracy(R),
        "learned": learned_accuracy(R),
        "forgetting": forgetting(R, trace.lower_is_better),
        "online": float(trace["online"][trace.steps // 2 :].mean()),
    }


def describe(learner: LearnerConfig) -> str:
    return f"{learner.name} {learner.optimizer} " + ", ".join(f"{x.name}: {x.rate:g}" for x in learner.levels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stream", choices=("permuted_digits", "class_digits", "languages"), required=True)
    parser.add_argument("--rounds", type=int, help="visits to each task; default 1 on digits, 8 on languages")
    parser.add_argument("--arm", choices=("nested", "single_loop", "transformer"), action="append")
    parser.add_argument("--seeds", type=int, help="default 6 on digits, 1 on languages, where one run takes minutes")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    on = stream(options.stream, options.rounds)
    seeds = options.seeds or (1 if on.is_text else 6)
    arms = options.arm or ["nested", "single_loop", *(["transformer"] if on.is_text else [])]
    learners = [learner for arm in arms for learner in trials(arm, on)]
    jobs = [(learner, on, FIRST_SEED + i) for learner in learners for i in range(seeds)]
    best: dict[str, tuple[float, str]] = {}
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        results = pool.imap(measure, jobs)
        for learner in learners:
            rows = [next(results) for _ in range(seeds)]
            mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
            print(
                f"{describe(learner):60s} " + "  ".join(f"{name} {value:.3f}" for name, value in mean.items()),
                flush=True,
            )
            rank = mean["average"] * (1 if on.is_text else -1)
            best[learner.name] = min(best.get(learner.name, (np.inf, "")), (rank, describe(learner)))
    for _, choice in best.values():
        print("best:", choice)


if __name__ == "__main__":
    main()
