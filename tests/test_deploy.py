"""Capacity against what can be computed, by Erlang's formula and by hand; and that what the guide names exists."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from app.deploy.capacity import BUSY, P95_SECONDS, Costs, Habits, Station, gives_way, most, need, price, read, simulate
from app.settings import variables
from tests.browsing import ROOT

FREE = Costs(0.0, 0.0, 0.0, 0.0, 0.0, server_mb=200.0, session_mb=1.0, worker_mb=500.0, frame_bytes=7000.0)
QUIET = Habits(think=1e9, answers=0.0)  # nobody trains


def erlang_wait(servers: int, load: float) -> float:
    """The mean wait of M/M/c in mean service times; `load` in servers (Erlang's C)."""
    tail = load**servers / math.factorial(servers) / (1 - load / servers)
    return tail / (sum(load**k / math.factorial(k) for k in range(servers)) + tail) / (servers - load)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (4, 3.0)])
def test_a_station_waits_as_erlang_says(servers, load):
    chance = np.random.default_rng(0)
    station, arrivals = Station(servers), np.cumsum(chance.exponential(1 / load, 300_000))
    costs = chance.exponential(1.0, len(arrivals))
    waits = [station.serve(now, cost) - now - cost for now, cost in zip(arrivals, costs, strict=True)]
    assert np.mean(waits[10_000:]) == pytest.approx(erlang_wait(servers, load), rel=0.06)
    assert station.busy / arrivals[-1] == pytest.approx(load, rel=0.02)


def test_pages_work_for_every_tick_and_no_longer_than_there_is_time():
    costs = replace(FREE, tick=0.01)
    load = simulate(60, costs, QUIET, 1)  # each ticks every 1.5 s and 10 ms
    assert load.pages == pytest.approx(60 * 0.01 / 1.51, rel=0.02) and load.p95 < 0.1
    full = simulate(600, costs, QUIET, 1)  # saturated: a cycle takes what all ticks take together
    assert full.pages == pytest.approx(1.0, abs=0.01) and full.p95 == pytest.approx(600 * 0.01 - 1.5, rel=0.03)
    assert most(costs, QUIET, 2) == pytest.approx(BUSY * 1.51 / 0.01, rel=0.03)


def test_training_is_as_long_as_its_steps_and_what_waits_for_it():
    costs, alone = replace(FREE, step=0.01), Habits(think=0.0, steps=1000, arms=1, answers=0.0)
    load = simulate(1, costs, alone, 1)  # one learner who trains all the time, ten seconds a run
    assert load.training == pytest.approx(1.0, abs=0.01) and load.waited == 0.0
    assert load.playing == pytest.approx(1.0, abs=0.06)
    three = simulate(3, costs, alone, 1)  # in turn: each waits for the other two
    assert three.waited == pytest.approx(20.0, rel=0.05)
    assert simulate(3, costs, alone, 3).waited == 0.0


def test_a_price_is_cores_and_memory_over_learners():
    wanted = need(100, 40, 4, FREE, QUIET)
    gigabytes = (3 * (200 + 3 * 500) + 100 * 1) / 1024
    assert (wanted.replicas, wanted.cores) == (3, 12) and wanted.gigabytes == pytest.approx(gigabytes)
    assert price(wanted, 0.04, 0.005) == pytest.approx((12 * 0.04 + gigabytes * 0.005) / 100)


def test_what_was_measured_serves_a_class_on_eight_cores():
    costs, place = read()
    each = most(costs, Habits(), 8)
    assert place["processor"] and each >= 30
    assert simulate(each, costs, Habits(), 7).p95 < P95_SECONDS
    assert most(costs, Habits(), 16) > each > most(costs, Habits(), 4)


def test_the_guide_shows_what_the_simulation_says():
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "app/deploy/README.md").read_text(), re.M)
    costs, _ = read()
    each = most(costs, Habits(), 8)
    assert len(rows) == 6
    for learners, rest in rows:
        one = need(int(learners), each, 8, costs, Habits())
        told = f"{one.replicas} | {one.cores} | {one.gigabytes:.1f} | {one.writes:.1f} | {one.connections} | "
        told += f"{one.megabits:.1f} | {price(one, 0.04, 0.005):.4f} | {gives_way(one)}"
        assert rest == told


def test_what_the_files_of_deployment_name_exists():
    known = {variable for _, _, variable, _ in variables()}
    for file in ("README.md", "Dockerfile", "compose.yaml", "playground@.service"):
        text = (ROOT / "app" / "deploy" / file).read_text()
        assert set(re.findall(r"\b(?:PLAYGROUND|CLASSROOM)_[A-Z_]+|DATABASE_URL", text)) <= known, file
        for module in re.findall(r"python -m (app[\w.]+)", text):
            assert (ROOT / (module.replace(".", "/") + ".py")).exists()
    for names in re.findall(r"^COPY (.+) \S+$", (ROOT / "app/deploy/Dockerfile").read_text(), re.M):
        assert all((ROOT / name).exists() for name in names.split())
