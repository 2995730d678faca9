"""Read a stream without end, in constant memory, and write the CMS levels while reading (Nested Learning, 7.1, eq. 71).

When token i arrives, in this order:

    1  it is scored: loss_i = -log p(token i | tokens before it)
    2  every level that writes adds the gradient of loss_i to its window
    3  levels with i = 0 mod C write, by their own step size, weights of every sample apart
    4  the model reads token i, with the new weights, which gives the prediction of token i + 1

So a level has written floor(T / C) times after T tokens, all losses of a window i - C + 1 .. i come from one set of
weights, and the first prediction by the new ones is that of token i + 1. Nothing predicts the first token of a stream.

Tokens are taken in segments that end where a level writes, and every `piece` tokens. Gradients reach back to the
start of their segment, and no further: that is what keeps memory and time per token constant, and the same however a
stream is cut into calls. The model's in-context memories write at every token in any case. Only softmax attention has
a state that grows with the stream.

    for reading in stream(model, tokens, rule=Rule(rates=(0.1, 0.01, 0))):
        print(reading.state.position, reading.losses.mean(), reading.wrote)
"""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from .cms import Fast
from .config import check, number, whole
from .language_model import Block, LanguageModel, check_state, check_tokens
from .levels import Clock, Group, Levels, LevelsState, fraction
from .ops import backend
from .shapes import Bool, Float
from .state import BOUND, State, detach, map_state, tensors


@dataclass(frozen=True)
class Rule:
    """How a stream is read and the CMS levels of the model are written.

    rates     step size of each level, fast to slow; a level of rate 0 never writes. Empty: none does
    periods   tokens between the writes of each level; empty: the model's own
    momentum  of the window gradients
    transfer  nested: the fraction of the way that a held initial state moves toward the weights that restart from it
    piece     longest segment, in tokens
    bound     a sample with a larger number than this in its memories or weights has diverged
    """

    rates: tuple[float, ...] = ()
    periods: tuple[int, ...] = ()
    momentum: float = 0.0
    transfer: float = 0.5
    piece: int = 256
    bound: float = BOUND

    def __post_init__(self) -> None:
        for name in ("rates", "periods"):
            value = getattr(self, name)
            check(isinstance(value, tuple), name, value, "give a tuple, one number for each level")
        fraction("transfer", self.transfer, 1)
        whole("piece", self.piece, 1, 2**20)
        number("bound", self.bound, 0, 1e30)

    def levels(self, model: LanguageModel) -> Levels:
        """The levels of this model under this rule."""
        cms = _blocks(model)[0].cms
        rates, periods = self.rates or (0.0,) * len(cms), self.periods or cms.periods
        for name, value in (("rates", rates), ("periods", periods)):
            check(len(value) == len(cms), name, value, f"give one number for each of the model's {len(cms)} levels")
        clocks = [Clock(C, rate, self.momentum) for C, rate in zip(periods, rates, strict=True)]
        return Levels(clocks, self.transfer if cms.variant == "nested" else None)


class StreamState(NamedTuple):
    """Where a stream of B samples stands: all that is needed to go on as if it had not stopped."""

    model: State  # after all tokens but the last, which is not read yet
    anchor: State  # the same at the start of the segment
    segment: Tensor  # [B, n] the tokens of the unfinished segment, from the last one before it
    levels: LevelsState  # per sample: weights, pending windows, held initial states
    position: int  # tokens arrived
    rule: Rule


@dataclass(frozen=True)
class Reading:
    """What happened in n tokens that arrived.

    losses    nats of the tokens (of the first token of a stream there is none), predicted before they were read
    wrote     which levels wrote, after the last of these tokens
    change    by how much, as a fraction of the level's weights; a restart that followed is included
    diverged  samples whose memories or weights are beyond the bound or not numbers. At the end of the segment they
              start anew, with the model's own weights (attention: with its past set to zero); the others go on
    """

    losses: Float[Tensor, "B n"]
    wrote: tuple[bool, ...]
    change: Float[Tensor, "B levels"]
    diverged: Bool[Tensor, " B"]
    state: StreamState


def stream(
    model: LanguageModel, tokens: Tensor | Iterable[Tensor], state: StreamState | None = None, rule: Rule | None = None
) -> Iterator[Reading]:
    """Readings of `tokens` int64 [B, T], or of an endless iterable of such tensors, as they arrive.

    Go on later with the `state` of a Reading: any split gives the same result. A `rule` for a started stream replaces
    its own, if the same levels write.
    """
    rule = rule or (state.rule if isinstance(state, StreamState) else Rule())
    levels = rule.levels(model)
    if state is not None:
        check(isinstance(state, StreamState), "state", type(state).__name__, "give the state of an earlier Reading")
        check_state(state.model, model, state.model.batch)
        own = state.rule.levels(model)
        same = own.writing == levels.writing and bool(state.rule.momentum) == bool(rule.momentum)
        check(same, "rule", rule.rates, f"the stream began with rates {state.rule.rates}: let the same levels write")
        state = state._replace(rule=rule)
    return _readings(model, [tokens] if isinstance(tokens, Tensor) else tokens, state, rule, levels)


def begin(model: LanguageModel, batch: int, rule: Rule) -> StreamState:
    """The state of `batch` streams before their first token."""
    start, levels = model.start(batch), rule.levels(model)
    tokens = torch.zeros(batch, 0, dtype=torch.int64, device=model.head.weight.device)
    groups: list[Group] = []
    for i, clock in enumerate(levels.clocks):
        blocks: list[Any] = [block.cms[i] for block in _blocks(model)] if clock.rate else []
        own = (W for block in blocks for W in (block.up.weight, block.down.weight))
        groups.append(tuple(W.expand(batch, *W.shape).clone() for W in own))  # apart from the model from now on
    return StreamState(start, start, tokens, levels.start(groups), 0, rule)


def _blocks(model: LanguageModel) -> list[Block]:
    return [cast(Block, block) for block in model.blocks]


def meta_loss(model: LanguageModel, tokens: Tensor, rule: Rule, first_order: bool = False) -> Tensor:
    """Mean loss of `tokens` [B, T] read while the levels write, for an outer optimizer to minimise over the model.

    The gradient reaches the initial states of the CMS levels (their parameters), and all else, through the inner
    writes; in each of these the gradients are the stream's own. `first_order` takes the inner gradients as constants:
    the same value, less memory. The bound is not applied.
    """
    check_tokens(tokens, model.config.vocab_size, tokens.device)
    levels, losses = rule.levels(model), []
    twice = nullcontext() if first_order else backend.use("chunked")  # other forms cannot be differentiated twice
    with torch.enable_grad(), twice:
        state = begin(model, len(tokens), rule)
        while state.position < tokens.shape[1]:
            part = tokens[:, state.position : state.position + _room(state, levels)]
            loss, _, state = _read(model, part, state, levels, "first order" if first_order else "full")
            losses.append(loss)
    return torch.cat(losses, dim=1).mean()


def _readings(
    model: LanguageModel, parts: Iterable[Tensor], state: StreamState | None, rule: Rule, levels: Levels
) -> Iterator[Reading]:
    for part in parts:
        check_tokens(part, model.config.vocab_size, model.head.weight.device)
        if state is None:
            with torch.inference_mode(False):  # what is made inside of it could never be learned from
                state = detach(begin(model, len(part), rule))
        check_state(state.model, model, len(part))
        while part.shape[1]:
            n = min(_room(state, levels), part.shape[1])
            ends = n == _room(state, levels)
            # Never around the yield: what the caller does meanwhile is not ours to switch.
            with torch.inference_mode(False), torch.set_grad_enabled(bool(levels.writing)):
                before = state.levels
                losses, wrote, state = _read(model, part[:, :n], state, levels, "none")
                change = _change(before, state.levels, wrote, losses)
                diverged = _diverged(state, rule.bound)
                if ends and bool(diverged.any()):
                    state = _restart(state, detach(begin(model, len(part), rule)), diverged)
            yield Reading(losses, wrote, change, diverged, state)
            part = part[:, n:]


def _room(state: StreamState, levels: Levels) -> int:
    """Tokens until the segment ends."""
    piece = state.rule.piece
    if levels.writing:
        return min(levels.room(state.position), piece - state.position % piece)
    read = max(state.position - 1, 0)  # without writes segments are whole pieces of what the model reads
    return piece - read % piece + (state.position == 0)


def _read(
    model: LanguageModel, part: Tensor, state: StreamState, levels: Levels, history: str
) -> tuple[Tensor, tuple[bool, ...], StreamState]:
    """Take in tokens [B, n], at most up to the end of the segment -> losses, which levels wrote, the state.

    history: what of the way here stays differentiable. "none"; "first order", all but the inner gradients; "full".
    """
    n, position, unread = part.shape[1], state.position + part.shape[1], max(state.segment.shape[1] - 1, 0)
    segment, wrote = torch.cat([state.segment, part], dim=1), (False,) * len(levels.clocks)
    if not levels.writing:
        losses, after = _predict(model, segment, state.model, _weights(state))
        return losses, wrote, state._replace(model=after, anchor=after, segment=segment[:, -1:], position=position)
    if n < _room(state, levels):  # an unfinished segment: read on, its gradients are taken when it ends
        with torch.set_grad_enabled(history != "none"):
            losses, after = _predict(model, segment[:, unread:], state.model, _weights(state))
        return losses, wrote, state._replace(model=after, segment=segment, position=position)
    losses, after, advanced, wrote = _learn(model, segment, state, levels, position, history)
    losses = losses[:, losses.shape[1] - min(n, losses.shape[1]) :]  # those of tokens that are new
    state = StreamState(after, after, segment[:, -1:], advanced, position, state.rule)
    return (losses, wrote, state) if history != "none" else (losses.detach(), wrote, detach(state))


def _learn(
    model: LanguageModel, segment: Tensor, state: StreamState, levels: Levels, position: int, history: str
) -> tuple[Tensor, State, LevelsState, tuple[bool, ...]]:
    """A whole segment, read again from its start: its losses, the model after it, and the levels after their writes."""
    keep, full = history != "none", history == "full"
    # Each segment uses copies of its own, so that the inner gradient stays inside of it, whatever has a history.
    mine = [tuple(W.view_as(W) if keep else W.detach().requires_grad_() for W in x) for x in _weights(state)]
    losses, after = _predict(model, segment, state.anchor, mine)
    flat = [W for group in mine for W in group]
    if losses.numel():
        found = iter(torch.autograd.grad(losses.sum(), flat, create_graph=full, retain_graph=keep))
    else:  # the first token of all: there is nothing to learn from
        found = iter([torch.zeros_like(W) for W in flat])
    gradients = [tuple(next(found) for _ in group) for group in mine]
    advanced, wrote = levels.forward(state.levels, gradients, position - state.levels.position, differentiable=keep)
    return losses, after, advanced, wrote


def _predict(model: LanguageModel, tokens: Tensor, state: State, weights: list[Group]) -> tuple[Tensor, State]:
    """Read all but the last of tokens [B, 1 + n] -> the losses of all but the first, [B, n], and the state."""
    if tokens.shape[1] == 1:
        return model.head.weight.new_zeros(len(tokens), 0), state
    fast = tuple(tuple(_pair(group, layer) for group in weights) for layer in range(len(model.blocks)))
    logits, state = model.forward(tokens[:, :-1], state, fast)
    losses = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return losses.view(len(tokens), -1), state


def _weights(state: StreamState) -> list[Group]:
    """Of each level, its block's W_2, W_1 in the first layer, then in the second, ...; nothing where it is frozen."""
    return [level.weights for level in state.levels.levels]


def _pair(group: Group, layer: int) -> Fast | None:
    return (group[2 * layer], group[2 * layer + 1]) if group else None


def _change(
    before: LevelsState, after: LevelsState, wrote: tuple[bool, ...], like: Float[Tensor, "B n"]
) -> Float[Tensor, "B levels"]:
    change = like.new_zeros(len(like), len(wrote))
    for i in (i for i, did in enumerate(wrote) if did):
        old, new = ([W.flatten(1) for W in x.levels[i].weights] for x in (before, after))
        moved, size = torch.cat(new, 1) - torch.cat(old, 1), torch.cat(old, 1)
        change[:, i] = moved.norm(dim=1) / size.norm(dim=1).clamp_min(1e-30)
    return change


def _diverged(state: StreamState, bound: float) -> Bool[Tensor, " B"]:
    """Samples with a number beyond the bound, or none at all, in the model's state or in their weights."""
    found = tensors((state.model, tuple(_weights(state))))
    # Not "above": a comparison with NaN is false.
    beyond = [~(x.flatten(1).abs().amax(1) <= bound) for x in found if x.numel()]
    return torch.stack(beyond).any(0) if beyond else torch.zeros_like(state.segment[:, 0], dtype=torch.bool)


def _restart(state: StreamState, fresh: StreamState, who: Bool[Tensor, " B"]) -> StreamState:
    """`state` with the samples `who` as in `fresh`; what samples share, clocks and places in a chunk, goes on."""
    start: dict[str, Any] = {}
    map_state(lambda path, x: start.setdefault(path, x), fresh)

    def visit(path: str, x: Any) -> Any:
        if not isinstance(x, Tensor) or path == "state.segment":
            return x
        first = start[path] if start[path].shape == x.shape else torch.zeros_like(x)
        return torch.where(who.view(-1, *(1,) * (x.ndim - 1)), first, x)

    restarted: StreamState = map_state(visit, state)
    return restarted
