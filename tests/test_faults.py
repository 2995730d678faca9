"""A database that goes and comes back, and a clock that jumps: nothing acknowledged is lost.

The other faults stand with what they hit: workers in test_engine, a killed server and a locked database in
test_classroom_store, browsers that leave in test_sessions, requests that make no sense in test_web and test_fuzz.
"""

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from app.classroom.store import DAY, StoreError, Unknown
from tests.test_classroom_store import Clock, enter, opened, postgres, url

__all__ = ["postgres", "url"]  # fixtures
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_goes_and_comes_back_costs_a_sentence_and_no_answer(url):
    name = make_url(url).database
    outside = create_engine(make_url(url).set(database="template1"), isolation_level="AUTOCOMMIT")

    def allow(connections: bool) -> None:
        with outside.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}'))
            if not connections:
                ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(text(ended), {"name": name})

    with opened(url) as store:
        code = store.create("t", "", "forgets").code
        me, other = enter(store, code), enter(store, code)
        store.answer(code, me, "q", 1)
        allow(False)
        try:
            with pytest.raises(StoreError, match=r"please try again"):
                store.answer(code, other, "q", 2)
            with pytest.raises(StoreError, match=r"please try again"):
                store.join(code)
        finally:
            allow(True)
        assert store.view(code).answers == {"q": {me.id: 1}}  # what was acknowledged, and nothing else
        store.answer(code, other, "q", 2)
        assert store.view(code).answers == {"q": {me.id: 1, other.id: 2}}
    outside.dispose()


def test_a_clock_that_jumps_loses_nothing(url):
    clock = Clock()
    with opened(url, clock=clock) as store:
        code = store.create("t", "", "forgets").code
        me = enter(store, code)
        store.answer(code, me, "a", 1)
        clock.now += 5 * 3600  # summer time, a wrong time zone, a laptop that wakes up
        store.answer(code, me, "b", 2)
        clock.now -= 9 * 3600
        store.answer(code, me, "c", 3)
        assert store.view(code).answers == {"a": {me.id: 1}, "b": {me.id: 2}, "c": {me.id: 3}}
        assert store.rooms("t")[0].code == code
        clock.now += 400 * DAY  # a clock that is wrong by a year hides a room, and only a sweep deletes it
        with pytest.raises(Unknown, match="expired"):
            store.view(code)
        clock.now -= 400 * DAY
        assert len(store.view(code).answers) == 3


def test_no_interval_is_measured_by_a_clock_that_people_set():
    """A page, a run and a heartbeat count by a clock that never jumps; dates of rooms are the one exception."""
    for file in [*(ROOT / "app").rglob("*.py"), *(ROOT / "nested_core").rglob("*.py")]:
        if file.name != "store.py":
            assert not re.search(r"\btime\.time\(|datetime\.now\(", file.read_text()), file
