"""Who is a teacher: whoever holds a link that this server signed. Nothing is stored and nobody signs in.

A teacher's key opens all rooms made with it. A stage key opens one room on the projector, whose address everybody can
read: it steps, locks and reveals, but neither exports nor deletes.
"""

import base64
import contextlib
import hmac
import os
import secrets

from app.settings import Classroom

LENGTH = 22  # letters of a signature: 132 bits


def secret(settings: Classroom) -> bytes:
    """CLASSROOM_SECRET, or one made at the first start and kept in the data folder, readable by this user only."""
    if settings.secret:
        return settings.secret.get_secret_value().encode()
    path = settings.folder() / "secret"
    if not path.exists():
        fresh = path.with_name(f"secret-{secrets.token_hex(4)}")
        with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # of two servers that start together one wins, and nobody reads half a secret
        fresh.unlink()
    return path.read_bytes()


class Rights:
    """Makes and checks keys."""

    def __init__(self, key: bytes):
        if len(key) < 16:
            raise ValueError("CLASSROOM_SECRET: too short to be safe; give 16 letters or more.")
        self._key = key

    def _sign(self, scope: str, name: str) -> str:
        digest = hmac.digest(self._key, f"{scope}:{name}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode()[:LENGTH]

    def new_teacher(self) -> str:
        """The key of somebody new; the part before the dot names the teacher in the database."""
        name = secrets.token_hex(8)
        return f"{name}.{self._sign('teacher', name)}"

    def teacher(self, key: str) -> str | None:
        """The teacher that this key names; None unless this server signed it."""
        name, _, signature = key.partition(".")
        return name if hmac.compare_digest(signature.encode(), self._sign("teacher", name).encode()) else None

    def stage_key(self, room: int, code: str) -> str:
        """For the projector of one room; of no use for a later room that happens to get the same code."""
        return self._sign("stage", f"{room}:{code}")

    def is_stage(self, room: int, code: str, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self.stage_key(room, code).encode())
