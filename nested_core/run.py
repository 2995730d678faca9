"""The only training loop: a config and a seed in, a Trace out. The same config and seed give the same events.

One step, in this order: the stream yields a batch; the learner predicts it; levels that are due write, fast to slow;
the recorder notes what happened; every `probe_every` steps (more often before the first of them), and whenever a visit
to a task ends, all tasks are tested.

A learner whose loss or gradient is not finite at a step, or whose memory is beyond its bound, has diverged there: it
writes nothing, and the trace says so. The run reads on to its end, so that learners stay in step, and a later batch
may be one that it can learn from.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from .clock import due
from .config import Edit, LearnerConfig, Level, RunConfig, run_id, to_dict
from .cpu import prepare
from .hope import Hope, HopeConfig
from .learner import Learner
from .mlp import MLP, IndependentLevels
from .nest import GradientLevels
from .rng import generator, torch_generator
from .streams import open_stream
from .streams.base import Stream
from .trace import Recorder, Trace
from .transformer import Transformer, same_size

Make = Callable[[LearnerConfig, Stream, int], Learner]


def run(
    config: RunConfig,
    seed: int,
    make: Make | None = None,
    stream: Stream | None = None,
    watch: Callable[[int], None] | None = None,
) -> Trace:
    """Learn the whole stream and return what was recorded.

    make    makes another learner than `build` would
    stream  in place of the one that the config names; the config says its tasks, steps and batch
    watch   is told the steps done, again and again
    """
    work = Run(config, seed, make, stream)
    for _ in work:
        if watch:
            watch(work.steps)
    return work.recorder.freeze()


class Run(Iterator[Recorder]):
    """A run that is led from outside: every `next` does one part of it, a step or the test of one task.

    steps      done so far, with the tests that belong to them; between two of them it can be edited or kept
    recorder   grows
    learner, stream   as they stand
    """

    def __init__(
        self,
        config: RunConfig,
        seed: int,
        make: Make | None = None,
        stream: Stream | None = None,
        snapshot: bytes | None = None,
    ):
        prepare()
        self.steps, self.config, self.seed, self._seconds = 0, config, seed, 0.0
        self.stream = stream or open_stream(config.stream, seed)
        if snapshot is None:
            self.learner = (make or build)(config.learner, self.stream, seed)
        else:  # own processes only write these
            held = torch.load(io.BytesIO(snapshot), weights_only=False)
            self.steps, self.learner, self._seconds = held
        self.recorder = Recorder(self._meta())
        self._parts = self._work()

    def __next__(self) -> Recorder:
        next(self._parts)
        return self.recorder

    def edit(self, levels: tuple[Level, ...]) -> None:
        """From the next step on the learner has these levels; the config in the trace tells of it, so that the same
        config and seed give the same run again."""
        self.config = replace(self.config, edits=(*self.config.edits, Edit(self.steps, levels)))
        self.recorder.meta = {**self.recorder.meta, "config": to_dict(self.config), "run_id": self._id}

    def snapshot(self) -> bytes:
        """The learner between two steps: a Run of the same config made with it goes on from there, bit for bit."""
        file = io.BytesIO()
        torch.save((self.steps, self.learner, self._seconds), file)
        return file.getvalue()

    @property
    def _id(self) -> str:
        return run_id(self.config, self.seed)

    def _meta(self) -> dict[str, object]:
        config, stream, learner = self.config, self.stream, self.learner
        return {
            "config": to_dict(config), "seed": self.seed, "run_id": self._id,
            "steps": config.stream.steps, "tasks": stream.tasks, "unit": stream.unit,
            "samples": config.stream.batch * (config.stream.length if config.stream.is_text else 1),
            "levels": learner.levels, "parameters": learner.parameters, "state": learner.state,
            "multiply_adds": learner.multiply_adds, "memory": learner.memory_shows,
            "backend": learner.backend and list(learner.backend), "alphabet": stream.alphabet,
        }  # fmt: skip

    def _work(self) -> Iterator[None]:
        if not self.steps:
            yield from probe(self.recorder, self.learner, self.stream, 0)
            yield
        while self.steps < self.config.stream.steps:
            step = self.steps + 1
            self._step(step)
            early = step < self.config.probe_every and due(step, max(1, self.config.probe_every // 4))  # fast at first
            if early or due(step, self.config.probe_every) or step in self.config.stream.ends:
                yield from probe(self.recorder, self.learner, self.stream, step)
            self.steps = step
            yield

    def _step(self, step: int) -> None:
        stream, learner, recorder = self.stream, self.learner, self.recorder
        for edit in self.config.edits:
            if edit.step == step - 1:
                learner.edit(edit.levels)
        batch = stream.batch(step)
        start = perf_counter()
        seen = learner.step(batch, step)
        self._seconds += perf_counter() - start
        recorder.add("task", stream.task(step))
        recorder.add("online", seen.online)
        recorder.add("seconds", self._seconds)
        recorder.add("wrote", seen.wrote)
        recorder.add("change", seen.change)
        recorder.add("surprise", seen.surprise)
        recorder.add("diverged", seen.diverged)
        recorder.add("sample", stream.sample(batch))
        recorder.add("truth", int(batch.y[0] if batch.y.ndim == 1 else batch.y[0, -1]))
        recorder.add("guess", seen.guess)


def probe(recorder: Recorder, learner: Learner, stream: Stream, step: int) -> Iterator[None]:
    """Test the learner on held-out data of every task, ask each level alone, and look into the memories, in parts."""
    one_round = stream.config.steps // stream.config.rounds
    asked = not stream.config.is_text or due(step, one_round)  # on text asking every level alone takes a second
    score, alone = [], []
    for test in stream.tests:
        score.append(learner.score(test))
        alone.append(learner.level_scores(test) if asked else np.full(len(learner.levels), np.nan))
        yield
    recorder.add("probe_step", step)
    recorder.add("score", score)
    recorder.add("level_score", np.transpose(alone))
    gates = learner.gates(stream.tests)
    if gates is not None:
        recorder.add("eta", gates[0])
        recorder.add("alpha", gates[1])
    recorder.add("memory_step", step)
    recorder.add("memory", learner.memory())


def build(config: LearnerConfig, stream: Stream, seed: int) -> Learner:
    """The learner of a config for a stream, with initial weights of this seed."""
    if config.variant == "independent":
        return IndependentLevels(config, stream.size, seed)
    if config.model == "mlp":
        mlp = MLP(stream.size, config.width, torch_generator(seed, "weights"))
        return GradientLevels(config, mlp, sum(p.numel() for p in mlp.parameters()))
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        model = language_model(config, stream)
    read = sum(p.numel() for p in model.parameters()) - model.embed.weight.numel()
    if isinstance(model, Hope):  # each memory answers twice and is written once a token
        read += config.layers * config.width * (config.width // config.heads) * (3 * 5 + 1 - 5)
    else:  # each token meets half of the sequence on average, as keys and as values
        read += config.layers * config.width * stream.config.length
    return GradientLevels(config, model, read)


def language_model(config: LearnerConfig, stream: Stream) -> Hope | Transformer:
    """Hope, or a Transformer with as many parameters as that Hope."""
    periods = (
        tuple(x.period * stream.config.length for x in config.levels) if config.variant == "sequential" else CMS_PERIODS
    )
    hope = HopeConfig(stream.size, config.width, config.layers, config.heads, config.chunk, periods)
    if config.model == "hope":
        return Hope(hope)
    parameters = sum(p.numel() for p in Hope(hope).parameters())
    return Transformer(same_size(parameters, stream.size, config.width, config.layers, config.heads))


CMS_PERIODS = (128, 128, 128)  # three blocks, all written at every step, unless levels are sequential
