"""Every setting of a server, each an environment variable: `python -m app.settings` lists them with their origin.

    CLASSROOM_STUDENTS=120 PLAYGROUND_RUN_SECONDS=60 make play
    DATABASE_URL=postgresql://user:password@host/name make play

They are read once, when the server starts. What cannot be used, and a name that is no setting, stops it with one
sentence a variable. Fields are flat, `settings().run_seconds`, but for those of the classroom: `settings().classroom`.
"""

import contextlib
import difflib
import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

NAME = "nested-learning-playground"


class SettingsError(ValueError):
    """A sentence for each variable that cannot be used."""


def _address(url: str) -> str:
    """The address of a database with the driver that is installed."""
    try:
        scheme = make_url(url).drivername
    except ArgumentError as error:
        raise ValueError from error
    rest = url.partition("://")[2]
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def _origin(text: str) -> str:
    """One source of the header Content-Security-Policy; nothing that could end the directive or begin another."""
    if not re.fullmatch(r"(https?://)?(\*\.)?[\w.-]+(:\d+)?|'self'|'none'|\*", text, re.ASCII):
        raise ValueError
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"(\*\.)?[\w.-]+|\[[\da-f:.]+\]|\*", text.lower(), re.ASCII):
        raise ValueError
    return text.lower()


def _words(text: Any) -> Any:
    return tuple(text.replace(",", " ").split()) if isinstance(text, str) else text


# The last of each type says what would do; it ends the sentence about a value that would not.
Count = Annotated[int, Field(gt=0, lt=2**31), "give a whole number above 0"]
Whole = Annotated[int, Field(ge=0, lt=2**31), "give a whole number, 0 or more"]
Switch = Annotated[bool, "give on or off"]
Secret = Annotated[SecretStr, Field(min_length=16), "give 16 letters or more"]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...],
    NoDecode,
    BeforeValidator(_words),
    "give names such as learn.school.org or *.school.org, without port, with commas between them",
]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    NoDecode,
    BeforeValidator(_words),
    "give 'self', 'none', or addresses such as https://lms.school.org, with commas between them",
]
Database = Annotated[
    SecretStr,
    AfterValidator(lambda url: SecretStr(_address(url.get_secret_value()))),
    "give an address such as postgresql://user:password@host/name",
]


class Section(BaseSettings):
    """Settings that belong together; the docstring is their title."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="PLAYGROUND_", env_ignore_empty=True, hide_input_in_errors=True
    )


class Compute(Section):
    """Training"""

    engine: Literal["pool", "ray", "inline"] = Field(
        "pool", validation_alias="ENGINE", description="where runs train: processes here, a Ray cluster, or the server"
    )
    ray_address: str | None = Field(
        None, validation_alias="RAY_ADDRESS", description="the head of the Ray cluster; unset: one on this machine"
    )
    workers: Whole = Field(0, description="processes that train at the same time; 0: one a core")
    runs_per_session: Count = Field(8, description="learners of one tab that train or wait at the same time")
    run_steps: Annotated[int, Field(gt=0, le=20_000), "give a whole number from 1 to 20000"] = Field(
        20_000, description="steps of one run"
    )
    run_width: Count = Field(1_024, description="width of one learner's model")
    run_tasks: Count = Field(10, description="tasks of one run")
    run_seconds: Count = Field(600, description="seconds that one run may train")
    run_megabytes: Count = Field(2_048, description="memory of one training process, MB")


class Kept(Section):
    """What is kept and opened"""

    cache_megabytes: Whole = Field(500, description="finished runs kept for whoever asks for the same, MB; 0: none")
    upload_megabytes: Count = Field(64, description="one uploaded file, MB; a text is 5 MB at most in any case")


class Web(Section):
    """Web server"""

    hosts: Hosts = Field((), description="names by which it may be called; unset: IP addresses and this machine's name")
    frame_ancestors: Origins = Field(("'self'",), description="pages that may show it in a frame")
    proxies: Whole = Field(0, description="reverse proxies in front, whose X-Forwarded-For is believed")
    sessions_per_address: Count = Field(300, description="open tabs of one client address; a school may share one")
    metrics: Switch = Field(True, description="whether /metrics answers")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is logged")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text on a terminal, else JSON lines")


class Classroom(Section):
    """Classroom"""

    model_config = SettingsConfigDict(env_prefix="CLASSROOM_")

    rooms: Count = Field(500, description="rooms on this server")
    rooms_per_teacher: Count = Field(20, description="rooms of one teacher")
    students: Count = Field(100, description="students in a room")
    answers: Count = Field(60, description="answers of one student")
    answer_bytes: Count = Field(2_000, description="one answer as JSON, bytes")
    run_bytes: Count = Field(40_000, description="one run's curves as JSON, bytes")
    nickname: Count = Field(20, description="letters of a nickname")
    title: Count = Field(60, description="letters of a class's name")
    text: Count = Field(280, description="letters of a free answer")
    days: Count = Field(30, description="days until a room and everything in it is deleted")
    data: Path | None = Field(None, description="folder of the SQLite file and of the secret; unset: the user's own")
    secret: Secret | None = Field(None, description="signs teachers' links; unset: made once and kept in the folder")
    database: Database | None = Field(
        None, validation_alias="DATABASE_URL", description="the classroom's database; unset: one SQLite file"
    )

    def folder(self) -> Path:
        """Where the database file and the secret lie; made when missing, readable by this user only."""
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        path = self.data or home / NAME
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"CLASSROOM_DATA: {str(path)!r} cannot be made ({error.strerror}); give a folder that can."
            ) from error
        return path

    def url(self) -> str:
        """The address of the database."""
        return self.database.get_secret_value() if self.database else f"sqlite:///{self.folder() / 'classroom.sqlite'}"


class Settings(Compute, Kept, Web):
    """All settings of this server."""

    classroom: Classroom = Field(default_factory=Classroom)


SECTIONS: tuple[type[Section], ...] = (Compute, Kept, Web, Classroom)


def variables() -> Iterator[tuple[type[Section], str, str, FieldInfo]]:
    """Section, field, variable and its description, in the order of this file."""
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            prefix = section.model_config["env_prefix"]
            yield section, name, str(field.validation_alias or f"{prefix}{name}".upper()), field


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this server. Raises SettingsError, a sentence a variable that cannot be used."""
    wrong = [*_misspelt(), *(sentence for section in SECTIONS for sentence in _unusable(section))]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Settings()


def _misspelt() -> Iterator[str]:
    known = [variable for _, _, variable, _ in variables()]
    for name in os.environ:
        if name.upper().startswith(("PLAYGROUND_", "CLASSROOM_")) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, 1)
            yield f"{name}: there is no such setting; " + (f"did you mean {close[0]}?" if close else "remove it.")


def _unusable(section: type[Section]) -> Iterator[str]:
    try:
        section()
    except ValidationError as error:
        at = {str(place["loc"][0]) for place in error.errors(include_input=False)}
        for found, name, variable, field in variables():
            if found is section and at & {name, variable}:
                given = next(value for key, value in os.environ.items() if key.upper() == variable)
                yield f"{variable}: {_shown(field, repr(given[:40]))} cannot be used; {_fix(field)}."


def _fix(field: FieldInfo) -> str:
    said = [words for words in _metadata(field) if isinstance(words, str)]
    return said[-1] if said else "choose one of " + ", ".join(getattr(field.annotation, "__args__", ()))


def _metadata(field: FieldInfo) -> list[Any]:
    """What the field's type says about itself, also where it may be missing (X | None)."""
    found = list(field.metadata)
    for option in getattr(field.annotation, "__args__", ()):
        found += getattr(option, "__metadata__", ())
    return found


def _shown(field: FieldInfo, text: str) -> str:
    """The value, unless it is a secret."""
    return "the value" if field.annotation in (Secret | None, Database | None) else text


def table() -> list[tuple[str, str, str, str, str, str]]:
    """Section, variable, value, default, meaning and origin of every setting; secrets are left out."""
    rows, given, read = [], {name.upper() for name in os.environ}, settings()
    for section, name, variable, field in variables():
        value = getattr(read.classroom if section is Classroom else read, name)
        origin = "environment" if variable in given and os.environ.get(variable) != "" else "default"
        texts = (_text(value), _text(field.default))
        rows.append((str(section.__doc__), variable, *texts, str(field.description), origin))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        url = value.get_secret_value()
        return make_url(url).render_as_string() if "://" in url else "(secret)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console() if sys.stdout.isatty() else Console(width=160)
    shown, before = Table("Variable", "Value", "Default", "Meaning", "From", box=None, pad_edge=False), ""
    for section, variable, *rest in table():
        if section != before:
            shown.add_row(f"[bold]{section}[/bold]")
            before = section
        shown.add_row(f"  {variable}", *rest)
    with contextlib.suppress(BrokenPipeError):
        console.print(shown)


def read_or_exit(prepare: bool = False) -> Settings:
    """The settings; where they cannot be used, the sentences on stderr and exit status 2.

    prepare  also make the folder of the database and the secret, where it is needed
    """
    try:
        found = settings().classroom
        if prepare and not (found.database and found.secret):
            found.folder()
        return settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    read_or_exit()
    main()
