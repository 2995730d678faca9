"""Test what the lessons say: `python -m lessons.check [--quick] [--lesson 01] [--seeds N]`.

Every claim is measured on N seeds; it holds if the 95 % bootstrap interval of the mean lies inside the range that the
lesson states. The exit status is 1 when one does not. --quick: two seeds, the mean alone, and no slow claims.
"""

import argparse
import multiprocessing
import os
import sys
from dataclasses import dataclass

import numpy as np

from nested_core.config import ConfigError, whole
from nested_core.metrics import bootstrap_interval

from . import all_lessons
from . import lesson as find
from .lesson import Claim
from .picture import tidy

SEEDS, QUICK_SEEDS = 10, 2


@dataclass(frozen=True)
class Verdict:
    """One claim and what was measured, one value a seed."""

    lesson: int
    claim: Claim
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval (percentile) of the mean; for fewer than three seeds the mean itself."""
        if len(self.values) < 3:
            return self.mean, self.mean
        low, high = bootstrap_interval(np.array(self.values))
        return float(low), float(high)

    @property
    def holds(self) -> bool:
        low, high = self.interval
        return bool(np.isfinite(self.values).all()) and self.claim.low <= low and high <= self.claim.high


def check(numbers: list[int], seeds: int, quick: bool) -> list[Verdict]:
    """Measure every claim of these lessons."""
    jobs = [(n, seeds, quick) for n in numbers]
    if len(jobs) == 1 or quick or (os.cpu_count() or 1) < 2:
        return [verdict for job in jobs for verdict in _measured(job)]
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        return [verdict for found in pool.imap(_values, jobs, chunksize=1) for verdict in _verdicts(*found)]


def _claims(number: int, quick: bool) -> list[Claim]:
    return [claim for claim in find(number).claims if not (quick and claim.slow)]


def _values(job: tuple[int, int, bool]) -> tuple[int, bool, list[tuple[float, ...]]]:
    """The numbers of one lesson; seed by seed, so that claims share the runs of a seed."""
    import torch

    torch.set_num_threads(1)
    number, seeds, quick = job
    claims = _claims(number, quick)
    rows = [[float(claim.measure(seed)) for claim in claims] for seed in range(seeds)]
    return number, quick, list(zip(*rows, strict=True))


def _verdicts(number: int, quick: bool, values: list[tuple[float, ...]]) -> list[Verdict]:
    return [Verdict(number, claim, found) for claim, found in zip(_claims(number, quick), values, strict=True)]


def _measured(job: tuple[int, int, bool]) -> list[Verdict]:
    return _verdicts(*_values(job))


def table(verdicts: list[Verdict]) -> str:
    lines = []
    for v in verdicts:
        low, high = v.interval
        said = f"{tidy(v.claim.low)} to {tidy(v.claim.high)}"
        lines.append(
            f"{v.lesson:2}  {v.claim.name:26} {tidy(v.mean):>8} [{tidy(low)}, {tidy(high)}] {v.claim.unit:10}"
            f" said {said:16} {'holds' if v.holds else 'FAILS: ' + v.claim.sentence}"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lessons.check", description="Test what the lessons say.")
    parser.add_argument("--quick", action="store_true", help="two seeds, no slow claims")
    parser.add_argument("--lesson", action="append", metavar="NUMBER", help="only this lesson; may be repeated")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"default {SEEDS}, with --quick {QUICK_SEEDS}")
    options = parser.parse_args(arguments)
    try:
        numbers = [find(n).number for n in options.lesson or [x.number for x in all_lessons()]]
        seeds = options.seeds if options.seeds is not None else QUICK_SEEDS if options.quick else SEEDS
        whole("seeds", seeds, 1, 1000)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    verdicts = check(numbers, seeds, options.quick)
    print(table(verdicts))
    failed = sum(not v.holds for v in verdicts)
    print(f"{len(verdicts)} claims, {seeds} seeds, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
