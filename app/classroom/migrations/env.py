"""Alembic's entry: migrates on the connection and in the transaction that `database.migrate` opened.

A new step, after a change in models.py: add a file to versions/ whose down_revision is the newest one; the test of
models against migrations says what is missing.
"""

from alembic import context

from app.classroom.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
