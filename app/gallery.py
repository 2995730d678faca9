"""Presets: named configurations, each a link, with what it claims and what to look for. Some make nested lose.

    python -m app.gallery [--seeds N] [--only NAME]     runs them and says which claims hold on every seed

`winner` is the learner that must have the best final mean of the run; "" where the claim is about something else.
Numbers in the words were measured at seed 0, those on pixel orders at seeds 0 and 1.
"""

import argparse
import multiprocessing
import sys
from dataclasses import dataclass
from urllib.parse import parse_qs

from nested_core.metrics import average_accuracy
from nested_core.phrase import phrase

from .share import Choice, read


@dataclass(frozen=True)
class Preset:
    name: str
    link: str
    claim: str
    look: str
    winner: str = "nested"

    @property
    def choice(self) -> Choice:
        return read({k: v[0] for k, v in parse_qs(self.link, keep_blank_values=True).items()})[0]


PRESETS = (
    Preset(
        phrase("The network that forgets"),
        "stream=permuted_digits",
        phrase("One clock loses the first pixel orders; three clocks with a memory of their inputs keep them."),
        phrase("At every change of the shading, watch the curves of the old tasks: they fall below, and stay above."),
    ),
    Preset(
        phrase("Old classes vanish"),
        "stream=class_digits",
        phrase("When classes never come back, a single loop ends near one class pair in five: 23 % against 97 %."),
        phrase("The single loop drops to zero on a class pair within a few steps of the next one."),
    ),
    Preset(
        phrase("Two tasks are enough"),
        "stream=permuted_digits&tasks=2",
        phrase("Two pixel orders already show it: the second is written over the first."),
        phrase("The first curve of the single loop after the change, and how little the nested one moves."),
    ),
    Preset(
        phrase("Ten pixel orders"),
        "stream=permuted_digits&tasks=10&dwell=150",
        phrase("A memory fills up: with ten tasks even the protected learner gives something away."),
        phrase("Later tasks of the nested learner end lower than its first ones: fewer free directions are left."),
    ),
    Preset(
        phrase("Practice makes forgetting vanish"),
        "stream=permuted_digits&rounds=8",
        phrase("When tasks return often there is nothing left to protect, and the plain single loop wins."),
        phrase("Both stay high; the single loop ends about three points above."),
        "single_loop",
    ),
    Preset(
        phrase("Classes take turns"),
        "stream=class_digits&rounds=8",
        phrase(
            "Class pairs that return every 200 steps: the single loop swings with them, the nested learner does not."
        ),
        phrase("The saw teeth of the single loop, one tooth a visit."),
    ),
    Preset(
        phrase("Clocks alone do little"),
        "stream=permuted_digits&levels=1*0.3",
        phrase(
            "One clock with the least-squares memory keeps a little more than three: the memory protects, not the "
            "clocks."
        ),
        phrase("Compare the final mean with that of 'The network that forgets'."),
    ),
    Preset(
        phrase("A clock that is too slow"),
        "stream=permuted_digits&levels=300*0.3",
        phrase(
            "A level that writes once a visit learns the first task; its second write ruins it: nested loses on "
            "purpose."
        ),
        phrase("One tick at the end of each visit: the first curve jumps up at step 300, and down at step 600."),
        "single_loop",
    ),
    Preset(
        phrase("A rate that is too small"),
        "stream=permuted_digits&levels=1*0.0001_4*0.0001_16*0.0001",
        phrase("The features stay where they began; only the read-outs learn."),
        phrase("The change below every tick: a small fraction of that in the first preset."),
        "",
    ),
    Preset(
        phrase("A paused level"),
        "stream=permuted_digits&levels=1*0.3_4*0.3_16*0.3*p",
        phrase("A level that never writes has no ticks, its memory stands still, and asked alone it knows nothing."),
        phrase("The row every 16 in the raster, and its heat map."),
        "",
    ),
    Preset(
        phrase("Hasty visits"),
        "stream=permuted_digits&dwell=20",
        phrase("Twenty steps a task: too short to learn well, and too short to forget much."),
        phrase("All curves are lower, and the gap between the two learners is smaller."),
        "",
    ),
    Preset(
        phrase("Fading weights"),
        "stream=permuted_digits&tasks=3&dwell=150&levels=1*0.3*k0.98_4*0.3*k0.98_16*0.3*k0.98",
        phrase("Levels that keep only 98 % of their weights at each write lose what the protection had kept."),
        phrase("The first pixel order ends near 81 %. Set every retention to 1 and run again: it stays at 96 %."),
    ),
    Preset(
        phrase("Back to the first task"),
        "stream=permuted_digits&tasks=3&dwell=150&order=1_2_1_3_1",
        phrase(
            "A task that returns in between is repaired, and what never returns is not: order decides what a loop "
            "forgets."
        ),
        phrase("Single loop: order 1 is back near 97 % after each return, order 2 is left behind at 82 to 90 %."),
    ),
    Preset(
        phrase("Tasks much alike"),
        "stream=permuted_digits&dwell=150&similar=80",
        phrase(
            "When 80 % of the pixels stay in place there is little to forget, and little for a nest to win: 2 points."
        ),
        phrase("Every task is at 76 to 93 % before its first visit. Move the slider to 0: 20 points or more."),
    ),
    Preset(
        phrase("Three languages in turn"),
        "stream=languages",
        phrase(
            "Slow levels that hold the start of the fast ones keep every language near: 2.62 bits against 2.87 and "
            "3.22."
        ),
        phrase(
            "The first three batches after a change cost 2.9 bits against 3.4; ten batches later it is back at 2.3."
        ),
    ),
    Preset(
        phrase("Each language once"),
        "stream=languages&rounds=1",
        phrase(
            "Visited once for 400 steps each: the nested learner ends best, because it learns each better; all forget."
        ),
        phrase(
            "English improves while Python is read, and is partly lost under the cipher; the single loop never "
            "catches up."
        ),
    ),
    Preset(
        phrase("Hope on one clock, too fast"),
        "stream=languages&levels=1*0.01&with=single_loop",
        phrase(
            "The same fast rate without slower levels ends at 3.24 bits: a single loop, and not the best one (2.87)."
        ),
        phrase("Right after a change of language it needs 3.7 bits; with slower levels above it, it needed 2.9."),
        "single_loop",
    ),
    Preset(
        phrase("A slow level out of step"),
        "stream=languages&levels=1*0.01_30*0.5&with=single_loop",
        phrase(
            "A period of 30 steps cuts visits of 40 in the middle: 2.78 bits, between a nest in step and the single "
            "loop."
        ),
        phrase("Batches right after a change cost 3.3 bits: less than on one clock (3.7), more than in step (2.9)."),
        "",
    ),
    Preset(
        phrase("A level that copies everything"),
        "stream=languages&levels=1*0.01_40*1&with=single_loop",
        phrase(
            "A slower level that moves all the way keeps nothing of its own: 3.26 bits, as forgetful as one clock "
            "(3.24)."
        ),
        phrase("The nested curves fall back as far as in 'Hope on one clock, too fast' at every change."),
        "single_loop",
    ),
)


def by_name(name: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.name == name), None)


def final_means(job: tuple[str, int]) -> dict[str, float]:
    """The final mean over all tasks of every learner of a preset, for one seed."""
    from nested_core.run import run

    name, seed = job
    traces = [run(config, seed) for config in by_name(name).choice.configs()]
    return {trace.meta["config"]["learner"]["name"]: average_accuracy(trace.task_matrix()) for trace in traces}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", metavar="NAME")
    options = parser.parse_args()
    chosen = [p for p in PRESETS if not options.only or p.name in options.only]
    jobs, failed = [(p.name, seed) for p in chosen for seed in range(options.seeds)], 0
    with multiprocessing.get_context("spawn").Pool() as pool:
        for (name, seed), means in zip(jobs, pool.imap(final_means, jobs), strict=True):
            preset = by_name(name)
            best = (max if "digits" in preset.choice.kind else min)(means, key=means.get)
            wrong = bool(preset.winner) and best != preset.winner
            failed += wrong
            words = ", ".join(f"{arm} {value:.3f}" for arm, value in means.items())
            print(f"{name:34} seed {seed}: {words}" + ("   CLAIM FAILS" if wrong else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
