"""Train one sequence model on generated batches and record a Trace: the loop of all demos without tasks in sequence.

AdamW, warm-up over the first 5 % of the steps, then a cosine to a tenth of the rate or, where a task says so, to 0; the
same for every arm. Tests are fresh data, read in pieces with the state carried over, so that their length does not cost
memory; nothing is written.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nested_core.bench import multiply_adds
from nested_core.config import LearnerConfig, Level
from nested_core.language_model import LanguageModel
from nested_core.nest import GradientLevels
from nested_core.streams.base import Batch
from nested_core.trace import Recorder, Trace

from .arms import count, describe
from .parallel import Job, Report

IGNORE = -100  # target of a token at which nothing is asked
PIECE = 512  # tokens of a test read at a time
QUICK, QUICK_TEST = 3, 4  # steps, and sequences of a test, in a short form, which tests the machinery


@dataclass(frozen=True)
class Task:
    """What is learned and what is tested.

    batch  step (from 1) -> x, y [B, T] int64; y is IGNORE where nothing is asked
    tests  fresh sequences by name
    unit   "accuracy": share of the asked tokens that are right; "bits per character"
    whole  accuracy counts a sequence only if every asked token is right
    late   names of tests that are made at the end only, since they take long; nan before
    last   share of the rate that is left at the end
    """

    vocab_size: int
    batch: Callable[[int], Batch]
    tests: dict[str, Batch]
    unit: str = "accuracy"
    whole: bool = False
    late: tuple[str, ...] = ()
    last: float = 0.1


@torch.no_grad()
def read(model: LanguageModel, x: Tensor, y: Tensor, piece: int = PIECE) -> tuple[Tensor, Tensor]:
    """(right, nats), each [B, T] with nan where nothing is asked; the sequence is read in pieces."""
    state, right, nats = None, [], []
    for a, b in zip(x.split(piece, 1), y.split(piece, 1), strict=True):
        logits, state = model(a, state)
        asked = b != IGNORE
        loss = F.cross_entropy(logits.flatten(0, 1), b.flatten(), ignore_index=IGNORE, reduction="none").view(b.shape)
        nats.append(loss.masked_fill(~asked, math.nan))
        right.append((logits.argmax(-1) == b).to(loss.dtype).masked_fill(~asked, math.nan))
    return torch.cat(right, 1), torch.cat(nats, 1)


def score(model: LanguageModel, task: Task, test: Batch) -> float:
    right, nats = read(model, test.x, test.y)
    if task.unit != "accuracy":
        return float(nats.nanmean()) / math.log(2)
    if task.whole:
        return float((right.nan_to_num(1.0) == 1).all(1).double().mean())
    return float(right.nanmean())


class Arm(GradientLevels):
    """A model on one clock, as the learner that a trace describes."""

    def __init__(self, name: str, model: LanguageModel, rate: float, cost: int):
        super().__init__(LearnerConfig(name, "transformer", "adam", "single", (Level(1, rate),)), model, cost)


def moved(batch: Batch, device: str) -> Batch:
    return Batch(batch.x.to(device), batch.y.to(device))


def train(
    job: Job, task: Task, model: LanguageModel, steps: int, probes: int, report: Report, seconds: float = math.inf,
    notes: dict[str, Any] | None = None, learner: type[Arm] = Arm,
) -> Trace:  # fmt: skip
    """Learn `steps` batches, at most for `seconds` of training, testing `probes` times on the way, and record it all.

    The trace calls every test a task; the stream visits the first one, which has the training length. `notes` are kept
    in the trace's meta.
    """
    model, names = model.to(job.device), list(task.tests)
    many, probes = (QUICK_TEST, 1) if job.quick else (None, probes)
    tests = [moved(Batch(test.x[:many], test.y[:many]), job.device) for test in task.tests.values()]
    first = moved(task.batch(1), job.device)
    tokens = first.x.numel()
    cost = multiply_adds(lambda: model(first.x)) // 3 // tokens  # of a forward pass, a token
    rate = job.choice["rate"]
    arm = learner(job.arm, model, rate, cost)
    recorder = Recorder(
        {
            "config": {"learner": {"name": job.arm, **job.choice, **describe(model)}, "stream": {"kind": job.part}},
            "seed": job.seed, "run_id": f"{job.demo} {job.part} {job.arm} {job.seed}",
            "steps": steps, "tasks": names, "unit": task.unit, "samples": tokens, "levels": arm.levels,
            "parameters": count(model), "state": arm.state, "multiply_adds": cost,
            "memory": arm.memory_shows,
            "backend": arm.backend and list(arm.backend), **(notes or {}),
        }
    )  # fmt: skip

    def probe(step: int, last: bool = False) -> None:
        recorder.add("probe_step", step)
        now = [last or name not in task.late for name in names]
        recorder.add("score", [score(model, task, x) if due else math.nan for x, due in zip(tests, now, strict=True)])
        recorder.add("level_score", torch.full((len(arm.levels), len(names)), math.nan))
        recorder.add("memory_step", step)
        recorder.add("memory", arm.memory())

    probe(0)
    spent, every = 0.0, max(1, steps // probes)
    for step in range(1, steps + 1):
        progress = max(step / steps, spent / seconds)
        arm.optimizers[0].param_groups[0]["lr"] = rate * schedule(step, steps, progress, task.last)
        batch = moved(task.batch(step), job.device)
        start = process_time()
        seen = arm.step(batch, step)
        spent += process_time() - start  # of this process: other programs do not lengthen it
        recorder.add("task", 0)
        recorder.add("online", seen.online)
        recorder.add("seconds", spent)
        recorder.add("wrote", seen.wrote)
        recorder.add("change", seen.change)
        recorder.add("surprise", seen.surprise)
        recorder.add("diverged", seen.diverged)
        last = step == steps or spent >= seconds
        if last or (step % every == 0 and step + every <= steps):
            probe(step, last)
        report(progress)
        if last:
            break
    return recorder.freeze()


def schedule(step: int, steps: int, progress: float, last: float = 0.1) -> float:
    """Share of the rate: a linear start, then a cosine down to `last`. progress: 0 to 1, of steps or of time."""
    warm = max(1, steps // 20)
    return min(1.0, step / warm) * (0.5 * (1 + last) + 0.5 * (1 - last) * math.cos(math.pi * min(1.0, progress)))
