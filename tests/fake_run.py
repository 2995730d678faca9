"""A stand-in for training, for tests of the app alone: fast, without torch, same contract as nested_core.run.Run."""

import contextlib
import os
import pickle
import time
from bisect import bisect_left
from dataclasses import replace

import numpy as np

from nested_core.clock import due
from nested_core.config import ConfigError, Edit, RunConfig, run_id, to_dict
from nested_core.trace import Recorder, Trace

SECONDS_A_STEP = 0.002


class FakeRun:
    """Scores rise during a visit and fall afterwards; a paused level never writes."""

    def __init__(self, config: RunConfig, seed: int, snapshot: bytes | None = None):
        stream, learner = config.stream, config.learner
        if seed == 13:
            raise ConfigError("seed: 13 cannot be used; give another one.")
        self.config, self.seed, self.steps = config, seed, 0
        levels = [{"name": x.name, "period": x.period, "per": "step", "kind": "test"} for x in learner.levels]
        self.recorder = Recorder(
            {
                "config": to_dict(config),
                "seed": seed,
                "run_id": run_id(config, seed),
                "steps": stream.steps,
                "tasks": [name for name, _ in stream.texts] or [f"thing {t + 1}" for t in range(stream.tasks)],
                "levels": levels,
                "unit": "bits per character" if stream.is_text else "accuracy",
                "parameters": 1234,
                "state": 56,
                "samples": stream.batch,
                "multiply_adds": 1000,
                "memory": "weights of the test",
                "backend": ["naive", "a stand-in needs no more"] if stream.is_text else None,
                "alphabet": "abcdefgh" if stream.is_text else None,
            }
        )
        self._levels = learner.levels
        self._rng = np.random.default_rng(seed)
        self._score = np.full(stream.tasks, 0.1)
        self._memory = self._rng.standard_normal((len(levels), 12, 16)).astype("float32")
        self._gate = np.ones((2, 2, 3)) * self._rng.uniform(0.5, 1, (2, 2, 1))  # [layers, heads, parts]
        self._begun = False
        if snapshot:
            self.__dict__.update(pickle.loads(snapshot))

    def snapshot(self) -> bytes:
        names = ("steps", "_levels", "_rng", "_score", "_memory", "_gate", "_begun")
        return pickle.dumps({name: getattr(self, name) for name in names})

    def edit(self, levels) -> None:
        self.config = replace(self.config, edits=(*self.config.edits, Edit(self.steps, levels)))
        meta = {"config": to_dict(self.config), "run_id": run_id(self.config, self.seed)}
        self.recorder.meta = {**self.recorder.meta, **meta}

    def __next__(self) -> Recorder:
        if not self._begun:
            self._begun = True
            self._probe()
        elif self.steps == self.config.stream.steps:
            raise StopIteration
        else:
            self._step(self.steps + 1)
            self.steps += 1
            stream, every = self.config.stream, self.config.probe_every
            if self.steps % every == 0 or self.steps == stream.steps or self.steps in stream.ends:
                self._probe()
        return self.recorder

    def _probe(self) -> None:
        recorder = self.recorder
        shown = self._score if recorder.meta["unit"] == "accuracy" else 6 - 4 * self._score
        recorder.add("probe_step", self.steps)
        recorder.add("score", shown)
        recorder.add("level_score", np.tile(shown * 0.9, (len(self._levels), 1)))
        if self.config.learner.model == "hope":
            recorder.add("eta", self._gate * [0.5, 0.4, 0.6])
            recorder.add("alpha", 1 - self._gate * [0.04, 0.06, 0.02])
        recorder.add("memory_step", self.steps)
        recorder.add("memory", self._memory)

    def _step(self, step: int) -> None:
        stream, recorder = self.config.stream, self.recorder
        for edit in self.config.edits:
            if edit.step == step - 1:
                self._levels = edit.levels
        if self.seed == 14 and step == 20:
            os._exit(3)
        if self.seed == 15 and step == 20:
            raise RuntimeError("the sky fell")
        if self.seed == 16 and step == 20:
            time.sleep(1000)
        time.sleep(SECONDS_A_STEP)
        task = stream.visits[bisect_left(stream.ends, step)][0]
        self._score *= 0.999 if len(self._levels) > 1 else 0.995
        self._score[task] += 0.05 * (0.95 - self._score[task])
        wrote = [due(step, x.period) and not x.paused for x in self._levels]
        for i, w in enumerate(wrote):
            if w:
                self._memory[i] += 0.05 * self._rng.standard_normal(self._memory[i].shape).astype("float32")
        self._gate = self._gate * (0.998 if wrote[0] else 1)  # down a little at every write
        recorder.add("task", task)
        recorder.add("online", self._score[task])
        recorder.add("seconds", step * SECONDS_A_STEP)
        recorder.add("wrote", wrote)
        recorder.add("change", np.array(wrote) * 0.05)
        recorder.add("surprise", np.array(wrote) * 1.0)
        recorder.add("diverged", False)
        recorder.add("sample", np.full(40 if stream.is_text else 64, step % 8))
        recorder.add("truth", step % 8)
        recorder.add("guess", step % 8 if self._rng.random() < self._score[task] else -1)


def run(config: RunConfig, seed: int) -> Trace:
    work = FakeRun(config, seed)
    with contextlib.suppress(StopIteration):
        while True:
            next(work)
    return work.recorder.freeze()


class Busy(FakeRun):
    """Costs a millisecond of computing a step."""

    def __next__(self) -> Recorder:
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
        return super().__next__()


class Greedy(FakeRun):
    """Never ends."""

    def __next__(self) -> Recorder:
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
        recorder = super().__next__()
        self.steps = min(self.steps, 50)
        return recorder


class Glutton(FakeRun):
    """Asks for a gigabyte."""

    def __next__(self) -> Recorder:
        if self.steps == 10:
            self.held = np.ones(2**27)
        return super().__next__()
