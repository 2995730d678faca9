"""The engine: real worker processes that train the stand-in of fake_run, its faults, and its promises."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.engine import jobs
from app.engine.budget import Budget
from app.engine.cache import Cache
from app.engine.engine import Engine
from app.engine.inline import Inline
from nested_core import presets
from nested_core.config import ConfigError, RunConfig
from tests import fake_run
from tests.page import comparison, wait, workers

__all__ = ["workers"]  # fixtures
FAKE, ROOT = "tests.fake_run:FakeRun", Path(__file__).resolve().parent.parent
ALL = 10**6  # more steps than any run has


def config(dwell=40, **changes) -> RunConfig:
    stream = presets.stream("permuted_digits", 1, tasks=3, dwell=dwell, **changes)
    return RunConfig(stream, presets.nested(stream))


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)
    return lambda config, seed=0: fake_run.run(config, seed)


@pytest.fixture
def engine():
    made = Engine(2, FAKE)
    yield made
    made.close()


def finished(handle, seconds=20.0):
    wait(lambda: handle.done or handle.error, seconds)
    assert not handle.error, handle.error
    return handle.trace()


# a run is a run, whichever way to the worker


def test_inline_and_process_give_the_plain_run(engine, plain):
    inline = Engine(1, FAKE, Inline)
    for which in (inline, engine):
        handle = which.submit(config(), 3)
        assert handle.steps == 0 and not handle.done  # nothing before `let`
        handle.let(7)
        wait(lambda handle=handle: handle.steps == 7)
        new = handle.events()
        assert len(new["task"]) == 7
        handle.let(ALL)
        assert finished(handle).same_events(plain(config(), 3))
        assert len(handle.events()["task"]) == handle.steps - 7 and handle.events() == {}
    inline.close()


# faults


def pid_of(handle) -> int:
    return handle._computation.slot.worker.pid


@pytest.mark.parametrize("kept", [False, True])
def test_a_killed_worker_costs_nothing(engine, plain, kept):
    handles = [engine.submit(config(300), seed) for seed in range(2)]
    for handle in handles:
        handle.let(ALL)
    wait(lambda: all(handle.steps > 20 for handle in handles))
    wait(lambda: handles[0]._computation.snapshot or not kept)
    seen = [handle.trace() for handle in handles]
    os.kill(pid_of(handles[0]), signal.SIGKILL)
    for handle, before in zip(handles, seen, strict=True):
        trace = finished(handle, 40)
        assert trace.same_events(plain(config(300), handle.seed)) and trace.until(before.steps).same_events(before)
    assert engine.restarts == 1


def test_a_change_outlives_the_worker(engine, plain):
    handle = engine.submit(config(200), 0)
    handle.let(100)
    wait(lambda: handle.steps == 100)
    levels = tuple(replace(level, paused=True) for level in handle.config.learner.levels)
    os.kill(pid_of(handle), signal.SIGKILL)
    handle.edit(levels)
    handle.let(ALL)
    trace = finished(handle)
    assert [edit.levels for edit in handle.config.edits] == [levels]
    assert not trace["wrote"][handle.config.edits[0].step :].any() and trace.same_events(plain(handle.config))


def test_a_run_that_kills_its_workers_is_stopped_and_the_others_go_on(engine, plain):
    bad, good = engine.submit(config(), 14), engine.submit(config(200), 0)
    good.let(ALL)
    bad.let(ALL)
    wait(lambda: bad.error, 30)
    assert "ended unexpectedly" in bad.error
    assert finished(good, 30).same_events(plain(config(200)))


def test_a_hung_worker_is_started_again(engine, plain, monkeypatch):
    monkeypatch.setattr("app.engine.engine.HANG_SECONDS", 2.5)
    engine.warm()
    wait(lambda: engine.warmed, 60)
    hung, good = engine.submit(config(), 16), engine.submit(config(100), 0)
    for handle in (hung, good):
        handle.let(ALL)
    wait(lambda: hung.error, 40)
    assert "ended unexpectedly" in hung.error
    assert finished(good, 30).same_events(plain(config(100)))


@pytest.mark.parametrize("seed, words", [(13, "seed: 13 cannot be used"), (15, "RuntimeError: the sky fell")])
def test_an_error_is_one_sentence(engine, seed, words):
    handle = engine.submit(config(), seed)
    handle.let(ALL)
    wait(lambda: handle.error)
    assert words in handle.error and "Traceback" not in handle.error


def test_a_run_without_end_reaches_its_budget():
    with pytest.raises(ConfigError, match=r"steps: 120 cannot be used; one run may have 100 here"):
        Engine(1, FAKE, Inline, Budget(steps=100)).submit(config(), 0)
    engine = Engine(1, "tests.fake_run:Greedy", Inline, Budget(seconds=0.2))
    handle = engine.submit(config(), 0)
    handle.let(ALL)
    assert "seconds: the run has used the 0.2 s" in handle.error
    engine = Engine(1, "tests.fake_run:Glutton", budget=Budget(megabytes=200))
    glutton, other = engine.submit(config(), 0), engine.submit(config(), 1)
    for handle in (glutton, other):
        handle.let(ALL)
    wait(lambda: glutton.error and other.error, 30)
    engine.close()
    assert "the memory that a run may use is full" in glutton.error and engine.restarts == 0


# sharing the processors


def test_every_run_moves_and_owners_share_fairly(monkeypatch):
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.003)
    work = jobs.Jobs(lambda *message: None, "tests.fake_run:Busy")
    for number in range(16):  # twelve runs of one owner, four owners with one run each
        work.order("run", number, "many" if number < 12 else f"owner {number}", config(1000), 0, None)
        work.order("until", number, ALL)
    longest = 0.0
    for _ in range(400):
        start = time.monotonic()
        assert work.turn(0)
        longest = max(longest, time.monotonic() - start)
    served = work.served.values()
    assert len(served) == 5 and max(served) - min(served) <= longest
    assert min(job.steps for job in work.jobs.values()) > 0
    least = min(served)
    work.order("run", 16, "late", config(1000), 0, None)
    assert work.served["late"] == least  # no arrears


def test_owners_beyond_the_seats_see_their_place(workers):
    first, second = comparison(workers), comparison(workers)
    first.play()
    wait(lambda: first.cursor > 0)
    second.play()
    wait(lambda: second.status == "waiting")
    assert second.ahead == 1 and second.cursor == 0
    first.pause()
    wait(lambda: second.cursor > 0)
    first.close()
    second.close()


def test_cancel_stops_computing_within_a_fifth_of_a_second(engine):
    handle = engine.submit(config(6_000), 0)
    handle.let(ALL)
    wait(lambda: handle.steps > 10)
    slot = handle._computation.slot
    stat = Path(f"/proc/{slot.worker.pid}/stat")
    handle.cancel()
    time.sleep(0.2)
    if stat.exists():
        ticks = [sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])), time.sleep(0.4)]
        assert sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) - ticks[0] <= 5
    at = handle.steps
    assert at == handle.trace().steps > 10 and not engine.runs and not engine.queue


# equal runs are computed once


def test_equal_runs_are_computed_once_and_kept_in_files(tmp_path, plain):
    engine = Engine(2, FAKE, cache=Cache(tmp_path))
    first, second = engine.submit(config(), 1), engine.submit(config(), 1)
    other = engine.submit(config(), 2)
    assert second.found and not first.found and not other.found
    first.let(ALL)
    trace = finished(first)
    assert second.steps == 0  # its own hold says how far it looks
    second.let(5)
    assert second.steps == 5 and not second.done
    engine.close()
    again = Engine(1, FAKE, Inline, cache=Cache(tmp_path))
    third = again.submit(config(), 1)
    third.let(ALL)
    assert (
        third.found
        and third.done
        and third.trace().same_events(trace)
        and third.trace().same_events(plain(config(), 1))
    )


def test_whoever_changes_a_shared_run_goes_another_way(plain):
    engine = Engine(2, FAKE, cache=Cache())
    first, second = engine.submit(config(200), 1), engine.submit(config(200), 1)
    for handle in (first, second):
        handle.let(300)
    wait(lambda: first.steps == 300)
    levels = tuple(replace(level, paused=True) for level in first.config.learner.levels)
    second.edit(levels)
    for handle in (first, second):
        handle.let(ALL)
    assert finished(first).same_events(plain(config(200), 1))
    assert second.config.edits[0].step == 300 and finished(second).same_events(plain(second.config, 1))
    engine.close()


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign", "empty"])
def test_a_damaged_file_is_set_aside_and_computed_again(tmp_path, damage, plain):
    def submit():
        engine = Engine(1, FAKE, Inline, cache=Cache(tmp_path))
        handle = engine.submit(config(), 1)
        handle.let(ALL)
        engine.cache.flush()
        return handle

    first = submit()
    (file,) = tmp_path.glob("*.run")
    good = file.read_bytes()
    at = len(good) // 2
    bad = {"cut": good[:at], "flip": good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], "foreign": b"PK", "empty": b""}
    file.write_bytes(bad[damage])
    second = submit()
    assert not second.found and second.trace().same_events(first.trace())
    assert len(list(tmp_path.glob("*.damaged"))) == 1 and file.read_bytes()[:60] == good[:60]


def test_the_files_keep_their_limit_and_a_full_disk_costs_nothing(tmp_path, plain):
    trace = plain(config())
    cache = Cache(tmp_path, megabytes=1)
    for number in range(200):
        cache.put(f"{number}", trace)
    cache.flush()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2**20
    assert cache.get("199").same_events(trace)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    full = Cache(blocked / "folder")
    full.put("a", trace)
    assert full.get("a").same_events(trace) and full.get("b") is None


# comparisons


def test_learners_advance_in_step_and_pause_at_once(workers):
    run = comparison(workers, dwell=1000)
    run.play()
    gaps = []
    wait(lambda: gaps.append(abs(run.arms[0].steps - run.arms[1].steps)) or run.cursor > 300)
    start = time.monotonic()
    run.pause()
    at = run.cursor
    assert time.monotonic() - start < 0.3
    assert max(gaps) < 400, "the faster learner ran away"
    time.sleep(0.3)
    done = [arm.handle._computation.steps for arm in run.arms]
    time.sleep(0.3)
    assert [arm.handle._computation.steps for arm in run.arms] == done, "workers went on after Pause"
    assert run.cursor == at and [t.steps for t in run.view()] == [at, at]
    run.close()


def test_a_finished_comparison_equals_plain_runs_and_leaves_nothing(workers, plain):
    run = comparison(workers)
    run.play()
    wait(lambda: run.status == "finished")
    for arm, trace in zip(run.arms, run.view(), strict=True):
        assert trace.finished and trace.same_events(plain(arm.config))
    run.close()
    assert not workers.runs and not workers.queue


def test_the_speed_limit_holds(workers):
    run = comparison(workers)
    run.set_rate(40)
    run.play()
    time.sleep(1.0)
    assert 10 <= run.cursor <= 60
    run.close()


def test_without_a_reader_training_waits_and_then_ends(workers, monkeypatch):
    monkeypatch.setattr("app.runner.SUSPEND_SECONDS", 0.3)
    monkeypatch.setattr("app.runner.ABANDON_SECONDS", 1.5)
    run = comparison(workers, dwell=3000)
    run.play()
    time.sleep(0.8)
    done = [arm.handle._computation.steps for arm in run.arms]
    time.sleep(0.3)
    assert [arm.handle._computation.steps for arm in run.arms] == done, "trained on without a reader"
    wait(lambda: run.status == "stopped")
    assert not workers.runs and "nobody watched" in run.error


@pytest.mark.parametrize("seed, words", [(13, "seed: 13 cannot be used; give another one."), (14, "unexpectedly")])
def test_a_failed_comparison_says_why(workers, seed, words):
    run = comparison(workers, seed)
    run.play()
    wait(lambda: run.status == "failed", 20)
    assert words in run.error and "Traceback" not in run.error
    run.close()


# the end


def test_closing_ends_every_process(engine):
    handle = engine.submit(config(), 0)
    handle.let(ALL)
    wait(lambda: handle.steps > 5)
    held = [slot.worker for slot in engine.slots]
    engine.close()
    assert not any(worker.alive() for worker in held)


WORKER = f"from app.engine.engine import Engine; import time; e = Engine(1, {FAKE!r}); e.warm(); time.sleep(60)"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("code", [WORKER, "from app.learn.desk import _record; _record(3)"])
def test_processes_end_when_their_parent_is_killed(code):
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    found = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    wait(found.read_text, 20)
    child = Path("/proc") / found.read_text().split()[0]
    wait(lambda: "python" in (child / "cmdline").read_text() or not child.exists())
    assert child.exists()
    parent.kill()
    parent.wait()
    wait(lambda: not child.exists() or "zombie" in (child / "status").read_text(), 6)  # sooner than its work is done
