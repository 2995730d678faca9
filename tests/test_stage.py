"""The stage shows recorded events and nothing else, and the stream brings each of them once."""

import asyncio
import json
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest

from app import live
from app.desk import Desk
from app.opened import to_bytes
from app.views import moment, stage
from nested_core import presets
from nested_core.config import RunConfig
from nested_core.trace import CHANNELS, Trace
from tests import fake_run
from tests.page import Upload, workers

__all__ = ["workers"]  # fixtures


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)


def record(kind="permuted_digits", paused=None) -> Trace:
    stream = presets.stream(kind, 1, tasks=2, dwell=40)
    learner = presets.nested(stream)
    levels = tuple(replace(level, paused=i == paused) for i, level in enumerate(learner.levels))
    return fake_run.run(RunConfig(stream, replace(learner, levels=levels)), 0)


def decoded(text: str) -> np.ndarray:
    return np.frombuffer(b64decode(text), np.int8)


def test_a_frame_is_the_last_step_as_it_was_recorded():
    trace = record().until(50)
    frame = json.loads(json.dumps(stage.frame([trace, trace.until(30)]), allow_nan=False))
    assert frame["step"] == 50 and frame["task"]["name"] == "2 thing 2"
    assert decoded(frame["sample"]["image"]).tolist() == trace["sample"][49].tolist()
    assert frame["sample"]["truth"] == str(trace["truth"][49])
    guess = trace["guess"][49]
    assert frame["learners"][0]["guess"] == (None if guess < 0 else str(guess))
    for i, lane in enumerate(frame["learners"][0]["lanes"]):
        steps = np.flatnonzero(trace["wrote"][:, i]) + 1
        assert [step for step, _ in lane["writes"]] == steps[steps > 50 - frame["window"]].tolist()
        held = decoded(lane["memory"]["held"]).reshape(12, 16)
        assert np.corrcoef(held.ravel(), trace["memory"][-1, i].ravel())[0, 1] > 0.98


def test_a_paused_level_never_glows_and_no_cell_of_it_is_outlined():
    lanes = stage.frame([record(paused=1)])["learners"][0]["lanes"]
    assert lanes[1]["writes"] == [] and lanes[1]["memory"]["moved"] == "" and lanes[1]["moved"] is None
    assert lanes[0]["writes"] and lanes[0]["memory"]["moved"]


def test_text_shows_its_characters_and_a_diverged_run_can_be_drawn():
    trace = record("languages")
    frame = stage.frame([trace])
    assert frame["sample"]["text"] == "".join("abcdefgh"[i] for i in trace["sample"][-1])
    channels = {name: trace[name].copy() for name in CHANNELS}
    channels["change"][-3:], channels["memory"][-1] = np.nan, np.inf
    json.dumps(stage.frame([Trace(dict(trace.meta), channels)]), allow_nan=False)
    assert stage.frame([trace.until(0)])["sample"] is None
    assert moment.plain([trace.until(0)]) == "The memories before the first step."


def test_the_stream_brings_every_frame_once_and_ends_when_nothing_moves(workers, monkeypatch):
    monkeypatch.setattr(live, "served", True)
    monkeypatch.setattr("app.desk.REPLAY_SECONDS", 1.0)
    desk, trace = Desk(workers), record()
    desk.open([Upload("run.npz", to_bytes(trace))])
    address = live.url(desk)
    assert address == live.url(desk) and len(address) > 20
    desk.jump(0)
    desk.replay()

    async def read():
        return [event async for event in live.events(desk)]

    events = asyncio.run(read())
    frames = [json.loads(e.removeprefix("data: ")) for e in events if e.startswith("data: {")]
    steps = [frame["step"] for frame in frames]
    assert events[-1].startswith("event: end") and steps[-1] == 80
    assert steps == sorted(set(steps)) and len(steps) > 5
    sent = [f["learners"][0]["lanes"][0]["memory"]["at"] for f in frames if "memory" in f["learners"][0]["lanes"][0]]
    assert sent == sorted(set(sent)) and sent[-1] == trace["memory_step"][-1]
