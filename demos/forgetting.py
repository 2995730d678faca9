"""Does a nested learner forget less? The same stream, seeds, samples and parameters for every arm, headless.

    python -m demos.forgetting --stream digits                 five pixel orders of real digits, once each
    python -m demos.forgetting --stream classes                two new digits at a time
    python -m demos.forgetting --stream languages              three languages returning, eight rounds
    python -m demos.forgetting --stream languages --rounds 1   visited once, 400 steps each
    python -m demos.forgetting --text a.txt --text b.txt       your own texts

Nested Learning, 7.1 and 9.1. Arms: nested; single_loop, the same architecture on one clock; on text transformer, of
equal size; and, training the single loop's model in other ways (`demos.baselines`): ewc, which is told where a task
ends, replay from a reservoir of 200 samples, and joint, the upper bound that sees all tasks in every batch. On text
these three run on the first three seeds only, and claims against them pair these. The rates of the first arms are those
of `nested_core.presets`, chosen by `python -m nested_core.sweep`; the others have a sweep here with as many trials.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from nested_core.config import Level, RunConfig, StreamConfig, check, decode_text
from nested_core.metrics import average_accuracy, forgetting, learned_accuracy
from nested_core.presets import arms, run_config, single_loop, stream
from nested_core.trace import Trace

from .command import Demo, main
from .evidence import Claim, Row, claim
from .parallel import Job, Report

BETTER_ACCURACY = {
    "average_accuracy": "ends higher on the mean of all tasks",
    "learned_accuracy": "learns each task better",
    "forgetting": "forgets less",
}
BETTER_BITS = {
    "average_bits": "ends lower on the mean of all tasks",
    "online_bits": "predicts the second half of the stream better",
    "learned_bits": "learns each task better",
    "forgetting_bits": "forgets less",
}
REFERENCES = ("ewc", "replay", "joint")
KINDS = {"digits": "permuted_digits", "classes": "class_digits", "languages": "languages"}
DIGIT_RATES = [("sgd", rate) for rate in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)]
DIGIT_RATES += [("adam", rate) for rate in (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)]
TEXT_RATES = [("adam", rate) for rate in (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2)]
# Optimizer, rates and strengths of EWC: as many trials as replay and joint training have.
EWC = {
    "digits once": ("sgd", (0.3, 1.0, 3.0), (1, 10, 100, 300)),
    "digits returning": ("sgd", (0.3, 1.0, 3.0), (1, 10, 100, 300)),
    "classes once": ("sgd", (0.03, 0.1, 0.3), (1e3, 1e4, 3e4, 1e5)),
    "classes returning": ("sgd", (0.03, 0.1, 0.3), (1, 10, 100, 1e3)),
    "languages once": ("adam", (1e-3, 3e-3), (1, 10, 100)),
    "languages returning": ("adam", (1e-3, 3e-3), (0.1, 1, 10)),
}


def configs(on: StreamConfig) -> dict[str, RunConfig]:
    """What every arm learns with on a stream; that of a reference arm still lacks its tuned values."""
    learners = {learner.name: learner for learner in arms(on)}
    return {
        name: run_config(on, x)
        for name, x in (learners | {arm: replace(single_loop(on), name=arm) for arm in REFERENCES}).items()
    }


def run(job: Job, report: Report) -> Trace:
    from nested_core.run import build
    from nested_core.run import run as learn  # torch is needed in workers only

    from .baselines import Ewc, Joint, Replay

    on: StreamConfig = job.options["stream"]
    if job.quick:
        on = replace(on, rounds=1, dwell=min(on.dwell, 2 if on.is_text else 40))
    config, choice, make = configs(on)[job.arm], job.choice, None
    if job.arm in REFERENCES:
        tuned = replace(config.learner, optimizer=choice["optimizer"], levels=(Level(1, choice["rate"]),))
        config = replace(config, learner=tuned)

        def make(learner, stream, seed):
            base = build(learner, stream, seed)
            if job.arm == "ewc":
                return Ewc(base, stream, seed, choice["strength"])
            return {"replay": Replay, "joint": Joint}[job.arm](base, stream, seed)

    return learn(config, job.seed, make, watch=lambda steps: report(steps / on.steps))


def measure(job: Job, trace: Trace) -> list[Row]:
    """The rows of one finished run."""
    R, text = trace.task_matrix(), trace.lower_is_better
    end, unit = ("bits", "bits per character") if text else ("accuracy", "fraction")
    found = {
        f"average_{end}": (average_accuracy(R), unit),
        f"learned_{end}": (learned_accuracy(R), unit),
        "forgetting_bits" if text else "forgetting": (forgetting(R, text), unit),
        f"online_{end}": (float(trace["online"][trace.steps // 2 :].mean()), unit),
        "parameters": (trace.meta["parameters"], "numbers"),
        "state": (trace.meta["state"], "numbers"),
        "samples": (trace.steps * trace.meta["samples"], "samples"),
        "multiply_adds": (trace.meta["multiply_adds"], "multiply-adds"),
        "seconds": (float(trace["seconds"][-1]), "s"),
    }
    return [Row(job.arm, job.seed, metric, value, unit) for metric, (value, unit) in found.items()]


def select(rows: list[Row]) -> float:
    found = {row.metric: row.value for row in rows}
    return found["average_accuracy"] if "average_accuracy" in found else -found["average_bits"]


def gains(rows: list[Row], baseline: str, metric: str) -> np.ndarray:
    """By how much nested is better, a value for each seed that both arms have."""
    by_seed = {
        arm: {r.seed: r.value for r in rows if (r.arm, r.metric) == (arm, metric)} for arm in ("nested", baseline)
    }
    both = sorted(by_seed["nested"].keys() & by_seed[baseline].keys())
    sign = 1 if metric in ("average_accuracy", "learned_accuracy") else -1
    return sign * np.array([by_seed["nested"][seed] - by_seed[baseline][seed] for seed in both])


def claims(rows: list[Row]) -> list[Claim]:
    """Nested against every baseline, paired by seed; positive favours nested."""
    better = BETTER_BITS if any(row.metric == "average_bits" for row in rows) else BETTER_ACCURACY
    baselines = [arm for arm in dict.fromkeys(row.arm for row in rows) if arm not in ("nested", "joint")]
    return [
        claim(f"nested_vs_{baseline}_{metric}", f"nested {words} than {baseline}", gains(rows, baseline, metric))
        for baseline in baselines
        for metric, words in better.items()
    ]


def demo(on: StreamConfig, kind: str, flags: str = "", sweep: bool = False) -> Demo:
    """The demo on a stream. kind: "digits", "classes" or "languages", whose sweep serves it.

    Reference arms are left out, unless it is to `sweep`, where they were never tuned.
    """
    tuned = f"{kind} {'returning' if on.rounds > 1 else 'once'}"
    optimizer, rates, strengths = EWC[tuned]
    ewc = [{"optimizer": optimizer, "rate": r, "strength": s} for r in rates for s in strengths]
    others = [{"optimizer": name, "rate": rate} for name, rate in (TEXT_RATES if on.is_text else DIGIT_RATES)]
    found = Demo(
        name="forgetting",
        claim="A nested learner forgets less of a stream of tasks than one on a single clock",
        source="7.1, 9.1",
        minutes=15 if on.is_text else 4,
        parts=("own text",) if on.kind == "own_text" else (tuned,),
        trials={learner.name: [{}] for learner in arms(on)} | {"ewc": ewc, "replay": others, "joint": others},
        measure=measure,
        select=select,
        claims=claims,
        seeds=10,
        tuning_seeds=1 if on.steps > 1500 or on.is_text else 2,
        tune_on=(tuned,) if on.kind == "own_text" else (),
        few=dict.fromkeys(REFERENCES, 3) if on.is_text else {},
        options={"stream": on},
        flags=flags,
    )
    if sweep or tuned in found.tuned()["best"]:
        return found
    return replace(found, trials={arm: trials for arm, trials in found.trials.items() if arm not in REFERENCES})


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stream", choices=KINDS, default="digits")
    parser.add_argument("--rounds", type=int, help="visits to each task; default 1 on digits, 8 on text")
    parser.add_argument("--dwell", type=int, help="steps a visit; default 300 on digits, 400 or (returning) 40 on text")
    parser.add_argument("--text", action="append", metavar="FILE", help="UTF-8 text to use as a task; give two or more")


def choose(options: argparse.Namespace) -> Demo:
    changes = {} if options.dwell is None else {"dwell": options.dwell}
    typed = {"rounds": options.rounds, "dwell": options.dwell}
    flags = " ".join(f"--{name} {value}" for name, value in typed.items() if value is not None)
    if not options.text:
        on = stream(KINDS[options.stream], options.rounds, **changes)
        return demo(on, options.stream, f"--stream {options.stream} {flags}".strip(), options.sweep)
    check(not options.sweep, "sweep", "--text", "sweep a --stream; your texts use what was tuned on languages")
    texts = tuple((Path(f).name, decode_text(Path(f).name, Path(f).read_bytes())) for f in options.text)
    on = stream("own_text", options.rounds, tasks=len(texts), texts=texts, **changes)
    return demo(on, "languages", " ".join([*(f"--text {f}" for f in options.text), flags]).strip())


DEMO = demo(stream("permuted_digits"), "digits")

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__, None, add, choose))
