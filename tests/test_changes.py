"""Levels changed while a run goes on: it is not begun anew, the trace tells of it, and the change can be undone."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app import share, state
from app.desk import Desk
from nested_core.config import Level
from tests import fake_run
from tests.page import MAIN, address, comparison, page, press, text, wait, workers

__all__ = ["page", "workers"]  # fixtures


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)


def again(run) -> bool:
    """Whether every trace in view is what its own config and seed give from the start."""
    return all(
        trace.same_events(fake_run.run(config, run.seed).until(trace.steps))
        for trace, config in zip(run.view(), run.configs, strict=True)
    )


def rate_input(page, place):
    return [n for n in page.number_input if n.label.startswith("Rate")][place]


def test_an_edit_reaches_the_learner_while_it_trains(workers, fast):
    run = comparison(workers, dwell=200)
    run.play()
    wait(lambda: run.cursor > 50)
    slower = tuple(replace(level, paused=level.period == 4) for level in run.levels)
    run.edit(slower)
    wait(lambda: run.status == "finished" and all(arm.handle.done for arm in run.arms))
    (edit,) = run.configs[0].edits
    assert edit.levels == slower and run.edited == edit.step > 50 and not run.configs[1].edits
    nested = run.view()[0]
    assert not nested["wrote"][edit.step :, 1].any() and nested["wrote"][: edit.step, 1].any() and again(run)
    run.close()


def test_a_rate_changed_on_the_page_changes_the_run_in_view_and_can_be_undone(page):
    press(page, "Step")
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 2 and page.desk.show.status == "paused")
    show = page.desk.show
    rate = rate_input(page, 1)
    old = rate.value
    rate.set_value(old / 4).run()
    assert page.desk.show is show and "The settings have changed" not in text(page)
    press(page, "Step")
    wait(lambda: show.cursor == 3 and show.configs[0].edits)
    page.run()
    (edit,) = show.configs[0].edits
    assert edit.levels[1].rate == pytest.approx(old / 4) and "was changed after step" in text(page)
    choice, notices = share.read(address(page))
    assert not notices and choice.edits == (edit,) and choice.levels[1].rate == old  # the link tells it all
    press(page, "Undo")
    assert page.desk.show.cursor == 2 and not page.desk.show.configs[0].edits and rate_input(page, 1).value == old
    assert "edits" not in address(page) and not any(b.label == "Undo" for b in page.button)
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 3)
    assert again(page.desk.show)


def test_what_a_level_keeps_can_be_changed_while_it_runs(page):
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 1 and page.desk.show.status == "paused")
    show = page.desk.show
    next(n for n in page.number_input if n.label == "every 4 keeps").set_value(0.97).run()
    assert page.desk.show is show
    press(page, "Step")
    wait(lambda: show.cursor == 2 and show.configs[0].edits)
    page.run()
    (edit,) = show.configs[0].edits
    assert [level.retention for level in edit.levels] == [1, 0.97, 1] and "every 4 retention 1 → 0.97" in text(page)
    assert share.read(address(page))[0].edits == (edit,) and "k0.97" in address(page)["edits"]
    press(page, "Undo")
    assert next(n for n in page.number_input if n.label == "every 4 keeps").value == 1


def test_a_fork_keeps_what_came_before_and_leaves_a_ghost(page, fast):
    press(page, "Run")
    wait(lambda: page.desk.show.cursor > 200)
    press(page, "Pause")
    old = page.desk.show.view()
    page.desk.jump(100)
    rate_input(page, 0).set_value(0.001).run()
    assert "Run begins anew" in text(page)
    press(page, "Fork at step 100")
    show = page.desk.show
    assert show.view()[0].same_events(old[0].until(100))  # at once, before anything is computed again
    wait(lambda: show.done > 120)
    press(page, "Pause")
    assert show.configs[0].edits[0].step == 100 and again(show)
    assert page.desk.ghosts[0].same_events(old[0]) and "before the last change" in text(page)
    press(page, "Undo")
    assert page.desk.show.view()[0].same_events(old[0]) and page.desk.position == old[0].steps


def test_a_link_with_changes_gives_that_run(workers, fast, monkeypatch):
    held = Desk(workers)
    monkeypatch.setattr(state, "desk", lambda: held)
    page = AppTest.from_file(MAIN, default_timeout=20)
    page.desk = held
    query = dict(stream="class_digits", tasks="2", rounds="1", dwell="30", levels="1*0.3_8*0.3", seed="7")
    for name, value in (query | {"edits": "20:1*0.3_8*0.3*p~40:1*0.1_8*0.3", "with": "none"}).items():
        page.query_params[name] = value
    page.switch_page("app_pages/playground.py").run()
    assert "Changes on the way, from the link: after step 20: every 1 at 0.3" in text(page)
    press(page, "Run")
    wait(lambda: page.desk.show.status == "finished")
    trace = page.desk.show.view()[0]
    wrote = trace["wrote"][:, 1].nonzero()[0] + 1
    assert wrote.tolist() == [8, 16, 48, 56] and again(page.desk.show)


@pytest.mark.parametrize(
    "edits, words",
    [("20", "write step:levels"), ("20:1*0.3", "give 2, as at the start"), ("9:1*0.3_8*0.3~2:1*0.3_8*0.3", "order")],
)
def test_a_bad_change_in_a_link_is_one_sentence(edits, words):
    choice, notices = share.read({"stream": "class_digits", "levels": "1*0.3_8*0.3", "edits": edits})
    assert choice.edits == () and choice.levels == (Level(1, 0.3), Level(8, 0.3))
    assert len(notices) == 1 and words in notices[0] and "Traceback" not in notices[0]
