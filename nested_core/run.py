"""The only training loop: a config and a seed in, a Trace out. The same config and seed give the same events.

One step, in this order: the stream yields a batch; the learner predicts it; levels that are due write, fast to slow;
the recorder notes what happened; every `probe_every` steps (more often before the first of them), and whenever a visit
to a task ends, all tasks are tested.

A learner whose loss or gradient is not finite at a step has diverged there: it writes nothing, and the trace says so.
The run reads on to its end, so that learners stay in step, and a later batch may be one that it can learn from.
"""

from collections.abc import Callable
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


def run(
    config: RunConfig,
    seed: int,
    on_step: Callable[[Recorder], bool | tuple[Level, ...] | None] | None = None,
    make: Callable[[LearnerConfig, Stream, int], Learner] | None = None,
    stream: Stream | None = None,
) -> Trace:
    """Learn the whole stream and return what was recorded.

    on_step  called before the first and after every step with the growing Recorder. It may wait, which pauses the run;
             when it returns False the run ends there; when it returns levels the learner has these from the next step
             on, and the config in the trace tells of it, so that the same config and seed give the same run again.
    make     makes another learner than `build` would
    stream   in place of the one that the config names; the config says its tasks, steps and batch
    """
    prepare()
    stream = stream or open_stream(config.stream, seed)
    learner = (make or build)(config.learner, stream, seed)
    recorder = Recorder(
        {
            "config": to_dict(config), "seed": seed, "run_id": run_id(config, seed),
            "steps": config.stream.steps, "tasks": stream.tasks, "unit": stream.unit,
            "samples": config.stream.batch * (config.stream.length if config.stream.is_text else 1),
            "levels": learner.levels, "parameters": learner.parameters, "state": learner.state,
            "multiply_adds": learner.multiply_adds, "memory": learner.memory_shows,
            "backend": learner.backend and list(learner.backend), "alphabet": stream.alphabet,
        }
    )  # fmt: skip
    probe(recorder, learner, stream, 0)
    seconds = 0.0
    for step in range(1, config.stream.steps + 1):
        answer = on_step(recorder) if on_step else None
        if answer is False:
            return recorder.freeze()
        if isinstance(answer, tuple):
            config = replace(config, edits=(*config.edits, Edit(step - 1, answer)))
            recorder.meta = {**recorder.meta, "config": to_dict(config), "run_id": run_id(config, seed)}
        for edit in config.edits:
            if edit.step == step - 1:
                learner.edit(edit.levels)
        batch = stream.batch(step)
        start = perf_counter()
        seen = learner.step(batch, step)
        seconds += perf_counter() - start
        recorder.add("task", stream.task(step))
        recorder.add("online", seen.online)
        recorder.add("seconds", seconds)
        recorder.add("wrote", seen.wrote)
        recorder.add("change", seen.change)
        recorder.add("surprise", seen.surprise)
        recorder.add("diverged", seen.diverged)
        recorder.add("sample", stream.sample(batch))
        recorder.add("truth", int(batch.y[0] if batch.y.ndim == 1 else batch.y[0, -1]))
        recorder.add("guess", seen.guess)
        early = step < config.probe_every and due(step, max(1, config.probe_every // 4))  # learning is fastest at first
        if early or due(step, config.probe_every) or step in config.stream.ends:
            probe(recorder, learner, stream, step)
    if on_step:
        on_step(recorder)
    return recorder.freeze()


def probe(recorder: Recorder, learner: Learner, stream: Stream, step: int) -> None:
    """Test the learner on held-out data of every task, ask each level alone, and look into the memories."""
    recorder.add("probe_step", step)
    recorder.add("score", [learner.score(test) for test in stream.tests])
    one_round = stream.config.steps // stream.config.rounds
    asked = not stream.config.is_text or due(step, one_round)  # on text asking every level alone takes a second
    alone = (
        [learner.level_scores(test) for test in stream.tests]
        if asked
        else np.full((len(stream.tests), len(learner.levels)), np.nan)
    )
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
