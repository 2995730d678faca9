"""Which engine: ENGINE=pool (processes on this machine, the default), ray (a cluster) or inline (no process at all)."""

import os
from typing import Any

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from .engine import Engine
from .inline import Inline


def open_engine(workers: int = 0, **options: Any) -> Engine:
    """The engine that the environment asks for. Raises ConfigError naming ENGINE or RAY_ADDRESS and the fix."""
    kind = os.environ.get("ENGINE", "pool")
    if kind == "pool":
        return Engine(workers, **options)
    if kind == "inline":
        return Engine(1, make=Inline, **options)
    if kind == "ray":
        from .cluster import Remote, processors

        return Engine(workers or processors(), make=Remote, **options)
    raise ConfigError(phrase("ENGINE: {kind!r} cannot be used; give pool, ray or inline.", kind=kind))
