"""Several seeds at once, and two runs beside each other."""

from dataclasses import replace

import numpy as np
import pytest

from app.band import Band
from app.views import bands, differences
from nested_core import presets
from nested_core.config import RunConfig
from nested_core.metrics import bootstrap_interval
from tests import fake_run
from tests.page import address, page, press, text, wait, workers

__all__ = ["page", "workers"]  # fixtures


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)


def configs(**changes):
    stream = presets.stream("permuted_digits", 1, **{"tasks": 2, "dwell": 20, **changes})
    return tuple(RunConfig(stream, arm) for arm in presets.arms(stream))


def test_a_band_holds_every_seed_as_it_is_alone_and_gives_its_workers_back(workers):
    band = Band(workers, configs(), range(3, 6))
    shares = []
    wait(lambda: (band.advance(), shares.append(band.share), band.finished)[-1], seconds=30)
    assert [[t.meta["seed"] for t in traces] for traces in band.done] == [[3, 3], [4, 4], [5, 5]]
    for traces in band.done:
        for trace, config in zip(traces, configs(), strict=True):
            assert trace.same_events(fake_run.run(config, trace.meta["seed"]))
    assert shares == sorted(shares) and shares[-1] == 1 and band.running is None


def test_a_band_stops_at_an_error_in_one_sentence(workers):
    band = Band(workers, configs(), range(12, 15))  # the stand-in refuses seed 13
    wait(lambda: (band.advance(), band.finished)[-1], seconds=30)
    assert len(band.done) == 1 and "seed 13" in band.error and "give another one" in band.error


def test_the_interval_is_about_the_mean_of_seeds_and_the_sentence_says_who_is_ahead():
    low, high = bootstrap_interval(np.array([[1.0], [1.0], [1.0]]))
    assert low == high == 1.0
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(size=10))
        hits += low < 0 < high
    assert 0.85 < hits / 200 < 0.98  # ten seeds make the bootstrap a little narrow
    seeds = [[fake_run.run(config, seed) for config in configs()] for seed in (1, 2, 3)]
    told = bands.sentence(seeds)  # the stand-in's nested learner forgets less, in every seed
    assert "ends better than **single loop**" in told and "ahead in 3 of 3 seeds" in told
    assert "worse" in bands.sentence([traces[::-1] for traces in seeds])
    option = bands.option(seeds)
    means = {s["id"]: s["data"] for s in option["series"]}
    final = 100 * np.mean([bands.seen_means(traces[0])[-1] for traces in seeds])
    assert means["mean 0"][-1] == [40, pytest.approx(final, abs=0.06)]


def test_what_differs_between_two_runs_is_named_and_nothing_else():
    (one, _), (two, _) = configs(), configs(dwell=30)
    levels = (replace(two.learner.levels[0], paused=True), *two.learner.levels[1:])
    runs = [fake_run.run(one, 1), fake_run.run(replace(two, learner=replace(two.learner, levels=levels)), 1)]
    found = differences.differences(*runs)
    assert [name for name, _, _ in found] == ["dwell", "levels"]
    assert found[0][1:] == ("20", "30") and found[1][2].startswith("every 1 at 0.3 (paused)")
    assert differences.alike(*runs) == "" and differences.differences(runs[0], runs[0]) == []
    figures = differences.figures(runs)
    assert figures.set_index("quantity").loc["samples"].tolist() == [f"{40 * 32:,}", f"{60 * 32:,}"]


def test_runs_of_the_tab_can_be_compared_on_their_page(page):
    press(page, "Run")
    wait(lambda: page.desk.show.cursor > 100)
    press(page, "Pause")
    press(page, "Reset")
    page.number_input(key="seed").set_value(3).run()
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 1)
    page.switch_page("app_pages/compare.py").run()
    assert not page.exception and len(page.selectbox[0].options) == 4
    page.selectbox[1].select_index(2).run()
    assert (not page.exception and any("<b>seed</b>" in h.value for h in page.get("html"))) or "seed" in text(page)


def test_settings_are_still_there_after_a_look_at_another_page(page):
    page.number_input(key="seed").set_value(5).run()
    next(n for n in page.number_input if n.label.startswith("Rate")).set_value(0.125).run()
    before = address(page)
    page.switch_page("app_pages/compare.py").run()
    for name in list(page.query_params):  # a click on a page's name leads to its bare address
        del page.query_params[name]
    page.switch_page("app_pages/playground.py").run()
    assert address(page) == before and page.number_input(key="seed").value == 5
