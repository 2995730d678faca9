"""The tables: rooms, their students, what these answered, and what their runs gave. Times are Unix seconds."""

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Constraints get names, so that a migration can speak of them on every database."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[str]: JSON, Any: JSON}


class Room(Base):
    """One class. `version` grows with every write to the room or to anything in it, so that readers may keep copies."""

    __tablename__ = "rooms"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(5), unique=True)
    teacher: Mapped[str] = mapped_column(String(32), index=True)
    title: Mapped[str] = mapped_column(String(200))
    activity: Mapped[str] = mapped_column(
        String(2000)
    )  # the name of a demonstration or of a lesson, or the query of a playground link
    settings: Mapped[dict[str, Any]]
    created: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int] = mapped_column(BigInteger, index=True)
    step: Mapped[int] = mapped_column(default=0)
    follow: Mapped[bool] = mapped_column(default=True)
    locked: Mapped[list[str]]  # questions that take no more answers
    revealed: Mapped[list[str]]  # questions whose outcome is shown
    version: Mapped[int] = mapped_column(BigInteger, default=1)


class Student(Base):
    """One browser in a room. Only a hash of its token is kept: who reads the database cannot answer in its name."""

    __tablename__ = "students"
    __table_args__ = (UniqueConstraint("room_id", "seed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    nickname: Mapped[str] = mapped_column(String(200))
    seed: Mapped[int]  # 1, 2, 3 ... in the order of joining
    joined: Mapped[int] = mapped_column(BigInteger)


class Answer(Base):
    """What one student answers to one question; `locked` ones never change."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("student_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(40))
    value: Mapped[Any]
    locked: Mapped[bool] = mapped_column(default=False)
    at: Mapped[int] = mapped_column(BigInteger)


class Run(Base):
    """The curves of one student's run of the class's experiment."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("student_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(40))
    seed: Mapped[int] = mapped_column(BigInteger)
    scores: Mapped[dict[str, Any]]
    at: Mapped[int] = mapped_column(BigInteger)
