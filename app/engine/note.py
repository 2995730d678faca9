"""What work that is no run tells of itself, in the place of a Recorder."""

from typing import Any


class Note:
    """`meta` is told whenever it is another object than before; `new`, lists by name, whenever it holds anything."""

    def __init__(self, meta: dict[str, Any] | None = None):
        self.meta: dict[str, Any] = meta or {}
        self.new: dict[str, list[Any]] = {}

    def take(self) -> dict[str, list[Any]]:
        """What was added since the last call."""
        new, self.new = self.new, {}
        return new
