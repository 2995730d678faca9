"""The engine on a real Ray cluster of two nodes on this machine, one of which is killed."""

import pytest

from app.engine.engine import Engine
from nested_core import presets
from nested_core.config import RunConfig
from tests import fake_run
from tests.page import wait

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_node_killed_in_the_middle_costs_no_run(monkeypatch):
    ray = pytest.importorskip("ray")
    utils = pytest.importorskip("ray.cluster_utils")
    from app.engine.cluster import Remote, processors

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    engine = None
    try:
        assert processors() == 2
        engine = Engine(2, "tests.fake_run:FakeRun", Remote)
        stream = presets.stream("permuted_digits", 1, tasks=3, dwell=150)
        config = RunConfig(stream, presets.nested(stream))
        short = RunConfig(presets.stream("permuted_digits", 1, tasks=3, dwell=20), config.learner)
        seeds = [engine.submit(short, 7), *(engine.submit(config, seed) for seed in range(4))]
        for handle in seeds:
            handle.let(10**6)
        wait(lambda: seeds[0].done and all(handle.steps > 20 for handle in seeds), 60)
        cluster.remove_node(second, allow_graceful=False)
        wait(lambda: all(handle.done or handle.error for handle in seeds), 90)
        assert engine.restarts == 1
        monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)
        for handle in seeds:
            assert not handle.error and handle.trace().same_events(fake_run.run(handle.config, handle.seed))
    finally:
        if engine:
            engine.close()
        ray.shutdown()
        cluster.shutdown()
