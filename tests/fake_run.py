"""A stand-in for training, for tests of the app alone: fast, without torch, same contract as nested_core.run."""

import os
import time
from bisect import bisect_left
from dataclasses import replace

import numpy as np

from nested_core.clock import due
from nested_core.config import ConfigError, Edit, RunConfig, run_id, to_dict
from nested_core.trace import Recorder, Trace

SECONDS_A_STEP = 0.002


def run(config: RunConfig, seed: int, on_step=None) -> Trace:
    """Scores rise during a visit and fall afterwards; a paused level never writes."""
    stream, learner = config.stream, config.learner
    if seed == 13:
        raise ConfigError("seed: 13 cannot be used; give another one.")
    levels = [{"name": x.name, "period": x.period, "per": "step", "kind": "test"} for x in learner.levels]
    tasks = [name for name, _ in stream.texts] or [f"thing {t + 1}" for t in range(stream.tasks)]
    unit = "bits per character" if stream.is_text else "accuracy"
    recorder = Recorder(
        {
            "config": to_dict(config),
            "seed": seed,
            "run_id": run_id(config, seed),
            "steps": stream.steps,
            "tasks": tasks,
            "levels": levels,
            "unit": unit,
            "parameters": 1234,
            "state": 56,
            "samples": stream.batch,
            "multiply_adds": 1000,
            "memory": "weights of the test",
            "backend": ["naive", "a stand-in needs no more"] if stream.is_text else None,
            "alphabet": "abcdefgh" if stream.is_text else None,
        }
    )
    rng = np.random.default_rng(seed)
    score = np.full(stream.tasks, 0.1)
    memory = rng.standard_normal((len(levels), 12, 16)).astype("float32")
    gate = np.ones((2, 2, 3)) * rng.uniform(0.5, 1, (2, 2, 1))  # [layers, heads, parts], down a little at every write
    fall = 0.999 if len(levels) > 1 else 0.995

    def probe(step):
        shown = score if unit == "accuracy" else 6 - 4 * score
        recorder.add("probe_step", step)
        recorder.add("score", shown)
        recorder.add("level_score", np.tile(shown * 0.9, (len(levels), 1)))
        if learner.model == "hope":
            recorder.add("eta", gate * [0.5, 0.4, 0.6])
            recorder.add("alpha", 1 - gate * [0.04, 0.06, 0.02])
        recorder.add("memory_step", step)
        recorder.add("memory", memory)

    probe(0)
    for step in range(1, stream.steps + 1):
        answer = on_step(recorder) if on_step else None
        if answer is False:
            return recorder.freeze()
        if isinstance(answer, tuple):
            config = replace(config, edits=(*config.edits, Edit(step - 1, answer)))
            recorder.meta = {**recorder.meta, "config": to_dict(config), "run_id": run_id(config, seed)}
        for edit in config.edits:
            if edit.step == step - 1:
                learner = replace(learner, levels=edit.levels)
        if seed == 14 and step == 20:
            os._exit(3)
        if seed == 15 and step == 20:
            raise RuntimeError("the sky fell")
        time.sleep(SECONDS_A_STEP)
        task = stream.visits[bisect_left(stream.ends, step)][0]
        score *= fall
        score[task] += 0.05 * (0.95 - score[task])
        wrote = [due(step, x.period) and not x.paused for x in learner.levels]
        for i, w in enumerate(wrote):
            if w:
                memory[i] += 0.05 * rng.standard_normal(memory[i].shape).astype("float32")
        gate = gate * (0.998 if wrote[0] else 1)
        recorder.add("task", task)
        recorder.add("online", score[task])
        recorder.add("seconds", step * SECONDS_A_STEP)
        recorder.add("wrote", wrote)
        recorder.add("change", np.array(wrote) * 0.05)
        recorder.add("surprise", np.array(wrote) * 1.0)
        recorder.add("diverged", False)
        recorder.add("sample", np.full(40 if stream.is_text else 64, step % 8))
        recorder.add("truth", step % 8)
        recorder.add("guess", step % 8 if rng.random() < score[task] else -1)
        if step % config.probe_every == 0 or step == stream.steps or step in stream.ends:
            probe(step)
    if on_step:
        on_step(recorder)
    return recorder.freeze()
