"""Streams whose classes arrive in groups, as vectors, with a world of other classes to pre-train on.

digits   five tasks of two digits, as pixels; the world: the same training images in another order of pixels every time
intents  ten tasks of four requests, encoded by a network that was pre-trained on other intents; the world: these
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nested_core.config import StreamConfig
from nested_core.rng import generator
from nested_core.streams import open_stream
from nested_core.streams.base import Batch, Stream

from ..backbone import Encoder, pretrain
from ..parallel import Report
from . import intents

World = Callable[[np.random.Generator], Sequence[Tensor]]
STREAMS = {
    "digits": StreamConfig("class_digits", tasks=5, dwell=100, batch=16),
    "intents": StreamConfig("class_digits", tasks=10, dwell=100, batch=16),
}
CLASSES = {"digits": 10, "intents": 40}
ENCODER_STEPS, ENCODER_BATCH = 200, 64
UTTERANCES, TESTS, GENERIC = 50, 20, 200  # of each intent


class ClassStream(Stream):
    """Tasks of given examples: training data and test data of each."""

    def __init__(self, config: StreamConfig, seed: int, tasks: list[str], train: list[Batch], tests: list[Batch]):
        super().__init__(config, seed)
        self.tasks, self.train, self.tests = tasks, train, tests
        self.unit, self.size = "accuracy", train[0].x.shape[1]

    def _draw(self, task: int, rng: np.random.Generator) -> Batch:
        x, y = self.train[task]
        pick = rng.integers(len(x), size=self.config.batch)
        return Batch(x[pick], y[pick])

    def mapped(self, f: Callable[[Tensor], Tensor]) -> "ClassStream":
        """The same stream with other vectors."""
        train, tests = ([Batch(f(b.x), b.y) for b in part] for part in (self.train, self.tests))
        return ClassStream(self.config, self.seed, self.tasks, train, tests)


def digits(seed: int, quick: bool, report: Report) -> tuple[ClassStream, World, None]:
    config = config_of("digits", quick)
    base = open_stream(config, seed)
    train, tests = ([Batch((x.float() - 0.3) / 0.4, y) for x, y in part] for part in (base._train, base.tests))
    images = [b.x[b.y == c] for b in train for c in b.y.unique()]

    def world(rng: np.random.Generator) -> list[Tensor]:
        pixels = rng.permutation(base.size)
        return [x[:, pixels] for x in images]

    return ClassStream(config, seed, base.tasks, train, tests), world, None


def requests(seed: int, quick: bool, report: Report) -> tuple[ClassStream, World, Encoder]:
    config = config_of("intents", quick)
    new, other = intents.split(generator(seed, "intents"), CLASSES["intents"])

    def drawn(kind: str, of: list[intents.Intent], n: int) -> list[list[np.ndarray]]:
        return [intents.draw(generator(seed, kind, i), intent, kind, n) for i, intent in enumerate(of)]

    generic, encoder = drawn("generic", other, 10 if quick else GENERIC), Encoder()

    def loss(step: int) -> Tensor:
        rng = generator(seed, "paraphrases", step)
        which = rng.integers(len(other), size=ENCODER_BATCH)
        said = [generic[i][int(rng.integers(len(generic[i])))] for i in which]
        return encoder.loss(said, [other[i] for i in which], rng)

    pretrain(encoder, loss, 10 if quick else ENCODER_STEPS, 3e-3, report)
    known, each, parts = [encoder(said) for said in generic], len(new) // config.tasks, []
    groups = range(0, len(new), each)
    for kind, n in (("train", UTTERANCES), ("test", TESTS)):
        x = [encoder(said) for said in drawn(kind, new, n)]
        labels = [torch.arange(i, i + each).repeat_interleave(n) for i in groups]
        parts.append([Batch(torch.cat(x[i : i + each]), y) for i, y in zip(groups, labels, strict=True)])
    names = [", ".join(" ".join(intent) for intent in new[i : i + each]) for i in groups]
    return ClassStream(config, seed, names, *parts), lambda rng: known, encoder


def config_of(part: str, quick: bool) -> StreamConfig:
    return replace(STREAMS[part], dwell=10) if quick else STREAMS[part]


PARTS = {"digits": digits, "intents": requests}
"""(seed, quick, report) -> the stream, its world for pre-training, and the encoder of words if there is one."""
