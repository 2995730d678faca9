"""The worker of the trained memory: the entry `app.memory_lab.hope_worker:run`.

It trains a small Hope on random facts, keeps it, and reads lessons with it, token by token, in float64. What one token
gave to a read-out is computed as in `lesson`: the main memory is written by M <- M (alpha - 2 eta k k^T) + eta v^ k^T,
with everything made by the memories themselves, so carrying the query back through later erasures gives exact parts.
"""

import copy
from collections import OrderedDict
from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nested_core.config import ConfigError, RunConfig
from nested_core.cpu import prepare
from nested_core.hope import Hope, HopeConfig
from nested_core.ops.elementwise import normalize
from nested_core.ops.self_modifying.common import ALPHA, ETA, KEY, MEMORY, VALUE, ask, log_retention, step_size
from nested_core.phrase import phrase
from nested_core.rng import generator
from nested_core.state import State, map_state

from ..engine.note import Note
from .facts import words
from .hope_questions import (
    ASK,
    BATCH,
    FAR,
    FEW,
    GAP,
    IS,
    KEYS,
    NOISE,
    SYMBOLS,
    TESTS,
    VALUES,
    Read,
    Reading,
    Train,
    stream,
)  # fmt: skip

WIDTH, RATE, CLIP, WARM = 32, 1.5e-2, 1.0, 100
IGNORE = -100
KEEP, ASKED = 4, 60  # models, and moments at which every fact is asked
kept: OrderedDict[Train, Hope] = OrderedDict()


def run(config: Train | Read | RunConfig, seed: int, snapshot: None = None) -> Iterator[Note]:
    """Do one job, part by part."""
    prepare()
    if isinstance(config, Train):
        kept[config] = yield from train(config)
        while len(kept) > KEEP:
            kept.popitem(last=False)
    elif isinstance(config, Read):
        if config.train not in kept:
            raise ConfigError(phrase("seed: {seed} is no longer kept; train it again.", seed=config.train.seed))
        yield Note({"reading": read(kept[config.train], config)})


def make(seed: int) -> Hope:
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        return Hope(HopeConfig(SYMBOLS, WIDTH, n_layers=1, n_heads=1, chunk=16, periods=(1,)))


def draw(
    rng: np.random.Generator, batch: int, facts: int | None = None, far: int | None = None
) -> tuple[Tensor, Tensor]:
    """Random lessons, and what must be answered [B, T]: the value after each question's key, IGNORE elsewhere."""
    n = facts or int(rng.integers(1, FEW + 1))
    gap = int(rng.integers(GAP + 1))
    far = int(rng.integers(FAR + 1)) if far is None else far
    rows, wanted = [], []
    for _ in range(batch):
        keys, values = 2 + rng.permutation(KEYS)[:n], 2 + KEYS + rng.integers(VALUES, size=n)
        told = [(IS, k, v, *(2 + KEYS + VALUES + rng.integers(NOISE, size=gap))) for k, v in zip(keys, values)]  # noqa: B905
        row = [x for part in told for x in part] + list(2 + KEYS + VALUES + rng.integers(NOISE, size=far))
        answer = [IGNORE] * len(row)
        for i in rng.permutation(n):
            row += [ASK, keys[i], values[i]]
            answer += [IGNORE, values[i], IGNORE]
        rows.append(row)
        wanted.append(answer)
    return torch.tensor(np.array(rows, dtype=np.int64)), torch.tensor(np.array(wanted, dtype=np.int64))


def train(config: Train) -> Generator[Note, None, Hope]:
    """A Hope that answers. The loss of every step, and at the end its tests, are noted."""
    model, rng = make(config.seed), generator(config.seed, "facts to be trained on")
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.0)
    note = Note({"parameters": sum(p.numel() for p in model.parameters())})
    yield note
    for step in range(1, config.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM) * (1 - 0.9 * step / config.steps)
        x, y = draw(rng, BATCH)
        loss = F.cross_entropy(model(x)[0].flatten(0, 1), y.flatten(), ignore_index=IGNORE)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        note.new.setdefault("loss", []).append(float(loss.detach()))
        if step == config.steps:
            note.new["tests"] = {far: score(model, far) for far in TESTS}
        yield note
    return copy.deepcopy(model).double().requires_grad_(False)


@torch.no_grad()
def score(model: Hope, far: int) -> float:
    """The share of right answers on lessons of FEW facts, asked after `far` tokens of noise."""
    x, y = draw(generator(0, "facts to be tested on", far), 64, FEW, far)
    asked = y != IGNORE
    return float((model(x)[0].argmax(-1)[asked] == y[asked]).double().mean())


@torch.no_grad()
def read(model: Hope, config: Read) -> Reading:
    """Read a lesson, ask the question at its end, and every fact at up to ASKED moments."""
    symbols, fact, text = stream(config)
    keys, values = config.names
    state, taps, moments = model.start(1), [], []
    told = {t + 1 for t in range(len(fact)) if fact[t] >= 0 and (t + 1 == len(fact) or fact[t + 1] != fact[t])}
    asked = sorted(told | set(range(0, len(symbols), max(1, len(symbols) // ASKED))) | {len(symbols)})
    wanted = torch.tensor([[ASK, 2 + keys.index(key)] for key in (_key(config, f.key) for f in config.facts)])
    own = torch.tensor([2 + KEYS + values.index(f.value) for f in config.facts])
    for t in range(len(symbols) + 1):
        if t in asked:
            logits, _ = model(wanted, repeat(state, len(wanted)))
            moments.append(chances(logits)[torch.arange(len(own)), own - 2 - KEYS].numpy())
        if t < len(symbols):
            token = torch.tensor([[symbols[t]]])
            taps.append(tap(model, token, state))
            state = model(token, state)[1]
    place = 2 + keys.index(_key(config, config.question))
    before = model(torch.tensor([[ASK]]), state)[1]
    logits, _ = model(torch.tensor([[place]]), before)
    taps.append(tap(model, torch.tensor([[ASK]]), state))  # the question's mark is a token too
    query = tap(model, torch.tensor([[place]]), before)["q"]
    parts, total = carry(taps, query, model.blocks[0].mixer.initial[0][0, MEMORY])
    names = lambda name: np.array([float(x[name]) for x in taps])  # noqa: E731
    return Reading(
        np.array([*fact, -1]), (*text, "?"), names("eta"), names("alpha"), parts, total,
        chances(logits)[0].numpy(), np.array(asked), np.stack(moments),
    )  # fmt: skip


def _key(config: Read, key: str) -> str:
    """The name under which a key was first taught."""
    return next(k for k in config.names[0] if words(k) == words(key))


def chances(logits: Tensor) -> Tensor:
    """logits [B, T, symbols] -> probability of each value at the last token, [B, VALUES]; 1 in all."""
    return torch.softmax(logits[:, -1, 2 + KEYS : 2 + KEYS + VALUES], dim=-1)


def repeat(state: State, batch: int) -> State:
    """The state of one sample, for a batch of the same."""
    layers = map_state(lambda _, x: x.expand(batch, *x.shape[1:]) if isinstance(x, Tensor) else x, state.layers)
    return State(layers, state.config, batch)


def tap(model: Hope, token: Tensor, state: State) -> dict[str, Tensor]:
    """What the memory is about to do with a token [1, 1]: k, q, v^ [d], eta and alpha; see `self_modifying.naive`."""
    mixer, layer = model.blocks[0].mixer, state.layers[0]
    into = mixer.project(mixer.norm(model.embed(token)))[..., : 2 * WIDTH]
    parts = F.silu(mixer.convolution(into, layer.recent)[0]).view(2, WIDTH)
    x, anchor = parts[:1], layer.memories.anchor[0][0, 0]
    made = lambda which: ask((anchor[which],), x)  # noqa: E731  [1, d]
    logit = lambda name, which: (made(which) * mixer.gates[name]).sum() + mixer.gates[f"{name}_bias"][0]  # noqa: E731
    log_alpha = log_retention(logit("alpha", ALPHA), mixer.writing)
    return {
        "k": normalize(made(KEY))[0], "q": normalize(parts[1:])[0], "v": ask((anchor[MEMORY],), made(VALUE))[0],
        "eta": step_size(logit("eta", ETA), log_alpha, mixer.writing), "alpha": log_alpha.exp(),
    }  # fmt: skip


def carry(taps: list[dict[str, Tensor]], query: Tensor, first: Tensor) -> tuple[np.ndarray, float]:
    """Parts [tokens + 1] of the length of what `query` reads after all tokens; the last is that of the first matrix."""
    r, parts = query.clone(), []
    for x in reversed(taps):
        overlap = x["k"] @ r
        parts.append(overlap * x["eta"] * x["v"])
        r = x["alpha"] * r - 2 * x["eta"] * overlap * x["k"]
    every = torch.stack([*reversed(parts), first @ r])
    total = every.sum(0)
    size = float(total.norm())
    return (every @ total / max(size, 1e-12)).numpy(), size
