"""A demo as data, and the command line that all demos share.

    python -m demos.NAME [--seeds N] [--quick] [--device auto|cpu|cuda] [--json FILE] [--plot FILE.html]
    python -m demos.NAME --sweep     tries every trial of every arm on tuning seeds and keeps the best in demos/tuned

Every arm gets the same number of trials. Results use seeds from 0, sweeps seeds from 9000.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from nested_core.config import ConfigError, whole
from nested_core.trace import Trace

from .evidence import Claim, Row
from .parallel import Job, run_all
from .report import save_json, save_plot, save_traces, show

FIRST_TUNING_SEED = 9_000
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Demo:
    """One claim of the paper and how it is measured. The module `demos.NAME` has `run(job, report) -> Trace`.

    claim    the claim in one sentence, and source, where the paper makes it
    minutes  of the default run on two cores
    parts    the parts of the experiment (corpora, tasks); every arm runs on every part
    trials   for each arm what its sweep tries; equally many for all. Arms in the order shown, Hope's first
    measure  the rows of one finished run
    select   what a sweep maximises, from the rows of one run
    claims   from all rows; the first one is the headline
    tune_on  parts that the sweep uses; empty: each part is tuned for itself
    trials_on  parts with arms or trials of their own
    pair     two metrics that the plot sets against each other
    few      arms that run on the first seeds only, and on how many
    options  handed on to every job
    flags    what a person adds on the command line to get this form of the demo
    """

    name: str
    claim: str
    source: str
    minutes: float
    parts: tuple[str, ...]
    trials: dict[str, list[dict[str, Any]]]
    measure: Callable[[Job, Trace], list[Row]]
    select: Callable[[list[Row]], float]
    claims: Callable[[list[Row]], list[Claim]]
    seeds: int = 5
    tuning_seeds: int = 1
    tune_on: tuple[str, ...] = ()
    trials_on: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    pair: tuple[str, ...] = ()
    few: dict[str, int] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    flags: str = ""

    @property
    def tuned_file(self) -> Path:
        return HERE / "tuned" / f"{self.name}.json"

    def tuned(self) -> dict[str, Any]:
        """The kept sweep; an arm with one trial needs none."""
        if self.tuned_file.exists():
            return json.loads(self.tuned_file.read_text(encoding="utf-8"))
        return {"best": {}, "trials": []}

    def tried(self, part: str) -> dict[str, list[dict[str, Any]]]:
        """The trials of every arm that runs on this part."""
        return self.trials_on.get(part, self.trials)

    def choice(self, sweep: dict[str, Any], part: str, arm: str) -> dict[str, Any]:
        """The chosen trial of an arm on a part."""
        trials = self.tried(part)[arm]
        if len(trials) == 1:
            return trials[0]
        best = sweep["best"].get(self.tune_on[0] if self.tune_on else part, {}).get(arm)
        if best is None:
            raise ConfigError(f"{self.name}: no tuned values for {arm} on {part}; run with --sweep first.")
        return best


def measure_all(demo: Demo, jobs: list[Job], traces: list[Trace]) -> list[Row]:
    return [row for job, trace in zip(jobs, traces, strict=True) for row in demo.measure(job, trace)]


def run_demo(
    demo: Demo, seeds: int, quick: bool, device: str, console: Console, first: int = 0
) -> tuple[list[Job], list[Trace]]:
    """Every arm on every part with every seed, paired by seed."""
    sweep = demo.tuned()
    jobs = [
        Job(demo.name, part, arm, seed, demo.choice(sweep, part, arm), quick, device, demo.options)
        for seed in range(first, first + seeds)
        for part in demo.parts
        for arm in demo.tried(part)
        if seed - first < demo.few.get(arm, seeds)
    ]
    return jobs, run_all(jobs, console)


def sweep(demo: Demo, quick: bool, device: str, console: Console, arms: list[str] | None = None) -> dict[str, Any]:
    """Try every trial and keep the best of every arm, for each part or once on `tune_on`, in demos/tuned."""
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + demo.tuning_seeds)
    parts = demo.tune_on or demo.parts
    jobs = [
        Job(demo.name, part, arm, seed, trial, quick, device, demo.options)
        for seed in seeds
        for part in parts
        for arm, trials in demo.tried(part).items()
        if len(trials) > 1 and (arms is None or arm in arms)
        for trial in trials
    ]
    traces = run_all(jobs, console, "trials")
    scores: dict[tuple[str, str, str], list[float]] = {}
    for job, trace in zip(jobs, traces, strict=True):
        where = demo.tune_on[0] if demo.tune_on else job.part
        key = (where, job.arm, json.dumps(job.choice))
        scores.setdefault(key, []).append(demo.select(demo.measure(job, trace)))
    kept = demo.tuned()
    replaced = {(part, arm) for part, arm, _ in scores}
    trials = [x for x in kept["trials"] if (x["part"], x["arm"]) not in replaced]
    best = {part: dict(found) for part, found in kept["best"].items()}
    top: dict[tuple[str, str], float] = {}
    for (part, arm, choice), found in scores.items():
        score = sum(found) / len(found)
        trials.append({"part": part, "arm": arm, "choice": json.loads(choice), "score": round(score, 5)})
        if (part, arm) not in top or score > top[part, arm]:
            top[part, arm] = score
            best.setdefault(part, {})[arm] = json.loads(choice)
        console.print(f"{part:24} {arm:16} {choice:40} {score:.4f}")
    document = {"date": date.today().isoformat(), "seeds": list(seeds), "best": best, "trials": trials}
    if not quick:
        demo.tuned_file.parent.mkdir(exist_ok=True)
        demo.tuned_file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return document


def choose_device(wanted: str) -> str:
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ConfigError("device: 'cuda' cannot be used, torch sees no GPU here; give cpu or auto.")
    return "cpu"


def main(
    demo: Demo,
    description: str | None,
    arguments: list[str] | None = None,
    add: Callable[[argparse.ArgumentParser], None] | None = None,
    choose: Callable[[argparse.Namespace], Demo] | None = None,
) -> int:
    """The command line of a demo. A demo with options of its own gives `add`, which adds them to the parser, and
    `choose`, which makes of the parsed options the form of the demo that is meant."""
    parser = argparse.ArgumentParser(
        prog=f"python -m demos.{demo.name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, help=f"number of seeds (default {demo.seeds})")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a short version that tests the machinery, no evidence")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", metavar="FILE", help="write rows, claims and the sweep to FILE")
    parser.add_argument("--plot", metavar="FILE.html", help="write a plot of every metric to FILE.html")
    parser.add_argument("--traces", metavar="FOLDER", help="where the traces of the first seed go", default=None)
    parser.add_argument("--sweep", action="store_true", help="tune every arm anew and keep the best values")
    parser.add_argument("--arm", action="append", choices=list(demo.trials), help="with --sweep: only this arm")
    if add:
        add(parser)
    options = parser.parse_args(arguments)
    console = Console()
    try:
        demo = choose(options) if choose else demo
        seeds = demo.seeds if options.seeds is None else options.seeds
        whole("seeds", seeds, 1, 1000)
        whole("first-seed", options.first_seed, 0, FIRST_TUNING_SEED - seeds)
        device = choose_device(options.device)
        if options.sweep:
            sweep(demo, options.quick, device, console, options.arm)
            return 0
        start = time.perf_counter()
        jobs, traces = run_demo(demo, seeds, options.quick, device, console, options.first_seed)
        seconds = time.perf_counter() - start
        rows = measure_all(demo, jobs, traces)
        found = demo.claims(rows)
        show(rows, found, console)
        folder = Path(options.traces) if options.traces else HERE / "traces" / demo.name
        save_traces(folder, jobs, traces)
        console.print(f"{seconds / 60:.1f} minutes; traces of the first seed, for the app to open, are in {folder}")
        if options.json:
            settings = {
                "seeds": seeds, "quick": options.quick, "device": device, "machine": machine(device),
                "seconds": round(seconds, 1), "date": date.today().isoformat(),
                "command": command(demo, seeds, options.quick, options.first_seed),
            }  # fmt: skip
            save_json(options.json, demo.name, settings, rows, found, demo.tuned())
        if options.plot:
            save_plot(options.plot, demo.claim, rows, demo.pair)
    except (ConfigError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def machine(device: str) -> str:
    """The machine in words."""
    words = f"{os.cpu_count()} cores ({platform.machine()})"
    if device == "cuda":
        import torch

        words += f" and one {torch.cuda.get_device_name()}"
    return words


def command(demo: Demo, seeds: int, quick: bool, first: int = 0) -> str:
    """What a person types to get the same rows."""
    words = [f"python -m demos.{demo.name}", demo.flags, f"--seeds {seeds}" * (seeds != demo.seeds)]
    return " ".join(filter(None, [*words, f"--first-seed {first}" * (first > 0), "--quick" * quick]))
