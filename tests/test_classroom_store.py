"""What is kept of a class: the same tests on SQLite and on a real PostgreSQL, which tests/postgres.sh starts."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, select, text

from app.classroom import database, models
from app.classroom.reader import LOOK_SECONDS
from app.classroom.rights import Rights, secret
from app.classroom.store import DAY, LETTERS, Store, StoreError, Unknown
from app.settings import Classroom

ROOT = Path(__file__).resolve().parent.parent
SLACK = 6  # this machine may be busy; the printed numbers are the measurement
SCRIPT = str(ROOT / "tests" / "postgres.sh")


@pytest.fixture(scope="module")
def postgres():
    """The URL of a PostgreSQL, or None and why not."""
    done = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        yield None, done.stderr.strip()
        return
    place, url = done.stdout.split()
    yield Classroom(DATABASE_URL=url).url(), ""
    subprocess.run([SCRIPT, "stop", place], check=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'classroom.sqlite'}"
    found, why = request.getfixturevalue("postgres")
    if found is None:
        pytest.skip(why)
    engine = create_engine(found)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return found


@pytest.fixture
def store(url):
    with opened(url) as found:
        yield found


@contextlib.contextmanager
def opened(url, **options):
    store = Store(url, **options)
    yield store
    store.engine.dispose()


class Clock:
    """Wall time that a test moves."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


def enter(store, code, nickname=""):
    return store.student(code, store.join(code, nickname))


def count(store, table) -> int:
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def together(jobs):
    """Call all at the same moment; what each returned or raised."""
    gate = threading.Barrier(len(jobs))

    def call(job):
        gate.wait()
        try:
            return job()
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(call, jobs))


# The tables


def test_the_migrations_make_the_tables_of_the_models(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Base.metadata) == []


def test_servers_that_start_together_migrate_once_and_later_ones_keep_everything(url):
    stores = together([lambda: Store(url)] * 4)
    code = stores[0].create("t", "Physics", "forgets").code
    with opened(url) as later:
        assert later.view(code).title == "Physics"
    for store in stores:
        store.engine.dispose()


def test_sqlite_writes_through_to_the_disk(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'x.sqlite'}") as store, store.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]  # 2: FULL


# Rooms


def test_a_room_opens_by_its_code_and_by_nothing_else(store):
    view = store.create("t", "  Physics \x00 9b ", "forgets")
    assert len(view.code) == 5 and set(view.code) <= set(LETTERS) and view.title == "Physics 9b"
    assert store.view(f" {view.code.lower()} ").id == view.id
    other = "".join("B" if letter != "B" else "C" for letter in view.code)
    for wrong in (other, "", "ABC", "AEIOU", "🙂🙂🙂🙂🙂", "x" * 5000):
        with pytest.raises(Unknown) as error:
            store.view(wrong)
        assert len(str(error.value)) < 120


def test_a_teacher_neither_sees_nor_touches_the_rooms_of_another(store):
    mine, theirs = store.create("a", "", "forgets"), store.create("b", "", "forgets")
    assert [view.id for view in store.rooms("a")] == [mine.id]
    unknown = "BBBBB" if theirs.code != "BBBBB" else "CCCCC"
    for act in (
        lambda code: store.mine("a", code),
        lambda code: store.steer("a", code, step=3),
        lambda code: store.delete("a", code),
    ):
        with pytest.raises(Unknown) as refused:
            act(theirs.code)
        with pytest.raises(Unknown) as missing:
            act(unknown)
        assert str(refused.value).replace(theirs.code, unknown) == str(missing.value)  # not even whether it exists
    assert store.view(theirs.code).step == 0


def test_a_student_belongs_to_one_room(store):
    here, there = store.create("a", "", "forgets").code, store.create("a", "", "forgets").code
    token = store.join(here, "Ada")
    assert store.student(here, token).nickname == "Ada"
    for code, wrong in ((there, token), (here, token + "x"), (here, "")):
        with pytest.raises(StoreError, match="join again"):
            store.student(code, wrong)
    me = store.student(here, token)
    with store.engine.connect() as connection:
        kept = connection.execute(select(models.Student)).mappings().one()
    assert token not in str(dict(kept))
    store.answer(here, me, "q", 1)
    assert store.view(there).answers == {} and store.view(here).answers == {"q": {me.id: 1}}


def test_what_expires_or_is_deleted_leaves_nothing_behind(url):
    clock = Clock()
    with opened(url, limits=Classroom(days=30), clock=clock) as store:
        codes = [store.create("t", "", "forgets").code for _ in range(2)]
        people = [enter(store, code) for code in codes]
        for code, me in zip(codes, people, strict=True):
            store.answer(code, me, "q", 1)
            store.add_run(code, me, "q", 1, {"steps": []})
        store.delete("t", codes[1])
        with pytest.raises(StoreError):
            store.answer(codes[1], people[1], "q", 2)
        assert [count(store, t) for t in (models.Room, models.Student, models.Answer, models.Run)] == [1, 1, 1, 1]
        clock.now += 30 * DAY + 1
        for act in (
            lambda: store.view(codes[0]),
            lambda: store.answer(codes[0], people[0], "q", 2),
            lambda: store.join(codes[0]),
            lambda: store.steer("t", codes[0], step=1),
        ):
            with pytest.raises(Unknown, match="expired"):
                act()
        assert count(store, models.Room) == 1
        with opened(url, clock=clock) as later:  # a server that starts cleans up
            assert later.rooms("t") == [] and later.sweep() == 0
        assert [count(store, t) for t in (models.Room, models.Student, models.Answer, models.Run)] == [0, 0, 0, 0]


def test_limits_are_kept_also_when_all_come_at_once(url):
    with opened(
        url, limits=Classroom(rooms_per_teacher=2, students=5, answers=3, answer_bytes=20, nickname=4)
    ) as store:
        code = store.create("t", "", "forgets").code
        store.create("t", "", "forgets")
        with pytest.raises(StoreError, match="delete one first"):
            store.create("t", "", "forgets")
        came = together([lambda: store.join(code, "x" * 500)] * 12)
        assert sum(isinstance(token, str) for token in came) == 5
        assert sorted(seed for _, _, seed in store.view(code).students) == [1, 2, 3, 4, 5]
        assert {name for _, name, _ in store.view(code).students} == {"xxxx"}
        me = store.student(code, next(token for token in came if isinstance(token, str)))
        with pytest.raises(StoreError, match="too long"):
            store.answer(code, me, "q", "x" * 50)
        for number in range(3):
            store.answer(code, me, f"q{number}", 1)
        with pytest.raises(StoreError, match="as many as"):
            store.answer(code, me, "one more", 1)
        store.answer(code, me, "q1", 2)  # a change is no new answer


# Answers


def test_a_locked_prediction_cannot_be_changed(store):
    code = store.create("t", "", "forgets").code
    ada, bob = enter(store, code), enter(store, code)
    store.answer(code, ada, "q", 0)
    store.answer(code, ada, "q", 1)  # a change of mind, after talking to a neighbour
    store.steer("t", code, lock="q")
    for me in (ada, bob):
        with pytest.raises(StoreError, match="locked"):
            store.answer(code, me, "q", 2)
    assert store.view(code).answers == {"q": {ada.id: 1}}
    store.steer("t", code, reopen="q")
    store.answer(code, bob, "q", 2, lock=True)  # the student's own lock
    with pytest.raises(StoreError, match="locked"):
        store.answer(code, bob, "q", 0)
    assert store.view(code).sealed == {("q", bob.id)}
    store.steer("t", code, reveal="q")
    assert not store.view(code).closed("r") and store.view(code).closed("q")
    store.steer("t", code, reopen="q")  # the outcome is known: nothing can be predicted any more
    with pytest.raises(StoreError, match="locked"):
        store.answer(code, ada, "q", 2)


def test_one_student_sending_from_many_threads_has_one_answer(store):
    code = store.create("t", "", "forgets").code
    me = enter(store, code)
    sent = together([lambda i=i: store.answer(code, me, "q", i) for i in range(12)])
    assert not any(sent) and count(store, models.Answer) == 1
    assert store.view(code).answers["q"][me.id] in range(12)
    ran = together([lambda i=i: store.add_run(code, me, "q", i, {"n": i}) for i in range(6)])
    assert sorted(ran) == [False] * 5 + [True]


def test_after_the_lock_returned_nothing_changes(store):
    code = store.create("t", "", "forgets").code
    people = [enter(store, code) for _ in range(8)]
    stop = threading.Event()

    def press(me):
        number = 0
        while not stop.is_set():
            number += 1
            try:
                store.answer(code, me, "q", number)
            except StoreError:
                return

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(press, me) for me in people]
        time.sleep(0.2)
        before = store.steer("t", code, lock="q").answers
        time.sleep(0.2)
        stop.set()
        for one in done:
            one.result()
    assert before and store.view(code).answers == before


def test_another_server_sees_what_this_one_wrote(url):
    with opened(url) as here, opened(url) as there:
        code = here.create("t", "", "forgets").code
        me = enter(here, code)
        assert there.view(code).answers == {}
        here.answer(code, me, "q", 1)
        assert here.view(code).answers == {"q": {me.id: 1}}  # at once
        time.sleep(LOOK_SECONDS + 0.05)
        assert there.view(code).answers == {"q": {me.id: 1}}
        there.delete("t", code)
        time.sleep(LOOK_SECONDS + 0.05)
        with pytest.raises(Unknown):
            here.view(code)


# Faults

WRITER = """
import sys
from app.classroom.store import Store
store = Store(sys.argv[1])
code = store.create("t", "", "forgets").code
print(code, flush=True)
people = [store.student(code, store.join(code)) for _ in range(4)]
for number in range(100_000):
    me = people[number % 4]
    store.answer(code, me, f"q{number // 4 % 10}", number)
    print(me.id, f"q{number // 4 % 10}", number, flush=True)
"""


def test_a_kill_loses_no_acknowledged_answer(url):
    for after in (5, 33, 80):
        process = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        code = process.stdout.readline().strip()
        said = [process.stdout.readline() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read().splitlines()  # acknowledged before it died, read afterwards
        process.wait()
        process.stdout.close()
        latest = {}
        for line in said:
            student, question, number = line.split()
            latest[int(student), question] = int(number)
        with opened(url) as store:
            kept = store.view(code).answers
            for (student, question), number in latest.items():
                assert kept[question][student] >= number  # one more may have been written than was said
            store.answer(code, store.student(code, store.join(code)), "q0", -1)  # and it goes on


def test_a_locked_database_is_one_sentence_and_then_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'classroom.sqlite'}"
    with opened(url) as store:
        code = store.create("t", "", "forgets").code
        me = enter(store, code)
        engine = create_engine(url)
        with engine.connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="nothing was changed, please try again"):
                store.answer(code, me, "q", 1)
            assert store.view(code).answers == {}  # reading goes on
            other.rollback()
        engine.dispose()
        store.answer(code, me, "q", 1)
        assert store.view(code).answers == {"q": {me.id: 1}}


def test_a_class_of_forty(url):
    """Forty students poll ten times a second and answer four questions, each after half a second to a second and a
    half of thought, while the teacher steps on: p95 of a call."""
    with opened(url) as store:
        code = store.create("t", "", "forgets").code
        reads, writes, lost = [], [], []

        def timed(kind, call, *args, **options):
            began = time.perf_counter()
            result = call(*args, **options)
            kind.append(time.perf_counter() - began)
            return result

        def student(number):
            thought = np.random.default_rng(number)
            me = store.student(code, timed(writes, store.join, code, f"s{number}"))
            for question in range(4):
                for _ in range(thought.integers(5, 16)):
                    timed(reads, store.view, code)
                    time.sleep(0.1)
                timed(writes, store.answer, code, me, f"q{question}", number)
                if timed(reads, store.view, code).answers[f"q{question}"].get(me.id) != number:
                    lost.append((number, question))

        with ThreadPoolExecutor(40) as pool:
            done = [pool.submit(student, number) for number in range(40)]
            for step in range(4):
                time.sleep(0.5)
                timed(writes, store.steer, "t", code, step=step)
            for one in done:
                one.result()
        view = store.view(code)
        assert not lost and [len(view.answers[f"q{q}"]) for q in range(4)] == [40] * 4
        p95 = {name: 1000 * float(np.percentile(times, 95)) for name, times in (("read", reads), ("write", writes))}
        print(f"\n{store.engine.dialect.name}: p95 of a read {p95['read']:.1f} ms, of a write {p95['write']:.1f} ms")
        assert max(p95.values()) < 500 * SLACK


# Settings and keys


def test_nobody_without_the_secret_makes_a_key(tmp_path):
    here = Classroom(data=tmp_path / "a")
    found = together([lambda: secret(here)] * 6)
    assert len(set(found)) == 1 and len(found[0]) == 32
    assert (here.folder() / "secret").stat().st_mode & 0o077 == 0
    rights, other = Rights(found[0]), Rights(secret(Classroom(data=tmp_path / "b")))
    key = rights.new_teacher()
    name, _, signature = key.partition(".")
    assert rights.teacher(key) == name
    for wrong in (f"{'0' * len(name)}.{signature}", name, f"{name}.", "", ".", "é.é", other.new_teacher()):
        assert rights.teacher(wrong) is None
    stage = rights.stage_key(1, "BCDFG")
    assert rights.is_stage(1, "BCDFG", stage)
    assert not any(rights.is_stage(*who, stage) for who in ((2, "BCDFG"), (1, "BCDFH")))
    assert not rights.is_stage(1, "BCDFG", "é") and rights.teacher(f"1:BCDFG.{stage}") is None
    with pytest.raises(ValueError, match="CLASSROOM_SECRET"):
        Rights(b"short")
