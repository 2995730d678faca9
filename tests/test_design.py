"""The stream designer: visits keep order and length, tasks are as alike as asked, page and link tell it."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import share
from app.design import Design, read_order, told
from app.query import link
from app.views import plan
from nested_core import presets
from nested_core.config import ConfigError, StreamConfig, from_dict, to_dict
from nested_core.run import run
from nested_core.streams import open_stream
from nested_core.streams.base import Stream
from nested_core.streams.digits import pixel_orders
from nested_core.streams.text import encipher
from tests.page import address, page, press, text, workers

__all__ = ["page", "workers"]  # fixtures
SHORT = dict(kind="permuted_digits", batch=2)


@st.composite
def designs(draw):
    """Fields of a StreamConfig, which is made outside: its checks use random numbers."""
    tasks, rounds = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    more = draw(st.lists(st.integers(0, tasks - 1), max_size=4))
    order = tuple(draw(st.permutations([*range(tasks), *more])))
    dwells = tuple(draw(st.lists(st.integers(1, 9), min_size=len(order), max_size=len(order))))
    return dict(tasks=tasks, rounds=rounds, dwell=4, order=order, dwells=draw(st.sampled_from([dwells, ()])))


class Visits(Stream):
    """Only the order: nothing to learn from."""

    def _draw(self, task, rng): ...


@given(designs())
def test_order_and_dwell_are_respected(design):
    config = StreamConfig(**SHORT, **design)
    stream = Visits(config, 0)
    dwells = config.dwells or (4,) * len(config.order)
    planned = list(zip(config.order, dwells, strict=True)) * config.rounds
    told_ = [task for task, steps in planned for _ in range(steps)]
    assert [stream.task(step) for step in range(1, config.steps + 1)] == told_
    assert list(config.visits) == planned and config.ends[-1] == config.steps == len(told_)
    learner = presets.single_loop(config)
    whole = presets.run_config(config, learner)
    assert from_dict(to_dict(whole)) == whole


def test_a_run_visits_and_probes_as_designed():
    config = StreamConfig(**SHORT, tasks=3, rounds=2, dwell=7, order=(0, 1, 0, 2), dwells=(7, 3, 5, 4))
    learner = replace(presets.single_loop(config), width=12)
    trace = run(replace(presets.run_config(config, learner), probe_every=100), 1)
    assert trace.visits()[:4] == [(0, 1, 7), (1, 8, 10), (0, 11, 15), (2, 16, 19)] and trace.steps == 38
    assert set(config.ends) <= set(trace["probe_step"].tolist())
    assert trace.task_matrix().shape == (3, 3)


@pytest.mark.parametrize("similarity", [0.0, 0.3, 0.8, 1.0])
def test_similar_pixel_orders_keep_that_part_of_the_pixels_in_place(similarity):
    config = StreamConfig(**SHORT, tasks=4, similarity=similarity)
    orders = pixel_orders(config, 5)
    free = pixel_orders(replace(config, similarity=0.0), 5)
    for order, independent in zip(orders[1:], free[1:], strict=True):
        assert sorted(order) == list(range(64))
        moved = np.flatnonzero(order != np.arange(64))
        assert len(moved) <= round((1 - similarity) * 64)
        assert similarity or np.array_equal(order, independent)
        assert similarity not in (0, 0.3) or len(moved) > 0.8 * (1 - similarity) * 64  # a few may land where they were
    tests = open_stream(config, 5).tests
    assert all(test.x.equal(tests[0].x) for test in tests) == (similarity == 1)
    closer = pixel_orders(replace(config, similarity=min(1.0, similarity + 0.1)), 5)
    still, more = (np.array([o == np.arange(64) for o in found[1:]]) for found in (orders, closer))
    assert more.mean() >= still.mean() - 0.03


def test_similar_ciphers_share_that_part_of_the_letters():
    letters = "abcdefghijklmnopqrstuvwxyz"
    for similarity, least, most in ((0.0, 0, 5), (0.5, 13, 17), (1.0, 26, 26)):
        changed = encipher(letters, np.random.default_rng(3), similarity)
        assert sorted(changed) == sorted(letters)
        assert least <= sum(a == b for a, b in zip(letters, changed, strict=True)) <= most


def test_tasks_are_what_was_named():
    named = StreamConfig("class_digits", tasks=3, dwell=2, batch=4, parts=("27", "0", "135"))
    stream = open_stream(named, 0)
    assert stream.tasks == ["digits 2 7", "digits 0", "digits 1 3 5"]
    assert [sorted(set(test.y.tolist())) for test in stream.tests] == [[2, 7], [0], [1, 3, 5]]
    orders = StreamConfig(**SHORT, tasks=2, parts=("3", "1"))
    usual = open_stream(replace(orders, parts=(), tasks=3), 0)
    assert open_stream(orders, 0).tests[0].x.equal(usual.tests[2].x)
    text = open_stream(
        StreamConfig("languages", tasks=2, dwell=2, batch=2, length=16, parts=("cipher 2", "English")), 0
    )
    whole = open_stream(StreamConfig("languages", tasks=4, dwell=2, batch=2, length=16), 0)
    assert text.tasks == ["cipher 2", "English"] and text.alphabet
    spelled = ["".join(s.alphabet[i] for i in s.tests[t].x[0]) for s, t in ((text, 0), (whole, 3))]
    assert spelled[0] == spelled[1]


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(order=(0, 1, 0)), "order: (0, 1, 0) cannot be used; visit every task; task [3] is missing."),
        (dict(order=(0, 1, 2, 3)), "order: 3 cannot be used; give a whole number from 0 to 2."),
        (dict(dwells=(5, 5)), "give one for each of 3 visits, or none."),
        (dict(dwells=(5, 0, 5)), "dwells: 0 cannot be used"),
        (dict(order=(0, 1, 2) * 200), "600 visits' cannot be used; stay within 500."),
        (dict(parts=("1", "2")), "name 3 tasks, or none."),
        (dict(parts=("1", "2", "2")), "name every task once."),
        (dict(parts=("1", "2", "11")), "give numbers of pixel orders from 1 (as written) to 10."),
        (dict(similarity=1.5), "similarity: 1.5 cannot be used; give a number from 0 to 1."),
        (dict(kind="class_digits", similarity=0.5), "only reordered pixels and enciphered languages have one; give 0."),
        (
            dict(kind="class_digits", parts=("27", "33", "1")),
            "parts: '33' cannot be used; give the classes of each task",
        ),
        (dict(dwells=(9000, 9000, 9000)), "27000 steps in all; stay within 20000."),
    ],
)
def test_a_bad_design_is_one_sentence(changes, words):
    with pytest.raises(ConfigError) as error:
        StreamConfig(**{**SHORT, "tasks": 3, "dwell": 4, **changes})
    assert words in str(error.value)


def test_an_order_is_read_as_it_is_told():
    assert read_order("1 2 1*50 3", 300) == ((0, 1, 0, 2), (300, 300, 50, 300)) and read_order("  ", 9) == ((), ())
    assert told((0, 1, 0), ()) == "1 2 1" and told((0, 1), (5, 6), "_") == "1*5_2*6"
    for bad in ("A B", "0", "1*", "1*0", "1**2", "1.5"):
        with pytest.raises(ConfigError, match="write numbers of tasks"):
            read_order(bad, 10)


@given(designs(), st.integers(0, 100))
def test_a_link_gives_back_the_design(made, percent):
    config = StreamConfig(**SHORT, **made)
    design = Design((), config.order, config.dwells, percent / 100)
    choice = replace(share.default(), tasks=config.tasks, rounds=config.rounds, dwell=config.dwell, design=design)
    query = dict(parse_qsl(urlsplit(link("http://x/p", choice.query())).query))
    assert share.read(query) == (choice, []) and choice.configs()[0].stream.visits == config.visits


def test_parts_of_every_kind_survive_their_link_and_bad_ones_are_one_sentence():
    for kind, parts in (("class_digits", ("27", "0")), ("languages", ("English", "cipher 2", "Python"))):
        choice = replace(share.default(kind), tasks=len(parts), design=Design(parts))
        assert share.read(choice.query()) == (choice, [])
    for query, words in (
        ({"order": "1_1"}, "task [2] is missing; the tasks are visited in turn."),
        ({"similar": "x"}, "give a whole number from 0 to 100"),
        ({"parts": "1_99"}, "numbers of pixel orders"),
        ({"stream": "class_digits", "similar": "50"}, "only reordered pixels"),
    ):
        choice, notices = share.read(query)
        assert len(notices) == 1 and words in notices[0] and choice.design == Design()


def test_the_plan_shows_every_visit_as_long_as_it_is():
    stream = StreamConfig(**SHORT, tasks=2, order=(0, 1, 0), dwells=(10, 20, 5), similarity=0.5)
    assert plan.words(stream) == "3 visits, 35 steps: 1 2 1, tasks 50 % alike"
    assert [part.split(" ")[0] for part in plan.html(stream).split("flex:")[1:]] == ["10", "20", "5"]


def test_a_stream_composed_on_the_page_is_the_one_that_runs(page):
    for number in (1, 2, 1, 3, 4, 5):
        press(page, f"+ {number}")
    page.text_input(key="order permuted_digits").set_value("1*30 2 1 3 4 5").run()
    page.slider(key="similar permuted_digits").set_value(80).run()
    choice, notices = share.read(address(page))
    assert not notices and choice.design == Design((), (0, 1, 0, 2, 3, 4), (30, 300, 300, 300, 300, 300), 0.8)
    assert "6 visits, 1,530 steps: 1 2 1 3 4 5, tasks 80 % alike" in text(page)
    press(page, "Step")
    assert page.desk.live.configs[0].stream.visits[0] == (0, 30)
    assert page.desk.stops("visit")[:3] == (0, 30, 330)
    page.text_input(key="order permuted_digits").set_value("1 2 x").run()
    assert [e.value for e in page.error] == [
        "order: 'x' cannot be used; write numbers of tasks, such as 1 2 1 3, with *50 where a visit stays 50 steps."
    ]
    press(page, "Remove last")
    assert page.text_input(key="order permuted_digits").value == "1 2"
