"""Opening the database: SQLite in one file or PostgreSQL, brought up to date by the migrations before anybody reads."""

import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url

from app.web.metrics import DATABASE_ERRORS

BUSY_SECONDS = 10  # that a write waits for another one
CONNECTIONS = 5  # that a server keeps open to PostgreSQL
MIGRATIONS = Path(__file__).resolve().parent / "migrations"
LOCK = 0x6E657374  # of PostgreSQL, for the time of a migration


def open_database(url: str) -> Engine:
    """An engine on an up-to-date database. Raises sqlalchemy.exc.SQLAlchemyError when it cannot be reached."""
    sqlite = make_url(url).get_backend_name() == "sqlite"
    if sqlite:
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare)
    else:
        patience = {"connect_timeout": BUSY_SECONDS}
        engine = create_engine(url, pool_pre_ping=True, pool_size=CONNECTIONS, max_overflow=15, connect_args=patience)
    event.listen(engine, "handle_error", lambda context: DATABASE_ERRORS.inc())
    migrate(engine)
    return engine


def _prepare(connection, record) -> None:
    """Readers never wait for a writer, and what was acknowledged is on the disk."""
    cursor = connection.cursor()
    for setting in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # the one statement whose lock SQLite does not wait for
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    cursor.close()


def migrate(engine: Engine) -> None:
    """Run what is missing of the migrations; two servers that start together take turns."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
