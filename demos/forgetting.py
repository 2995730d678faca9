"""Does a nested learner forget less? The same stream, seeds, samples and parameters for every arm, headless.

    python -m demos.forgetting --stream digits                 five pixel orders of real digits, once each
    python -m demos.forgetting --stream languages              three languages returning, eight rounds
    python -m demos.forgetting --stream languages --rounds 1   visited once, 400 steps each
    python -m demos.forgetting --text a.txt --text b.txt       your own texts

Arms: nested; single_loop, one clock and the best rate of its own sweep; and on text transformer, of equal size and
swept too (`python -m nested_core.sweep`). Not shown here: replay and joint training.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from nested_core.config import ConfigError, StreamConfig, decode_text
from nested_core.metrics import average_accuracy, forgetting, learned_accuracy
from nested_core.presets import arms, run_config, stream
from nested_core.trace import Trace

from .common import Claim, Row, claim, run_all, save, show, values

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
KINDS = {"digits": "permuted_digits", "classes": "class_digits", "languages": "languages"}


def measure(arm: str, seed: int, trace: Trace) -> list[Row]:
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
        "seconds": (float(trace["seconds"][-1]), "s"),
    }
    return [Row(arm, seed, metric, value, unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row], baselines: list[str], text: bool) -> list[Claim]:
    """Nested against every baseline, paired by seed; positive favours nested."""
    found = []
    better = BETTER_BITS if text else BETTER_ACCURACY
    for baseline in baselines:
        for metric, words in better.items():
            sign = 1 if metric in ("average_accuracy", "learned_accuracy") else -1
            gain = sign * (values(rows, "nested", metric) - values(rows, baseline, metric))
            found.append(claim(f"nested_vs_{baseline}_{metric}", f"nested {words} than {baseline}", gain))
    return found


def choose_stream(options) -> StreamConfig:
    changes = {} if options.dwell is None else {"dwell": options.dwell}
    if options.text:
        texts = tuple((Path(f).name, decode_text(Path(f).name, Path(f).read_bytes())) for f in options.text)
        return stream("own_text", options.rounds, tasks=len(texts), texts=texts, **changes)
    return stream(KINDS[options.stream], options.rounds, **changes)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stream", choices=KINDS, default="digits")
    parser.add_argument("--rounds", type=int, help="visits to each task; default 1 on digits, 8 on text")
    parser.add_argument("--dwell", type=int, help="steps a visit; default 300 on digits, 400 or (returning) 40 on text")
    parser.add_argument("--text", action="append", metavar="FILE", help="UTF-8 text to use as a task; give two or more")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write rows and claims to FILE")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        if options.seeds < 1 or options.first_seed < 0:
            raise ConfigError(f"seeds: {options.seeds} from {options.first_seed}; give at least 1 seed, from 0 upward.")
        on = choose_stream(options)
        learners = arms(on)
        jobs = [(run_config(on, learner), options.first_seed + i) for i in range(options.seeds) for learner in learners]
        traces = run_all(jobs, console)
    except (ConfigError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    rows = [
        row
        for (config, seed), trace in zip(jobs, traces, strict=True)
        for row in measure(config.learner.name, seed, trace)
    ]
    found = claims(rows, [learner.name for learner in learners[1:]], on.is_text)
    show(rows, found, console)
    if options.json:
        save(options.json, "forgetting", rows, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
