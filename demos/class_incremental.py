"""Classes that arrive one after another and never return, always told apart out of all: digits, and intents.

Nested Learning, 9.1 and figure 6 (CLINC, Banking, DBpedia). Digits: five tasks of two classes, real 8 x 8 images.
Intents: ten tasks of four kinds of request in words (`demos.tasks.intents`), tested on frames and fillers that training
never had. A small Hope-Attention (`demos.backbone`) is pre-trained for each seed on something else, other pixel orders
or other intents, and frozen; every arm learns the same stream, and no arm but EWC is told where a task ends.

hope_attention  levels stacked on the frozen network: independent MLP blocks on three clocks, each with a least-squares
                memory of its inputs and an associative read-out (`nested_core.mlp`)
icl             one level: a frozen network reads labelled examples in its context and answers; its MLPs are wider, so
                that it has as many parameters. It keeps raw examples, equally many of every class seen
ewc             the stacked weights as one MLP with a softmax, fine-tuned with elastic weight consolidation
single_loop     the same MLP, fine-tuned

Tried, at one seed: without words that only the stream uses, in-context learning knows every intent from a few examples
(.98, Hope-Attention 1.00); with two of five it falls to .37 and Hope-Attention, whose network is frozen, to .68.
Pre-training 2.5 times longer raises in-context learning on digits by about .05. Read word by word it did not come to
look up labels within 1,500 steps, so it reads one vector an example. EWC does not hold classes apart at any strength or
scale of its inputs: a network sure of two classes has a Fisher information near zero.
"""

import sys

import numpy as np
import torch

from nested_core.bench import multiply_adds
from nested_core.config import LearnerConfig, Level, RunConfig, to_dict
from nested_core.learner import Learner
from nested_core.metrics import average_accuracy, forgetting, learned_accuracy
from nested_core.mlp import MLP, IndependentLevels
from nested_core.nest import GradientLevels
from nested_core.rng import generator, torch_generator
from nested_core.run import run as learn
from nested_core.streams.base import Stream
from nested_core.trace import CHANNELS, Trace

from .arms import count
from .backbone import D, Encoder, InContext, Reader, train_reader
from .baselines import Ewc
from .command import Demo, main
from .evidence import Claim, Row, claim, values
from .parallel import Job, Report
from .tasks.classes import CLASSES, PARTS, ClassStream

ARMS = ("hope_attention", "icl", "ewc", "single_loop")
WIDTH, CLOCKS = 600, (1, 4, 16)
READER_STEPS, READER_RATE = 400, 6e-3
WORDS = 9  # of an utterance, for the count of operations
SGD = [{"optimizer": "sgd", "rate": rate} for rate in (0.01, 0.03, 0.1, 0.3, 1.0)]
ADAM = [{"optimizer": "adam", "rate": rate} for rate in (1e-4, 3e-4, 1e-3, 3e-3)]
TRIALS = {
    "hope_attention": [{"rate": rate, "damping": d} for rate in (1e-3, 3e-3, 1e-2) for d in (0.1, 1.0, 10.0)],
    "icl": [{"rate": rate, "window": n} for rate in (3e-3, 6e-3, 1e-2) for n in (64, 128, 256)],
    "ewc": [{**how, "strength": s} for how in (SGD[1], SGD[2], ADAM[2]) for s in (1e2, 1e3, 1e4)],
    "single_loop": SGD + ADAM,
}
PRETRAINED = {}  # the last frozen network of this process, by what it depends on


def prepare(job: Job, report: Report) -> tuple[ClassStream, Reader, Encoder | None]:
    """The stream of vectors, the frozen reader, and the encoder of words; kept for the next job."""
    icl, classes = job.arm == "icl", CLASSES[job.part]
    rate = job.choice["rate"] if icl else READER_RATE
    key = (job.part, job.seed, job.quick, icl, rate)
    if key not in PRETRAINED:
        with torch.random.fork_rng():
            torch.manual_seed(int(generator(job.seed, "weights").integers(2**62)))
            stream, world, encoder = PARTS[job.part](job.seed, job.quick, lambda share: report(0.2 * share))
            reader = Reader(stream.size, classes)
            if icl:  # as large as reader and levels together
                more = count(Reader(stream.size, classes, D + 1)) - count(reader)
                reader = Reader(stream.size, classes, D + round(WIDTH * (D + 1 + classes) / more))
            steps = 10 if job.quick else READER_STEPS
            train_reader(reader, world, job.seed, steps, rate, lambda share: report(0.2 + 0.6 * share))
        PRETRAINED.clear()
        PRETRAINED[key] = stream, reader, encoder
    return PRETRAINED[key]


def run(job: Job, report: Report) -> Trace:
    vectors, reader, encoder = prepare(job, report)
    config, choice, classes = vectors.config, job.choice, CLASSES[job.part]
    levels = CLOCKS if job.arm == "hope_attention" else (1,)
    learner = LearnerConfig(
        job.arm, "mlp", choice.get("optimizer", "least_squares" if len(levels) > 1 else "sgd"),
        "independent" if len(levels) > 1 else "single",
        tuple(Level(period, choice["rate"], paused=job.arm == "icl") for period in levels), WIDTH,
        damping=choice.get("damping", 0.1),
    )  # fmt: skip
    one = vectors.tests[0].x[:1]
    cost = multiply_adds(lambda: (reader.features(one), encoder and encoder([np.zeros(WORDS, np.int64)]))) // 3
    stream = vectors if job.arm == "icl" else vectors.mapped(reader.features)

    def make(learner: LearnerConfig, stream: Stream, seed: int) -> Learner:
        if job.arm == "icl":
            window = choice["window"]
            made = InContext(learner, reader, window, cost + 2 * 2 * window * D * len(reader.model.blocks))
        elif job.arm == "hope_attention":
            made = IndependentLevels(learner, stream.size, seed, classes)
        else:
            mlp = MLP(stream.size, WIDTH, torch_generator(seed, "weights"), classes)
            made = GradientLevels(learner, mlp, count(mlp))
            made = Ewc(made, stream, seed, choice["strength"]) if job.arm == "ewc" else made
        if job.arm != "icl":
            made.parameters += count(reader)
            made.multiply_adds += cost
        made.parameters += count(encoder) if encoder else 0
        return made

    def watch(steps: int) -> None:
        report(0.8 + 0.2 * steps / config.steps)

    trace = learn(RunConfig(config, learner, config.dwell), job.seed, make, stream, watch)
    told = {"learner": {**to_dict(learner), **choice}, "stream": {**to_dict(config), "kind": job.part}}
    name = f"{job.demo} {job.part} {job.arm} {job.seed}"
    return Trace({**trace.meta, "config": told, "run_id": name}, {channel: trace[channel] for channel in CHANNELS})


def measure(job: Job, trace: Trace) -> list[Row]:
    R = trace.task_matrix()
    found = {
        f"{job.part}: average accuracy": (average_accuracy(R), "accuracy"),
        f"{job.part}: learned accuracy": (learned_accuracy(R), "accuracy"),
        f"{job.part}: forgetting": (forgetting(R), "accuracy"),
        f"{job.part}: parameters": (trace.meta["parameters"], "numbers"),
        f"{job.part}: state": (trace.meta["state"], "numbers"),
        f"{job.part}: multiply-adds an answer": (trace.meta["multiply_adds"], "multiply-adds"),
        f"{job.part}: seconds": (float(trace["seconds"][-1]), "s"),
    }
    return [Row(job.arm, job.seed, metric, float(value), unit) for metric, (value, unit) in found.items()]


def claims(rows: list[Row]) -> list[Claim]:
    found = []
    for part in PARTS:
        for arm in ARMS[1:]:
            ours, theirs = (values(rows, name, f"{part}: average accuracy") for name in (ARMS[0], arm))
            words = f"{part}: Hope-Attention ends higher on all classes than {arm}"
            found.append(claim(f"{part}_vs_{arm}", words, ours - theirs))
    return found


DEMO = Demo(
    name="class_incremental",
    claim="Levels stacked on a pre-trained network learn class after class better than in-context learning and EWC",
    source="9.1, figure 6",
    minutes=5,
    parts=tuple(PARTS),
    trials=TRIALS,
    measure=measure,
    select=lambda rows: sum(row.value for row in rows if row.metric.endswith("average accuracy")),
    claims=claims,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
