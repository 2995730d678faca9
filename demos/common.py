"""What every demo does: run configs over seeds with a progress bar, compare arms paired by seed, print and save.

The JSON form: {"demo", "rows": [{arm, seed, metric, value, unit}], "claims": [{id, statement, measured, ci95, n_seeds,
verdict}]}. `measured` is a mean paired difference written so that larger favours the claim. A claim is "reproduced"
only if its 95 % interval lies above zero, "not reproduced" if it lies below, "inconclusive" otherwise.
"""

import json
import math
import multiprocessing
import os
import queue
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from scipy.stats import bootstrap

from nested_core.config import RunConfig
from nested_core.trace import Trace

REPORT_EVERY = 20  # steps between two messages of a worker


@dataclass(frozen=True)
class Row:
    arm: str
    seed: int
    metric: str
    value: float
    unit: str


@dataclass(frozen=True)
class Claim:
    id: str
    statement: str
    measured: float
    ci95: tuple[float, float] | None
    n_seeds: int

    @property
    def verdict(self) -> str:
        if self.ci95 is None or self.ci95[0] <= 0 <= self.ci95[1]:
            return "inconclusive"
        return "reproduced" if self.ci95[0] > 0 else "not reproduced"


def _start(messages) -> None:
    global _messages
    _messages = messages


def _run(job: tuple[RunConfig, int]) -> Trace:
    from nested_core.run import run  # torch is needed in workers only

    config, seed = job
    reported = 0

    def report(recorder) -> None:
        nonlocal reported
        done = recorder.count("task")
        if done - reported >= REPORT_EVERY or done == config.stream.steps:
            _messages.put(done - reported)
            reported = done

    return run(config, seed, report)


def run_all(jobs: list[tuple[RunConfig, int]], console: Console) -> list[Trace]:
    """The traces of all (config, seed) jobs, in order, computed by one process a core."""
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    processes = min(len(jobs), os.cpu_count() or 1)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeRemainingColumn(),
    )
    with context.Pool(processes, _start, (messages,)) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task(f"{len(jobs)} runs", total=sum(config.stream.steps for config, _ in jobs))
        result = pool.map_async(_run, jobs, chunksize=1)
        while not (result.ready() and messages.empty()):
            try:
                progress.advance(bar, messages.get(timeout=0.2))
            except queue.Empty:
                continue
        return result.get()


def interval(values) -> tuple[float, float] | None:
    """95 % bootstrap interval (percentile) of the mean over seeds; None for fewer than three seeds."""
    values = np.asarray(values, dtype=float)
    if len(values) < 3:
        return None
    if np.ptp(values) == 0:
        return (float(values[0]), float(values[0]))
    found = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9_999, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def claim(id: str, statement: str, differences) -> Claim:
    """A claim from paired differences, one a seed, written so that positive favours it."""
    return Claim(id, statement, float(np.mean(differences)), interval(differences), len(differences))


def values(rows: list[Row], arm: str, metric: str) -> np.ndarray:
    """One value a seed, in the order of seeds."""
    return np.array([row.value for row in sorted(rows, key=lambda r: r.seed) if (row.arm, row.metric) == (arm, metric)])


def show(rows: list[Row], claims: list[Claim], console: Console) -> None:
    """Print mean and 95 % interval of every metric for every arm, and the claims."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    table = Table("metric", *arms, "unit", title="mean [95 % interval] over seeds")
    for metric, unit in dict.fromkeys((row.metric, row.unit) for row in rows):
        cells = []
        for arm in arms:
            data, digits = values(rows, arm, metric), 0 if unit in ("numbers", "samples") else 3
            ci = interval(data)
            cells.append(
                f"{data.mean():.{digits}f}" + (f" [{ci[0]:.{digits}f}, {ci[1]:.{digits}f}]" if ci and digits else "")
            )
        table.add_row(metric, *cells, unit)
    console.print(table)
    table = Table("claim", "measured", "95 % interval", "seeds", "verdict")
    for c in claims:
        ci = "-" if c.ci95 is None else f"[{c.ci95[0]:.3f}, {c.ci95[1]:.3f}]"
        table.add_row(c.statement, f"{c.measured:.3f}", ci, str(c.n_seeds), c.verdict)
    console.print(table)


def save(path: str, demo: str, rows: list[Row], claims: list[Claim]) -> None:
    """Write the JSON form; a number that is not defined becomes null."""

    def plain(value):
        return None if isinstance(value, float) and not math.isfinite(value) else value

    document = {
        "demo": demo,
        "rows": [{k: plain(v) for k, v in vars(row).items()} for row in rows],
        "claims": [
            {**vars(c), "measured": plain(c.measured), "ci95": c.ci95 and list(c.ci95), "verdict": c.verdict}
            for c in claims
        ],
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
