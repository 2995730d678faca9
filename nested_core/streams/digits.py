"""Real handwritten digits: the 1,797 8 x 8 images of the UCI set that scikit-learn carries. Nothing is downloaded.

permuted_digits  every task shows all ten digits with its pixels in another order (number 1: as written)
class_digits     every task shows some of the ten classes, the others never again; answers are always out of ten
"""

import numpy as np
import torch
from sklearn.datasets import load_digits

from ..config import StreamConfig
from ..rng import generator
from .base import Batch, Stream, moved

HELD_OUT, PIXELS = 397, 64
CLASSES = 10


def class_parts(config: StreamConfig, seed: int) -> list[np.ndarray]:
    """The classes of every task: named ones, or as many for each as there are, dealt by the seed."""
    if config.parts and config.kind == "class_digits":
        return [np.array(sorted(map(int, part))) for part in config.parts]
    dealt, share = generator(seed, "tasks").permutation(CLASSES), CLASSES // config.tasks
    return [np.sort(dealt[task * share : (task + 1) * share]) for task in range(config.tasks)]


def pixel_orders(config: StreamConfig, seed: int) -> list[np.ndarray]:
    """Ten orders of the 64 pixels, the first as written. A part of them, `similarity`, stays in place in all others.

    The less alike, the more pixels move: those that move at 0.8 also move at 0.6.
    """
    rng, orders = generator(seed, "tasks"), [np.arange(PIXELS)]
    rng.permutation(CLASSES)  # drawn for the classes: orders do not depend on the kind of stream
    for number in range(1, 10):
        drawn = rng.permutation(PIXELS)
        moving = np.sort(generator(seed, "moving", number).permutation(PIXELS)[: moved(PIXELS, config.similarity)])
        pixels = np.arange(PIXELS)
        pixels[moving] = drawn[np.isin(drawn, moving)]
        orders.append(pixels)
    return orders


class DigitStream(Stream):
    def __init__(self, config: StreamConfig, seed: int):
        super().__init__(config, seed)
        self.unit, self.size = "accuracy", 64
        digits = load_digits()
        images, labels = digits.data / 16.0, digits.target
        order = generator(seed, "split").permutation(len(images))
        test, train = order[:HELD_OUT], order[HELD_OUT:]
        classes, orders = class_parts(config, seed), pixel_orders(config, seed)
        self._train: list[Batch] = []
        self.tasks, self.tests = [], []
        for task in range(config.tasks):
            pixels, shown = np.arange(self.size), np.arange(CLASSES)
            if config.kind == "permuted_digits":
                number = int(config.parts[task]) if config.parts else task + 1
                pixels = orders[number - 1]
                self.tasks.append(f"pixel order {number}")
            else:
                shown = classes[task]
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
