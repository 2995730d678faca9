"""Associative memories, one token at a time: a rule says how one pair (key, value) changes what a memory answers.

Nested Learning, section 5 (eqs. 5, 61-68). Every rule is one step on an inner objective, (state, key, value) -> state:

    hebbian         M <- alpha M + eta v k^T                            -<M k, v>; linear attention
    delta           M <- M (I - eta k k^T) + eta v k^T                  |M k - v|^2 / 2; the last pair is kept
    gated delta     decay first: M <- alpha M (I - eta k k^T) + ...     the error is that of the decayed memory
                    decay beside: M <- M (alpha I - eta k k^T) + ...    the error is that of the memory before it decays
    oja             M <- alpha M + eta v (k - M^T v)^T                  -<M k, v> + |M^T v|^2 / 2; bounded Hebbian
    omega           M <- alpha M - eta sum of the last c gradients      delta over a window of pairs
    attention       keep the last c pairs, answer by a weighted mean    sum_i s(k_i, q) |v_i - M|^2, solved exactly
    mlp             one step of delta gradient descent per layer        |M(k) - v|^2 / 2, M(z) = z + W1 gelu(W2 z)
    titans          S <- momentum S - eta gradient,  M <- alpha M + S   |M k - v|^2 / 2

`MEMORIES` lists them with the state that knows nothing and the way to ask. eta is the step size, alpha the retention
(1 keeps everything). Keys are expected to have unit length; feature maps of keys are the caller's. Sequences in one go,
with gates that differ by token, are in `ops`; least squares, which needs a memory of its inputs, in `least_squares`.

Letters: d size of a key, out size of a value, n pairs, h hidden units.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .boundary import public
from .ops.elementwise import gelu_slope
from .shapes import Float

Matrix = Float[Tensor, "out d"]
Key = Float[Tensor, " d"]
Value = Float[Tensor, " out"]
PAIR = {"M": "out d", "k": "d", "v": "out"}  # the dimensions of a matrix and of what is written to it


@public(PAIR)
def hebbian(M: Matrix, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0) -> Matrix:
    """alpha M + eta v k^T: linear attention, with retention (eqs. 5, 64). Values of keys that overlap add up."""
    return alpha * M + eta * torch.outer(v, k)


@public(PAIR)
def delta(M: Matrix, k: Key, v: Value, eta: float = 1.0) -> Matrix:
    """M (I - eta k k^T) + eta v k^T: one gradient step on the error (eq. 65). With |k| = 1 and eta = 1, M k = v."""
    return M + eta * torch.outer(v - M @ k, k)


@public(PAIR)
def delta_decay_first(M: Matrix, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0) -> Matrix:
    """alpha M (I - eta k k^T) + eta v k^T: decay, then write the error of the decayed memory (gated DeltaNet)."""
    return delta(alpha * M, k, v, eta)


@public(PAIR)
def delta_decay_beside(M: Matrix, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0) -> Matrix:
    """M (alpha I - eta k k^T) + eta v k^T: decay beside the error of the undecayed memory (eq. 92)."""
    return erase(M, k, eta, alpha) + eta * torch.outer(v, k)


def erase(W: Matrix, x: Key, eta: float, alpha: float) -> Matrix:
    """W (alpha I - eta x x^T): decay everything, and what x is answered more than the rest."""
    return alpha * W - eta * torch.outer(W @ x, x)


@public(PAIR)
def oja(M: Matrix, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0) -> Matrix:
    """alpha M + eta v (k - M^T v)^T (eqs. 66-67): forgets along the value that is written, not along the key."""
    return alpha * M + eta * torch.outer(v, k - M.T @ v)


class Pairs(NamedTuple):
    """Everything as it was read: the state of attention."""

    keys: Float[Tensor, "n d"]
    values: Float[Tensor, "n out"]


@public({"pairs.keys": "n d", "pairs.values": "n out", "k": "d", "v": "out"})
def keep(pairs: Pairs, k: Key, v: Value, window: int | None = None) -> Pairs:
    """Add a pair, and of all pairs keep the last `window` (None: all). Attention's write: no compression at all."""
    last = slice(0 if window is None else -window, None)
    return Pairs(torch.cat([pairs.keys, k[None]])[last], torch.cat([pairs.values, v[None]])[last])


@public({"pairs.keys": "n d", "pairs.values": "n out", "q": "d"})
def attend(pairs: Pairs, q: Key) -> Value:
    """Softmax attention (eqs. 62-63): argmin_M sum_i s(k_i, q) |v_i - M|^2, with s(k, q) = exp(k . q / sqrt d)."""
    return torch.softmax(pairs.keys @ q / math.sqrt(len(q)), dim=0) @ pairs.values


class Window(NamedTuple):
    """The state of Omega: the memory, and the pairs it still learns from."""

    M: Matrix
    pairs: Pairs


@public({"state.M": "out d", "state.pairs.keys": "n d", "state.pairs.values": "n out", "k": "d", "v": "out"})
def omega(state: Window, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0, window: int = 4) -> Window:
    """alpha M + eta sum (v_i - M k_i) k_i^T over the last `window` pairs (eq. 68, every pair with the same weight)."""
    pairs = keep(state.pairs, k, v, window)
    error = pairs.values - pairs.keys @ state.M.T  # [n, out]
    return Window(alpha * state.M + eta * error.T @ pairs.keys, pairs)


class Deep(NamedTuple):
    """A memory of two layers: M(z) = z + W1 gelu(W2 z). Keys and values have the same size."""

    W1: Float[Tensor, "d h"]
    W2: Float[Tensor, "h d"]


@public({"state.W1": "d h", "state.W2": "h d", "q": "d"})
def ask_deep(state: Deep, q: Key) -> Key:
    """M(q)."""
    return q + state.W1 @ F.gelu(state.W2 @ q)


@public({"state.W1": "d h", "state.W2": "h d", "k": "d", "v": "d"})
def mlp(state: Deep, k: Key, v: Key, eta: float = 1.0, alpha: float = 1.0) -> Deep:
    """W <- W (alpha I - eta x x^T) - eta grad_W |M(k) - v|^2 / 2 for both layers, x the input of the layer itself.

    Delta gradient descent layer by layer: x is k for W2, and gelu(W2 k) scaled to unit length for W1, so that
    what is erased is at most what is there. Both gradients are taken at the same state.
    """
    before = state.W2 @ k
    h = F.gelu(before)
    error = ask_deep(state, k) - v
    back = (state.W1.T @ error) * gelu_slope(before)  # the error at the hidden units
    W1 = erase(state.W1, F.normalize(h, dim=0), eta, alpha) - eta * torch.outer(error, h)
    W2 = erase(state.W2, k, eta, alpha) - eta * torch.outer(back, k)
    return Deep(W1, W2)


class Momentum(NamedTuple):
    """The state of Titans: the memory, and the surprise that is still on its way into it."""

    M: Matrix
    S: Matrix


@public({"state.M": "out d", "state.S": "out d", "k": "d", "v": "out"})
def titans(state: Momentum, k: Key, v: Value, eta: float = 1.0, alpha: float = 1.0, momentum: float = 0.0) -> Momentum:
    """S <- momentum S - eta (M k - v) k^T,  M <- alpha M + S.

    The Titans paper uses the same letters for other things: its alpha is what is forgotten (1 - alpha here), its eta
    the momentum, its theta the step size.
    """
    S = momentum * state.S - eta * torch.outer(state.M @ k - v, k)
    return Momentum(alpha * state.M + S, S)


class Memory(NamedTuple):
    """How to start, write and ask one kind of memory. States are float64: made to be looked at."""

    start: Callable[[int, int], Any]  # (out, d) -> a state that has stored nothing
    write: Callable[..., Any]  # (state, key, value, eta=, alpha=, ...) -> state
    ask: Callable[[Any, Key], Value]  # (state, query) -> answer


def empty(out: int, d: int) -> Matrix:
    """A matrix that answers 0."""
    return torch.zeros(out, d, dtype=torch.float64)


def no_pairs(out: int, d: int) -> Pairs:
    """Nothing read yet."""
    return Pairs(empty(0, d), empty(0, out))


MEMORIES = {
    "hebbian": Memory(empty, hebbian, torch.mv),
    "delta": Memory(empty, delta, torch.mv),
    "gated delta, decay first": Memory(empty, delta_decay_first, torch.mv),
    "gated delta, decay beside": Memory(empty, delta_decay_beside, torch.mv),
    "oja": Memory(empty, oja, torch.mv),
    "omega": Memory(lambda out, d: Window(empty(out, d), no_pairs(out, d)), omega, lambda state, q: state.M @ q),
    "attention": Memory(no_pairs, keep, attend),
    "mlp": Memory(lambda out, d: Deep(empty(out, d), torch.eye(d, dtype=torch.float64)), mlp, ask_deep),
    "titans": Memory(lambda out, d: Momentum(empty(out, d), empty(out, d)), titans, lambda state, q: state.M @ q),
}
