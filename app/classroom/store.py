"""Everything that is kept of a class, and the only door to it. Whatever a method returned from is on the disk.

Every write begins by raising the room's version: that takes the room's lock on PostgreSQL and the file's on SQLite, so
that what is then checked (expired? locked? full?) still holds when it is written.
"""

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.settings import Classroom, settings
from nested_core.phrase import phrase

from .activity import clean
from .database import open_database
from .models import Answer, Room, Run, Student
from .reader import Reader, View

LETTERS = "BCDFGHJKMNPQRSTVWXYZ"  # none looks like another or like a digit, and no code spells a word
DAY = 86_400
log = logging.getLogger(__name__)
GONE = phrase("the class's database cannot be reached just now; nothing was changed, please try again in a moment.")


class StoreError(ValueError):
    """One sentence, a phrase, for the person who asked."""


class Unknown(StoreError):
    """There is no such room, or not any more."""


@dataclass(frozen=True)
class Me:
    """A student in a room."""

    id: int
    room: int
    nickname: str
    seed: int


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _sentences() -> Iterator[None]:
    """What the database says, as a sentence; the rest is for the log."""
    try:
        yield
    except SQLAlchemyError as error:
        log.exception("the classroom's database failed")
        raise StoreError(GONE) from error


class Store:
    """Rooms on one database. All methods raise StoreError with a sentence; none leaves half of a change behind."""

    def __init__(self, url: str, limits: Classroom | None = None, clock: Callable[[], float] = time.time):
        self.limits, self.clock = limits or settings().classroom, clock
        with _sentences():
            self.engine = open_database(url)
        self._reader = Reader(self.engine)
        self.sweep()

    def check(self) -> None:
        """Ask the database for something, to see whether it is there."""
        with self._begin() as session:
            session.scalar(select(Room.id).limit(1))

    def view(self, code: str) -> View:
        """The room of this code, as students type it."""
        code = code.strip().upper()
        if len(code) != 5 or not set(code) <= set(LETTERS):
            raise Unknown(
                phrase("{code!r} is no room code; a code has five letters, such as those on the board.", code=code[:8])
            )
        with _sentences():
            view = self._reader.view(code)
        if view is None:
            raise Unknown(
                phrase("there is no room {code}; compare the five letters with those on the board.", code=code)
            )
        if view.expires <= self.clock():
            raise Unknown(
                phrase(
                    "room {code} has expired and its answers are deleted; ask your teacher for a new one.", code=code
                )
            )
        return view

    @contextmanager
    def _begin(self) -> Iterator[Session]:
        """One transaction: all of it or nothing."""
        with _sentences(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _write(self, room_id: int, code: str) -> Iterator[tuple[Session, Room]]:
        """A transaction that holds the room: nobody else changes it meanwhile, and readers look again afterwards."""
        with self._begin() as session:
            raised = update(Room).where(Room.id == room_id, Room.expires > int(self.clock()))
            room = session.scalar(raised.values(version=Room.version + 1).returning(Room))
            if room is None:
                raise Unknown(
                    phrase("room {code} has expired or was deleted; ask your teacher for a new one.", code=code)
                )
            yield session, room
        self._reader.wrote(room.code, room.version)

    # teachers

    def create(self, teacher: str, title: str, activity: str, settings: dict[str, Any] | None = None) -> View:
        """A new room with a free code."""
        self.sweep()
        now, limits = int(self.clock()), self.limits
        room = dict(teacher=teacher, title=clean(title, limits.title), activity=activity[:2000])
        room |= dict(settings=settings or {}, created=now, expires=now + limits.days * DAY, locked=[], revealed=[])
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(5))
            with self._begin() as session:
                if session.scalar(select(Room.id).where(Room.code == code)) is not None:
                    continue
                session.add(Room(code=code, **room))
                session.flush()  # first, so that on SQLite nobody else adds a room before this one is counted
                if session.scalar(select(func.count(Room.id))) > limits.rooms:
                    raise StoreError(
                        phrase("this server already holds {n} rooms; ask its owner, or try tomorrow.", n=limits.rooms)
                    )
                mine = session.scalar(select(func.count(Room.id)).where(Room.teacher == teacher))
                if mine > limits.rooms_per_teacher:
                    raise StoreError(phrase("you have {n} rooms, as many as you may; delete one first.", n=mine - 1))
            return self.view(code)

    def rooms(self, teacher: str) -> list[View]:
        """This teacher's rooms, the newest first."""
        self.sweep()
        with self._begin() as session:
            found = select(Room.code).where(Room.teacher == teacher)
            codes = session.scalars(found.order_by(Room.id.desc())).all()
        return [self.view(code) for code in codes]

    def mine(self, teacher: str, code: str) -> View:
        """One of this teacher's rooms; somebody else's is as unknown as one that does not exist."""
        try:
            view = self.view(code)
        except Unknown:
            view = None
        if view is None or view.teacher != teacher:
            raise Unknown(phrase("you have no room {code!r}; it may have expired or been deleted.", code=code[:8]))
        return view

    def steer(
        self,
        teacher: str,
        code: str,
        *,
        step: int | None = None,
        follow: bool | None = None,
        lock: str | None = None,
        reopen: str | None = None,
        reveal: str | None = None,
        recorded: bool | None = None,
    ) -> View:
        """Move the class to a step, let it follow or go, lock a question, open it again, reveal its outcome, or show
        recorded runs where the class has none."""
        room_id = self.mine(teacher, code).id
        with self._write(room_id, code) as (_, room):
            if step is not None:
                room.step = max(0, step)
            if follow is not None:
                room.follow = follow
            if recorded is not None:
                room.settings = {**room.settings, "recorded": recorded}
            if lock or reveal:
                room.locked = sorted({*room.locked, lock or reveal})
            if reveal:
                room.revealed = sorted({*room.revealed, reveal})
            if reopen and reopen not in room.revealed:  # who has seen the outcome predicts nothing any more
                room.locked = [question for question in room.locked if question != reopen]
        return self.view(code)

    def delete(self, teacher: str, code: str) -> None:
        """Delete a room and everything in it."""
        room_id = self.mine(teacher, code).id
        with self._begin() as session:
            session.execute(delete(Room).where(Room.id == room_id))
        self._reader.forget(code)

    def sweep(self) -> int:
        """Delete what has expired; how many rooms."""
        with self._begin() as session:
            gone = session.execute(delete(Room).where(Room.expires <= int(self.clock())).returning(Room.code)).all()
        for (code,) in gone:
            self._reader.forget(code)
        return len(gone)

    # students

    def join(self, code: str, nickname: str = "") -> str:
        """Enter a room; returns the token by which the student comes back after a reload."""
        view, token = self.view(code), secrets.token_urlsafe(12)
        with self._write(view.id, view.code) as (session, room):
            seed = session.scalar(select(func.count(Student.id)).where(Student.room_id == room.id)) + 1
            if seed > self.limits.students:
                raise StoreError(
                    phrase("this room is full: {n} have joined; ask your teacher.", n=self.limits.students)
                )
            fields = dict(room_id=room.id, token=digest(token), seed=seed, joined=int(self.clock()))
            session.add(Student(nickname=clean(nickname, self.limits.nickname), **fields))
        return token

    def student(self, code: str, token: str) -> Me:
        """Who holds this token in this room."""
        view = self.view(code)
        with self._begin() as session:
            found = session.scalar(select(Student).where(Student.token == digest(token), Student.room_id == view.id))
            if found is None:
                raise StoreError(phrase("this link is not from room {code}; join again.", code=view.code))
            return Me(found.id, view.id, found.nickname, found.seed)

    def answer(self, code: str, me: Me, question: str, value: Any, lock: bool = False) -> None:
        """Keep a student's answer. It may be sent again until it is locked, by the teacher or by `lock`."""
        limits = self.limits
        if len(json.dumps(value)) > limits.answer_bytes:
            raise StoreError(phrase("this answer is too long; shorten it."))
        with self._write(me.room, code) as (session, room):
            if question in room.locked or question in room.revealed:
                raise StoreError(
                    phrase("this question is locked: what was sent before stays, and nothing new is taken.")
                )
            found = session.scalar(select(Answer).where(Answer.student_id == me.id, Answer.question == question))
            if found is None:
                given = session.scalar(select(func.count(Answer.id)).where(Answer.student_id == me.id))
                if given >= limits.answers:
                    raise StoreError(phrase("you have given {n} answers, as many as one student may.", n=given))
                found = Answer(room_id=me.room, student_id=me.id, question=question[:40])
                session.add(found)
            elif found.locked:
                raise StoreError(phrase("your answer is locked and cannot be changed."))
            found.value, found.locked, found.at = value, lock, int(self.clock())

    def add_run(self, code: str, me: Me, question: str, seed: int, scores: dict[str, Any]) -> bool:
        """Keep the curves of a student's run; False when this student already has one, which then stays."""
        if len(json.dumps(scores)) > self.limits.run_bytes:
            raise StoreError(phrase("the curves of this run are too long to be kept."))
        with self._write(me.room, code) as (session, room):
            known = select(Run.id).where(Run.student_id == me.id, Run.question == question)
            if session.scalar(known) is not None:
                return False
            fields = dict(room_id=room.id, student_id=me.id, question=question[:40], at=int(self.clock()))
            session.add(Run(seed=seed, scores=scores, **fields))
        return True
