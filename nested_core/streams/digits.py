"""Real handwritten digits: the 1,797 8 x 8 images of the UCI set that scikit-learn carries. Nothing is downloaded.

permuted_digits  every task shows all ten digits with its pixels in another order (the first task: as written)
class_digits     every task shows some of the ten classes, the others never again; answers are always out of ten
"""

import numpy as np
import torch
from sklearn.datasets import load_digits

from ..config import StreamConfig
from ..rng import generator
from .base import Batch, Stream

HELD_OUT = 397
CLASSES = 10


class DigitStream(Stream):
    def __init__(self, config: StreamConfig, seed: int):
        super().__init__(config, seed)
        self.unit, self.size = "accuracy", 64
        digits = load_digits()
        images, labels = digits.data / 16.0, digits.target
        order = generator(seed, "split").permutation(len(images))
        test, train = order[:HELD_OUT], order[HELD_OUT:]
        rng = generator(seed, "tasks")
        self._train: list[Batch] = []
        self.tasks, self.tests = [], []
        classes = rng.permutation(CLASSES)
        for task in range(config.tasks):
            pixels = np.arange(self.size)
            if config.kind == "permuted_digits":
                shown = np.arange(CLASSES)
                if task:
                    pixels = rng.permutation(self.size)
                self.tasks.append(f"pixel order {task + 1}")
            else:
                share = CLASSES // config.tasks
                shown = np.sort(classes[task * share : (task + 1) * share])
                self.tasks.append("digits " + " ".join(map(str, shown)))
            for part, into in ((train, self._train), (test, self.tests)):
                part = part[np.isin(labels[part], shown)]
                into.append(Batch(torch.tensor(images[part][:, pixels]), torch.tensor(labels[part])))

    def sample(self, batch: Batch) -> np.ndarray:
        """Brightness 0 to 16 of the 64 pixels, row by row."""
        return (batch.x[0] * 16).round().to(torch.uint8).numpy()

    def _draw(self, task: int, rng: np.random.Generator) -> Batch:
        x, y = self._train[task]
        pick = rng.integers(len(x), size=self.config.batch)
        return Batch(x[pick], y[pick])
