"""Text as tasks: what every Python installation carries, or the user's own.

languages  English (the documentation in `pydoc_data.topics`), Python (source of the standard library), and enciphered
           English: the same text with its letters exchanged, a new exchange for every further task
own_text   one task for each given text

Text is lower-cased and written in one alphabet for all tasks: the 95 most common characters and one symbol for the
rest. The last tenth of each text is held out. Scores are bits per character: lower is better,
guessing is log2(alphabet).
"""

import importlib
import sysconfig
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import torch

from ..config import ConfigError, StreamConfig
from ..phrase import phrase
from ..rng import generator
from .base import Batch, Stream, moved

ALPHABET = 95
PROBES = 24  # held-out sequences a task
MAX_CHARACTERS = 600_000
SHOWN = 40  # characters of a sample that are recorded
SOURCES = """argparse ast calendar configparser csv datetime decimal difflib doctest fractions inspect json/decoder
json/encoder logging/__init__ mailbox optparse pathlib pdb pickle shutil statistics subprocess tarfile textwrap
threading typing""".split()


@cache
def english() -> str:
    """Python's own documentation of its language, as text."""
    topics = importlib.import_module("pydoc_data.topics").topics
    return "\n".join(topics[name] for name in sorted(topics))[:MAX_CHARACTERS]


@cache
def python_source() -> str:
    """Source files of the standard library, a fixed list; those that an installation lacks are left out."""
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [root / f"{name}.py" for name in SOURCES]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())[:MAX_CHARACTERS]
    if not text:
        raise ConfigError(
            phrase(
                "stream: 'languages' needs the source of Python's standard library, not found in {root}; use own_text.",
                root=str(root),
            )
        )
    return text


def encipher(text: str, rng: np.random.Generator, similarity: float = 0.0) -> str:
    """The text with its letters a to z exchanged for one another by a random permutation.

    similarity  part of the letters that stay as they are
    """
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    drawn = rng.permutation(letters)
    moving = np.sort(rng.permutation(len(letters))[: moved(len(letters), similarity)])
    changed = letters.copy()
    changed[moving] = drawn[np.isin(drawn, letters[moving])]
    return text.translate(str.maketrans("".join(letters), "".join(changed)))


class TextStream(Stream):
    def __init__(self, config: StreamConfig, seed: int):
        super().__init__(config, seed)
        self.unit = "bits per character"
        if config.kind == "own_text":
            self.tasks, texts = [name for name, _ in config.texts], [text.lower() for _, text in config.texts]
        else:
            usual = ("English", "Python", *(f"cipher {i + 1}" for i in range(config.tasks - 2)))
            self.tasks = list(config.parts or usual)
            texts = [self.language(name) for name in self.tasks]
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        common = sorted(c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:ALPHABET])
        self.alphabet: str = "".join(common) + ("\N{REPLACEMENT CHARACTER}" if len(counts) > ALPHABET else "")
        self.size = len(self.alphabet)
        symbols = [self.encode(text) for text in texts]
        need = config.length + 1
        cut = [len(s) - max(len(s) // 10, need) for s in symbols]
        for name, s, c in zip(self.tasks, symbols, cut, strict=True):
            if c < need:
                raise ConfigError(
                    phrase(
                        "text {name!r}: {size} characters cannot be cut into sequences of {length}; give more.",
                        name=name,
                        size=len(s),
                        length=config.length,
                    )
                )
        self._train = [s[:c] for s, c in zip(symbols, cut, strict=True)]
        self.tests = [
            self._sequences(s[c:], np.linspace(0, len(s) - c - need, PROBES).astype(int))
            for s, c in zip(symbols, cut, strict=True)
        ]

    def language(self, name: str) -> str:
        """The text of a task of "languages"."""
        if name == "Python":
            return python_source().lower()
        base = english().lower()
        if name == "English":
            return base
        number = int(name.removeprefix("cipher ")) - 1
        return encipher(base, generator(self.seed, "cipher", number), self.config.similarity)

    def encode(self, text: str) -> np.ndarray:
        """Symbols int64 [characters]; a character outside the alphabet becomes the last symbol."""
        codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
        table = np.full(0x110000, self.size - 1, dtype=np.int64)
        table[[ord(c) for c in self.alphabet]] = np.arange(self.size)
        return table[codes]

    def _sequences(self, symbols: np.ndarray, starts: np.ndarray) -> Batch:
        windows = torch.tensor(symbols[np.asarray(starts)[:, None] + np.arange(self.config.length + 1)])
        return Batch(windows[:, :-1].contiguous(), windows[:, 1:].contiguous())

    def sample(self, batch: Batch) -> np.ndarray:
        """Symbols at the end of the first sequence."""
        return batch.x[0, -SHOWN:].to(torch.uint8).numpy()

    def _draw(self, task: int, rng: np.random.Generator) -> Batch:
        symbols = self._train[task]
        return self._sequences(symbols, rng.integers(len(symbols) - self.config.length, size=self.config.batch))
