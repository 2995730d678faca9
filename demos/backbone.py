"""A small pre-trained Hope-Attention that answers from labelled examples in its context, and is then frozen.

An example is one vector. The context holds two tokens of it: the example with a question mark, at which its label is
predicted, and the example with its label. In every episode of the pre-training labels are dealt anew to some classes,
so the network learns to look up the labels of the examples that are like the one asked. What it thinks of an example
without any context is a feature vector that levels can be stacked on.

Words become vectors in a second Hope-Attention, trained to paraphrase: "WORDS = action object", in either order.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nested_core.attention import AttentionState
from nested_core.config import LearnerConfig
from nested_core.hope import Hope, HopeConfig
from nested_core.learner import Learner, Observation, memory_map
from nested_core.rng import generator
from nested_core.streams.base import Batch

from .arms import count
from .parallel import Report
from .tasks import intents
from .training import schedule

D = 64
ROWS, EXAMPLES = 16, 64  # episodes a step, and examples of one


def hope_attention(symbols: int, hidden: int, heads: int) -> Hope:
    return Hope(HopeConfig(symbols, D, 2, heads, 1, (16, 256), hidden=hidden, mixer="attention"))


def read(model: Hope, x: Tensor, past: Sequence[AttentionState] | None = None) -> tuple[Tensor, list[AttentionState]]:
    """Embedded tokens x [B, T, d] through blocks and norm: [B, T, d], and what attention keeps."""
    after = []
    for block, state in zip(model.blocks, past or model.start(len(x)).layers, strict=True):
        x, state = block(x, state)
        after.append(state)
    return model.norm(x), after


class Reader(nn.Module):
    """Examples [B, n, inputs] with labels int64 [B, n] -> logits [B, n, labels], each from the examples before it."""

    def __init__(self, inputs: int, labels: int, hidden: int = D):
        super().__init__()
        self.labels = labels
        self.embed = nn.Linear(inputs, D)
        self.model = hope_attention(labels + 1, hidden, heads=1)  # the last symbol is the question mark

    def tokens(self, examples: Tensor, labels: Tensor) -> Tensor:
        """[B, 2 n, d]: each example asked, then told."""
        seen = self.embed(examples)
        return torch.stack([self.asked(examples), seen + self.model.embed(labels)], 2).flatten(1, 2)

    def asked(self, examples: Tensor) -> Tensor:
        return self.embed(examples) + self.model.embed.weight[-1]

    def forward(self, examples: Tensor, labels: Tensor) -> Tensor:
        states, _ = read(self.model, self.tokens(examples, labels))
        return self.model.head(states[:, ::2])[..., : self.labels]

    @torch.no_grad()
    def answer(self, examples: Tensor, labels: Tensor, queries: Tensor) -> Tensor:
        """Logits [m, labels] for queries [m, inputs], each alone after the same context of n examples and labels."""
        past = None
        if len(labels):
            _, past = read(self.model, self.tokens(examples[None], labels[None]))
            past = [AttentionState(*(part.expand(len(queries), -1, -1, -1) for part in layer)) for layer in past]
        states, _ = read(self.model, self.asked(queries)[:, None], past)
        return self.model.head(states[:, 0])[:, : self.labels]

    @torch.no_grad()
    def features(self, examples: Tensor) -> Tensor:
        """What the network thinks of examples [m, inputs] without a context: [m, d], float64."""
        return read(self.model, self.asked(examples)[:, None])[0][:, 0].double()


def pretrain(model: nn.Module, loss: Callable[[int], Tensor], steps: int, rate: float, report: Report) -> None:
    """AdamW on loss(step); afterwards the model is frozen."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.0)
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = rate * schedule(step, steps, step / steps)
        optimizer.zero_grad()
        loss(step).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        report(step / steps)
    model.eval().requires_grad_(False)


def train_reader(
    reader: Reader, world: Callable[[np.random.Generator], Sequence[Tensor]], seed: int, steps: int, rate: float,
    report: Report,
) -> None:  # fmt: skip
    """Episodes from world(rng): the examples [m, inputs] of each class that one episode can draw from."""

    def loss(step: int) -> Tensor:
        rng, examples, labels = generator(seed, "episodes", step), [], []
        for _ in range(ROWS):
            classes = world(rng)
            k = int(rng.integers(2, min(len(classes), reader.labels) + 1))
            shown, dealt = rng.choice(len(classes), k, replace=False), rng.permutation(reader.labels)[:k]
            which = rng.integers(k, size=EXAMPLES)
            examples.append(torch.stack([classes[c][int(rng.integers(len(classes[c])))] for c in shown[which]]))
            labels.append(torch.tensor(dealt[which]))
        target = torch.stack(labels)
        return F.cross_entropy(reader(torch.stack(examples), target).flatten(0, 1), target.flatten())

    pretrain(reader, loss, steps, rate, report)


class Encoder(nn.Module):
    """Utterances, as arrays of word numbers -> vectors [m, d]."""

    def __init__(self):
        super().__init__()
        self.names = [*intents.ACTIONS, *intents.OBJECTS]
        self.equals = len(intents.VOCABULARY)  # the symbol after the words; names follow
        self.model = hope_attention(self.equals + 1 + len(self.names), D, heads=2)

    def padded(self, utterances: Sequence[np.ndarray], more: int = 0) -> tuple[Tensor, Tensor]:
        """Words and the equals sign [m, T + more], and where the sign is [m]."""
        ends = torch.tensor([len(u) for u in utterances])
        x = torch.full((len(utterances), int(ends.max()) + 1 + more), self.equals)
        for row, words in zip(x, utterances, strict=True):
            row[: len(words)] = torch.from_numpy(words)
        return x, ends

    @torch.no_grad()
    def forward(self, utterances: Sequence[np.ndarray]) -> Tensor:
        x, ends = self.padded(utterances)
        return read(self.model, self.model.embed(x))[0][torch.arange(len(x)), ends]

    def loss(
        self, utterances: Sequence[np.ndarray], meant: Sequence[intents.Intent], rng: np.random.Generator
    ) -> Tensor:
        """Of the next word, a little, and of the two words that say what is meant."""
        x, ends = self.padded(utterances, more=2)
        for row, end, intent in zip(x, ends, meant, strict=True):
            order = rng.permutation(2)  # in either order, so that both must be known at the sign
            row[end + 1 : end + 3] = torch.tensor([self.equals + 1 + self.names.index(intent[i]) for i in order])
        place = torch.arange(x.shape[1] - 1) - ends[:, None]  # 0 at the sign
        logits, _ = self.model(x[:, :-1])
        losses = F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten(), reduction="none").view(place.shape)
        return losses[(place == 0) | (place == 1)].mean() + 0.1 * losses[place < 0].mean()


class InContext(Learner):
    """Reads the stream into the context of a frozen reader and answers from there. Nothing is written.

    Where not all fits, the latest examples of every class stay, equally many of each: what serves it best.
    """

    memory_shows = "the examples in the context, one a row"

    def __init__(self, config: LearnerConfig, reader: Reader, window: int, cost: int):
        self.config, self.reader, self.window = config, reader, window
        self.held: dict[int, list[Tensor]] = {}
        self.levels = [{"name": "in context", "period": 1, "per": "step", "kind": "in context"}]
        self.parameters, self.multiply_adds = count(reader), cost
        self.state = window * 2 * 2 * D * len(reader.model.blocks)  # keys and values of two tokens

    def context(self) -> tuple[Tensor, Tensor]:
        """The examples in the context [n, inputs] and their labels [n], the classes in turn."""
        each = self.window // max(1, len(self.held))
        kept = [(x, c) for i in range(each) for c, found in self.held.items() for x in found[-each:][i : i + 1]]
        if not kept:
            return torch.zeros(0, self.reader.embed.in_features), torch.zeros(0, dtype=torch.int64)
        return torch.stack([x for x, _ in kept]), torch.tensor([c for _, c in kept])

    def step(self, batch: Batch, step: int) -> Observation:
        online = self.score(batch)
        for x, y in zip(batch.x, batch.y.tolist(), strict=True):
            self.held.setdefault(y, []).append(x)
            del self.held[y][: -self.window]
        return Observation(online, np.array([False]), np.zeros(1), np.full(1, np.nan))

    def score(self, test: Batch) -> float:
        return float((self.reader.answer(*self.context(), test.x).argmax(1) == test.y).double().mean())

    def level_scores(self, test: Batch) -> np.ndarray:
        return np.array([self.score(test)])

    def memory(self) -> np.ndarray:
        shown = torch.zeros(self.window, self.reader.embed.in_features)
        held = self.context()[0]
        shown[: len(held)] = held
        return memory_map(shown)[None]
