"""Finished runs, kept by what they are: in memory, and in files that a later server finds again.

A run is its config, its seed and the code that computed it: the same three always give the same events. A file that is
damaged or foreign is noticed by its checksum, set aside, and computed again.
"""

import contextlib
import functools
import hashlib
import io
import json
import logging
import os
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

import numpy

import nested_core
from nested_core.config import RunConfig, to_dict
from nested_core.trace import Trace, TraceError

log = logging.getLogger(__name__)

MEMORY_BYTES = 64 * 2**20
MAGIC = b"nested run 1\n"  # then the SHA-256 of the rest, then the trace


@functools.cache
def code_version() -> str:
    """A digest of everything that computes a run: the core's source, and the versions of torch and numpy."""
    from importlib.metadata import version

    digest = hashlib.sha256(f"{version('torch')} {numpy.__version__}".encode())
    folder = Path(nested_core.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


class Cache:
    """Traces by key. `folder` None keeps them in memory only; `megabytes` bounds the files, the oldest in use go first.

    No method raises where the disk is full or not writable: then a run is computed once more some day.
    """

    def __init__(self, folder: Path | None = None, megabytes: int = 500):
        self.folder, self.limit = folder, megabytes * 2**20
        self._held: OrderedDict[str, Trace] = OrderedDict()
        self._lock = threading.Lock()
        self._writing: list[threading.Thread] = []
        self._files = threading.Lock()

    def key(self, config: RunConfig, seed: int, entry: str) -> str:
        content = json.dumps([to_dict(config), seed, entry, code_version()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def get(self, key: str) -> Trace | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        trace = self._read(key)
        if trace:
            self._hold(key, trace)
        return trace

    def put(self, key: str, trace: Trace) -> None:
        """Keep a run. Its file is written by a thread, so that nobody waits; see `flush`."""
        self._hold(key, trace)
        if self.folder is None:
            return
        with self._lock:
            self._writing = [thread for thread in self._writing if thread.is_alive()]
            self._writing.append(threading.Thread(target=self._write, args=(key, trace)))
            self._writing[-1].start()

    def flush(self) -> None:
        """Wait until every file is written."""
        with self._lock:
            writing = list(self._writing)
        for thread in writing:
            thread.join()

    def _write(self, key: str, trace: Trace) -> None:
        content = io.BytesIO()
        trace.save(content)
        data = content.getvalue()
        path = self.folder / f"{key}.run"
        part = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            with self._files:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                part.write_bytes(MAGIC + hashlib.sha256(data).digest() + data)
                part.replace(path)  # readers see all of it or nothing
                self._trim()
        except OSError as error:
            log.warning("cache: %s could not be written (%s)", path.name, error.strerror)
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _hold(self, key: str, trace: Trace) -> None:
        with self._lock:
            self._held[key] = trace
            self._held.move_to_end(key)
            while len(self._held) > 1 and sum(held.nbytes for held in self._held.values()) > MEMORY_BYTES:
                self._held.popitem(last=False)

    def _read(self, key: str) -> Trace | None:
        if self.folder is None:
            return None
        path = self.folder / f"{key}.run"
        try:
            content = path.read_bytes()
            os.utime(path)  # the latest used goes last
            head = len(MAGIC) + 32
            data = content[head:]
            if content[:head] != MAGIC + hashlib.sha256(data).digest():
                raise TraceError("checksum")
            return Trace.load(io.BytesIO(data))
        except FileNotFoundError:
            return None
        except (OSError, TraceError) as error:
            log.warning("cache: %s is damaged or foreign (%s), set aside", path.name, error)
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".damaged"))
            return None

    def _trim(self) -> None:
        found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.iterdir())
        size = sum(size for _, size, _ in found)
        for _, bytes_, path in found:
            if size <= self.limit:
                break
            path.unlink(missing_ok=True)
            size -= bytes_
