"""Reading a room cheaply: one frozen View for all browsers of this process, loaded anew only after somebody wrote.

Forty phones that ask every second cost two queries a second. A write of this process is seen at once; those of other
processes (several servers on one PostgreSQL) after LOOK_SECONDS at the latest, when the version number is looked up.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from .models import Answer, Room, Run, Student

LOOK_SECONDS = 0.5

Runs = dict[str, dict[int, tuple[int, dict[str, Any]]]]


@dataclass(frozen=True)
class View:
    """A room as it stands: its own fields; students as (id, nickname, seed); answers[question][student] = value."""

    id: int
    code: str
    teacher: str
    title: str
    activity: str
    settings: dict[str, Any]
    created: int
    expires: int
    step: int
    follow: bool
    locked: frozenset[str]
    revealed: frozenset[str]
    version: int
    students: tuple[tuple[int, str, int], ...]
    answers: dict[str, dict[int, Any]]
    sealed: frozenset[tuple[str, int]]  # (question, student): answers that are locked one by one
    load_runs: Callable[[], Runs]
    _made: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def runs(self) -> Runs:
        """runs[question][student] = (seed, scores); read when first asked for, since curves are long."""
        return self.load_runs()

    def once(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` computes from this View, computed for the first of all browsers that ask."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def closed(self, question: str) -> bool:
        """Whether nobody can answer any more."""
        return question in self.locked or question in self.revealed


class Reader:
    """The Views of one process."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._held: dict[str, tuple[float, View]] = {}
        self._floor: dict[str, int] = {}  # versions written by this process: nothing older is shown
        self._lock = threading.Lock()

    def view(self, code: str) -> View | None:
        """The room of this code; None where there is none. It may have expired."""
        now = time.monotonic()
        held = self._held.get(code)
        if held and self._fresh(code, held[1]) and now - held[0] < LOOK_SECONDS:
            return held[1]
        with self._lock:  # one loads, the others wait for what it found
            held = self._held.get(code)
            if held and self._fresh(code, held[1]) and now <= held[0]:
                return held[1]
            return self._look(code, held[1] if held else None)

    def _fresh(self, code: str, view: View) -> bool:
        return view.version >= self._floor.get(code, 0)

    def _look(self, code: str, held: View | None) -> View | None:
        now = time.monotonic()
        with Session(self._engine) as session:
            version = session.execute(select(Room.id, Room.version).where(Room.code == code)).one_or_none()
            if version is None:
                self.forget(code)
                return None
            found = held if held and (held.id, held.version) == tuple(version) else self._load(session, version.id)
        if found:
            self._held[code] = (now, found)
        return found

    def _load(self, session: Session, room_id: int) -> View | None:
        """The room is read before what is in it: what is written meanwhile is then read again, never missed."""
        room = session.get(Room, room_id)
        if room is None:
            return None
        students = session.execute(
            select(Student.id, Student.nickname, Student.seed).where(Student.room_id == room_id).order_by(Student.seed)
        )
        answers, sealed = {}, set()
        given = select(Answer.question, Answer.student_id, Answer.value, Answer.locked)
        for question, student, value, locked in session.execute(given.where(Answer.room_id == room_id)):
            answers.setdefault(question, {})[student] = value
            if locked:
                sealed.add((question, student))
        fields = {name: getattr(room, name) for name in View.__dataclass_fields__ if hasattr(Room, name)}
        return View(
            **fields | {"locked": frozenset(room.locked), "revealed": frozenset(room.revealed)},
            students=tuple(tuple(row) for row in students),
            answers=answers,
            sealed=frozenset(sealed),
            load_runs=lambda: self._runs(room_id),
        )

    def _runs(self, room_id: int) -> Runs:
        found: Runs = {}
        with Session(self._engine) as session:
            rows = select(Run.question, Run.student_id, Run.seed, Run.scores).where(Run.room_id == room_id)
            for question, student, seed, scores in session.execute(rows.order_by(Run.id)):
                found.setdefault(question, {})[student] = (seed, scores)
        return found

    def wrote(self, code: str, version: int) -> None:
        """This process wrote: Views older than this version are not shown any more."""
        with self._lock:
            self._floor[code] = max(version, self._floor.get(code, 0))

    def forget(self, code: str) -> None:
        """The room is gone."""
        self._held.pop(code, None)
        self._floor.pop(code, None)
