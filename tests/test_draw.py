"""Drawing a digit: strokes become images, the worker keeps learners after each task, the page asks them."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.draw import canvas, learn, strokes, views
from app.draw.learners import Learners
from app.draw.questions import Answer, Lesson, Question
from nested_core.config import ConfigError
from nested_core.streams import open_stream

ROOT = Path(__file__).resolve().parent.parent


def arc(x, y, wide, high, start, end, n=24):
    turns = [math.radians(start + (end - start) * i / n) for i in range(n + 1)]
    return [[x + wide * math.cos(a), y + high * math.sin(a)] for a in turns]


HAND = {
    0: [arc(0.5, 0.5, 0.22, 0.35, 0, 360)],
    1: [[[0.42, 0.3], [0.52, 0.15], [0.52, 0.85]]],
    2: [[*arc(0.5, 0.32, 0.2, 0.17, 190, 380), [0.32, 0.82]], [[0.32, 0.82], [0.72, 0.82]]],
    3: [arc(0.48, 0.32, 0.2, 0.17, 200, 440) + arc(0.48, 0.66, 0.22, 0.18, -80, 160)],
    4: [[[0.5, 0.15], [0.28, 0.58], [0.74, 0.58]], [[0.6, 0.4], [0.58, 0.88]]],
    5: [[[0.7, 0.15], [0.36, 0.15], [0.34, 0.45], *arc(0.48, 0.63, 0.22, 0.21, 230, 500)]],
    6: [[[0.62, 0.13], [0.42, 0.4]], arc(0.5, 0.65, 0.19, 0.2, 200, 560)],
    7: [[[0.28, 0.17], [0.72, 0.17], [0.45, 0.85]]],
    8: [arc(0.5, 0.32, 0.17, 0.17, 90, 450) + arc(0.5, 0.68, 0.2, 0.19, -90, 270)],
    9: [arc(0.5, 0.33, 0.18, 0.18, 0, 360), [[0.68, 0.33], [0.6, 0.87]]],
}


TRACES = {}


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """Both learners trained in this process, as the worker would; TRACES holds what was recorded."""
    lesson = Lesson()
    for config, name in zip(lesson.configs, lesson.runs, strict=True):
        for recorder in learn.run(config, lesson.seed):
            TRACES[name] = recorder
    return lesson


def ask(lesson: Lesson, image) -> list[Answer]:
    replies = []
    for reply in learn.run(Question(lesson.runs, tuple(image)), lesson.seed):
        replies.extend(reply.meta["answers"])
    return replies


def test_a_picture_does_not_depend_on_where_and_how_large_it_was_drawn():
    first = strokes.picture(HAND[3])
    moved = [[[0.3 + 0.5 * x, 0.1 + 0.5 * y] for x, y in stroke] for stroke in HAND[3]]
    assert np.allclose(first, strokes.picture(moved), atol=1 / 16 + 1e-9)
    assert np.isin(16 * np.array(first), np.arange(17)).all()  # counts of 16 pixels
    image = np.reshape(first, (8, 8))
    assert image[0].max() > 0.5 and image[7].max() > 0.5  # it fills the height
    assert 0.25 < np.mean([strokes.picture(drawing) for drawing in HAND.values()]) < 0.33  # the set has 0.305
    assert strokes.picture([]) == strokes.EMPTY
    assert sum(strokes.picture([[[0.5, 0.5]]])) > 0  # a dot is a dot


@pytest.mark.parametrize(
    "drawing",
    [
        None,
        {},
        {"strokes": 3},
        {"strokes": [[[0.1]]]},
        {"strokes": [[[0.1, float("nan")]]]},
        {"strokes": [[["a", 0.1]]]},
        {"strokes": [[[0.1, 0.1]] * 5000]},
        {"cells": [0.0] * 63},
        {"cells": [2.0] * 64},
        {"cells": [True] * 64},
    ],
)
def test_a_broken_drawing_gets_one_sentence(drawing):
    with pytest.raises(ConfigError, match="cannot be used; "):
        strokes.read(drawing)


def test_cells_and_strokes_are_read():
    cells = [0.0] * 63 + [1]
    assert strokes.read({"cells": cells}) == tuple(map(float, cells))
    assert strokes.read({"strokes": HAND[7]}) == strokes.picture(HAND[7])


def test_kept_learners_are_the_ones_that_ran(lesson):
    """Asked about the held-out images, they score what the run recorded, after every task."""
    tests = open_stream(lesson.configs[0].stream, lesson.seed).tests
    for at, name in enumerate(lesson.runs):
        recorded = TRACES[name].freeze().task_matrix()  # [after task, on task]
        for on, test in enumerate(tests):
            together = [see(test.x)[-len(test.x) :] for see in learn.kept[name][-1]]  # the last row of all images
            right = np.array([float((scores.argmax(1) == test.y).double().mean()) for scores in together])
            assert np.allclose(right[on:], recorded[on:, on])
        alone = np.concatenate([answer.scores[:, -1] for answer in [ask(lesson, test.x[0].tolist())[at]]])
        assert np.allclose(alone, np.stack([scores[0].numpy(force=True) for scores in together]), atol=1e-12)


def test_the_nested_learner_still_knows_the_first_digits_that_are_drawn(lesson):
    answers = {digit: ask(lesson, strokes.picture(drawing)) for digit, drawing in HAND.items()}
    right = [sum(both[arm].says(4) == digit for digit, both in answers.items()) for arm in (0, 1)]
    print(f"\nof ten drawn digits right after all tasks: nested {right[0]}, single loop {right[1]}")
    assert right[0] >= 8 and right[1] <= 3
    nested, single = answers[7]
    assert nested.rows == ("every 1", "every 4", "every 16", "together") and single.rows == ("every 1",)
    assert nested.scores.shape == (5, 4, 10) and single.scores.shape == (5, 1, 10)
    assert np.allclose(nested.scores[:, 3], nested.scores[:, :3].mean(1)) and np.allclose(single.scores.sum(2), 1)


def test_what_is_not_kept_is_said(lesson):
    with pytest.raises(ConfigError, match="no longer kept"):
        learn.answer("unknown", strokes.EMPTY)


def test_views_follow_the_order_of_the_tasks():
    tasks = ["digits 3 7", "digits 0 1"]
    scores = np.zeros((2, 2, 10))
    scores[0, :, 3] = scores[1, 0, 0] = scores[1, 1, 3] = 1
    answer = Answer("nested", ("every 1", "together"), "read-out", scores)
    assert views.order(tasks) == [(3, 0), (7, 0), (0, 1), (1, 1)]
    option = views.option(answer, tasks, 0)
    assert option["xAxis"][0]["data"] == ["3", "7", "0", "1"]
    assert [bar["value"] for bar in option["series"][0]["data"]] == [1, 0, 0, 0]
    assert "answers **3 ✓** (1.00), learned in task 1." in views.sentence(answer, tasks, 1, 3)
    assert "every 1: 0" in views.sentence(answer, tasks, 1, None)
    html = views.over_time([answer], tasks, 1, 3)
    assert html.count("3 ✓") == 2 and "+ 3 7" in html
    assert len(views.table([answer], tasks)) == 4


# The worker and the page

SHORT = Lesson(steps=20)


@pytest.fixture(scope="module")
def worker():
    learners = Learners()
    yield learners
    learners.close()


def trained(learners, lesson):
    end = time.monotonic() + 120
    while not (training := learners.open(lesson)).done:
        assert not training.error and time.monotonic() < end, training
        time.sleep(0.05)
    return training


def test_the_worker_trains_once_and_answers_at_once(worker):
    training = trained(worker, SHORT)
    assert training.steps == training.total == 40 and worker.open(SHORT) is training
    assert [trace.meta["run_id"] for trace in training.traces()] == list(SHORT.runs)
    image = training.examples[4][0]
    worker.ask(SHORT, strokes.EMPTY)
    start = time.monotonic()
    answers = worker.ask(SHORT, image)
    print(f"\nanswer after {1000 * (time.monotonic() - start):.0f} ms")
    assert worker.ask(SHORT, image) is answers
    for config in SHORT.configs:
        list(learn.run(config, SHORT.seed))
    for mine, theirs in zip(ask(SHORT, image), answers, strict=True):
        assert np.array_equal(mine.scores, theirs.scores)  # the same run, digit for digit


def test_a_dead_worker_is_noticed_and_replaced(worker):
    training = trained(worker, SHORT)
    longer = worker.open(Lesson())
    os.kill(worker.service.worker.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while not longer.error and time.monotonic() < end:
        time.sleep(0.02)
    assert "ended unexpectedly" in longer.error and worker.open(Lesson()) is longer
    worker.forget(Lesson())
    assert trained(worker, SHORT) is not training and worker.ask(SHORT, training.examples[1][0])


def text(page) -> str:
    return "\n".join(m.value for m in [*page.markdown, *page.caption, *page.error, *page.info])


def test_the_page_asks_about_what_is_on_it(worker, monkeypatch):
    trained(worker, SHORT)
    monkeypatch.setattr("app.draw.learners.learners", lambda: worker)
    monkeypatch.setattr("app.draw.questions.Lesson", lambda tasks, seed: SHORT)
    page = AppTest.from_file(str(ROOT / "app" / "app_pages" / "draw.py"), default_timeout=20).run()
    assert not page.exception and "nothing is there to be seen yet" in text(page)
    image = page.session_state["draw image"] = strokes.picture(HAND[7])
    page.run()
    nested, _ = worker.ask(SHORT, image)
    assert not page.exception and f"**nested** answers **{nested.says(4)}** " in text(page)
    page.button_group(key="draw truth").set_value(nested.says(4)).run()
    assert f"**nested** answers **{nested.says(4)} ✓**" in text(page)
    page.segmented_control(key="draw task 5").set_value(0).run()
    assert f"**nested** answers **{nested.says(0)} " in text(page)
    next(b for b in page.button if b.label == "2").click()
    page.run()
    assert not page.exception and page.session_state["draw truth"] == 2
    assert page.session_state["draw image"] in worker.open(SHORT).examples[2]
    page.session_state["draw problem"] = "strokes: 3 cannot be used; draw less."
    page.run()
    assert [e.value for e in page.error] == ["strokes: 3 cannot be used; draw less."]


def test_the_server_side_needs_no_torch():
    code = "import sys; from app.draw import canvas, learners, strokes, views; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert canvas.MOUNT
