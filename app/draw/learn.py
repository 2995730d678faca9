"""The worker's side: the entry `app.draw.learn:run` trains digit learners, keeps them, and answers.

A job is a RunConfig, trained as everywhere and kept as it stood after each task, or a Question about kept learners,
whose answers go back as the job's meta. So the worker and its protocol are the ones of the playground.
"""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from nested_core.config import ConfigError, RunConfig, run_id
from nested_core.learner import Learner
from nested_core.mlp import IndependentLevels, total, with_one
from nested_core.phrase import phrase
from nested_core.run import Run
from nested_core.streams.digits import CLASSES

from ..engine.note import Note
from .questions import Answer, Question

KEEP = 8  # runs
EXAMPLES = 8  # held-out images of each class

Look = Callable[[torch.Tensor], torch.Tensor]  # x [1, 64] -> scores [rows, 10]
kept: OrderedDict[str, tuple[str, tuple[str, ...], str, list[Look]]] = OrderedDict()


def run(config: RunConfig | Question, seed: int, snapshot: None = None) -> Iterator[Any]:
    """Do one job, part by part."""
    if isinstance(config, Question):
        yield Note({"answers": [answer(name, config.image) for name in config.runs]})
        return
    training, looks = Run(config, seed), []
    training.recorder.meta["examples"] = examples(training.stream)
    done = 0
    for recorder in training:
        if training.steps > done and training.steps % config.stream.dwell == 0:
            looks.append(look(training.learner))
        done = training.steps
        yield recorder
    kept[run_id(config, seed)] = (config.learner.name, rows(training.learner), shows(training.learner), looks)
    while len(kept) > KEEP:
        kept.popitem(last=False)


def answer(name: str, image: tuple[float, ...]) -> Answer:
    """What the kept learner of a run sees, after each task."""
    if name not in kept:
        raise ConfigError(phrase("run: {name!r} is no longer kept; train it again.", name=name))
    kept.move_to_end(name)
    arm, names, words, looks = kept[name]
    x = torch.tensor([image], dtype=torch.float64)
    with torch.no_grad():
        return Answer(arm, names, words, np.stack([see(x).numpy() for see in looks]))


def look(learner: Learner) -> Look:
    """The learner as it stands, to be asked later."""
    if isinstance(learner, IndependentLevels):
        blocks = copy.deepcopy(learner.blocks)

        def see(x: torch.Tensor) -> torch.Tensor:
            alone = [block.answer(with_one(x))[1] for block in blocks]
            return torch.cat([*alone, total(alone) / len(alone)])

        return see
    model = copy.deepcopy(learner.model)  # type: ignore[attr-defined]
    return lambda x: torch.softmax(model(x), 1)


def rows(learner: Learner) -> tuple[str, ...]:
    names = tuple(str(level["name"]) for level in learner.levels)
    return (*names, phrase("together")) if len(names) > 1 else names


def shows(learner: Learner) -> str:
    if isinstance(learner, IndependentLevels):
        return phrase("read-out: 1 for the class that it should be, 0 for all others")
    return phrase("probability")


def examples(stream: Any) -> dict[int, list[tuple[float, ...]]]:
    """A few images of each class that no learner was trained on."""
    found: dict[int, list[tuple[float, ...]]] = {digit: [] for digit in range(CLASSES)}
    for test in stream.tests:
        for x, y in zip(test.x, test.y, strict=True):
            if len(found[int(y)]) < EXAMPLES:
                found[int(y)].append(tuple(x.tolist()))
    return found
