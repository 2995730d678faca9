"""What every configuration of the demonstrations gives over ten seeds: the numbers teachers are told to expect, and the
curves to show when nothing can be run.

    python -m app.classroom.recorded [--seeds N]     measures what is missing or was made by another configuration

Kept in recorded.json beside this file, by configuration; no number of a demonstration is typed by hand.
"""

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from app import share
from app.language import tr
from app.theme import learner_name

from . import demonstrations, tally
from .tally import told

FILE = Path(__file__).with_suffix(".json")
SEEDS = 10


def key(link: str) -> str:
    """The configuration of a link without its seed, written out in full."""
    query = share.read(dict(parse_qsl(link)))[0].query()
    return "&".join(f"{k}={v}" for k, v in query.items() if k != "seed")


@cache
def _all() -> dict[str, Any]:
    """By configuration. The file says the links as the demonstrations write them: a link may be told in a new way."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {key(link): pool for link, pool in kept.items()}


def find(link: str) -> dict[str, Any] | None:
    """The pooled runs of this configuration, as `tally.pooled` gives them; None when they were never recorded."""
    return _all().get(key(link)) if link else None


def sentence(pool: dict[str, Any]) -> str:
    """What was measured, for people."""
    unit = "%" if pool["unit"] == "%" else tr("bits per character (lower is better)")
    ends = [
        tr(
            "{learner}: first task {first}, last task {last}, mean of all {mean} {unit}",
            learner=learner_name(name),
            first=told(tally.end(arm), pool),
            last=told(arm["last"], pool),
            mean=told(arm["final"], pool),
            unit=unit,
        )
        for name, arm in pool["arms"].items()
    ]
    return tr("At the end, {ends}. {seeds} seeds, 95 % intervals.", ends="; ".join(ends), seeds=pool["runs"])


def measure(link: str, seeds: int) -> dict[str, Any]:
    """Run a configuration with this many seeds."""
    import torch

    from nested_core.run import run

    torch.set_num_threads(1)
    configs = share.read(dict(parse_qsl(link)))[0].configs()
    return tally.pooled([tally.scores([run(config, seed) for config in configs]) for seed in range(seeds)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    kept, wanted = _all(), demonstrations.links()
    found = {link: kept[key(link)] for link in wanted if kept.get(key(link), {}).get("runs") == options.seeds}
    for link in wanted:
        if link not in found:
            found[link] = measure(link, options.seeds)
            print(link, "\n   ", sentence(found[link]), flush=True)
            FILE.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
