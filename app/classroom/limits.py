"""What a class may use, and where it is kept: every number can be set in the environment, as CLASSROOM_<NAME>.

    CLASSROOM_STUDENTS=120 CLASSROOM_DAYS=7 make play
    DATABASE_URL=postgresql://user:password@host/name make play

`CLASSROOM_SECRET` signs the teachers' links; without it one is made once and kept beside the database.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

NAME = "nested-learning-playground"


@dataclass(frozen=True)
class Limits:
    """Limits of all rooms on one server; each is checked where the thing is written."""

    rooms: int = 500  # on this server
    rooms_per_teacher: int = 20
    students: int = 100  # in a room
    answers: int = 60  # of one student
    answer_bytes: int = 2_000  # one answer as JSON
    run_bytes: int = 40_000  # one run's curves as JSON
    nickname: int = 20  # letters
    title: int = 60  # letters
    text: int = 280  # letters of a free answer
    days: int = 30  # until a room and everything in it is deleted

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Limits":
        """The limits of this server. Raises ValueError naming a variable that is no whole number above 0."""
        found = {}
        for field in fields(cls):
            text = environment.get(name := f"CLASSROOM_{field.name.upper()}")
            if text is None:
                continue
            if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
                raise ValueError(f"{name}: {text[:20]!r} cannot be used; give a whole number above 0.")
            found[field.name] = int(text)
        return cls(**found)


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """CLASSROOM_DATA: where the database file and the secret lie; made when missing, readable by this user only."""
    home = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    path = Path(environment.get("CLASSROOM_DATA") or home / NAME)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def database_url(environment: Mapping[str, str] = os.environ) -> str:
    """DATABASE_URL with the driver that is installed, or one SQLite file."""
    url = environment.get("DATABASE_URL", "")
    if not url:
        return f"sqlite:///{folder(environment) / 'classroom.sqlite'}"
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url
