"""One chunk of writes to matrices that share keys, solved at once (WY form).

Token t with unit key k_t changes every matrix M [O, K] and its momentum S by

    S_t = beta S_{t-1} + w_t k_t^T                w_t = known_t - running eta_t M_{t-1} k_t
    M_t = alpha_t M_{t-1} - erase eta_t M_{t-1} k_t k_t^T + S_t

Only m_t = M_{t-1} k_t is unknown. Unrolled, with a_t = alpha_1 ... alpha_t, a direct write of token s stands in M_t
with weight a_t / a_s, and one through the momentum with spread(t, s) = sum_{r=s..t} (a_t / a_r) beta^(r-s), so that all
m_t together solve one unit triangular system. Without momentum beta is 0 and spread(t, s) is a_t / a_s.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from ...shapes import Float


class Fading(NamedTuple):
    """What is left of earlier writes, at every token t of a chunk; lag is None without momentum."""

    ratio: Float[Tensor, "B H 1 C C"]  # of a direct write of token s
    spread: Float[Tensor, "B H 1 C C"]  # of one through the momentum
    decay: Float[Tensor, "B H 1 C 1"]  # of M_0
    lag: Float[Tensor, "B H 1 C 1"] | None  # and what has come of S_0


class Decay:
    """How writes fade in a chunk of C tokens, the same for all matrices of a head: after each token and before it.

    beta is None without momentum.
    """

    def __init__(self, log_alpha: Float[Tensor, "B H 1 C"], beta: Float[Tensor, "H 1 1 1"] | None = None):
        C, total = log_alpha.shape[-1], log_alpha.cumsum(-1)
        ones = torch.ones(C, C, dtype=torch.bool, device=log_alpha.device).tril()
        if beta is not None:
            age = torch.arange(C, device=log_alpha.device)
            self.power = beta ** (age[:, None] - age).clamp(min=0) * ones  # beta^(t - s), what is left of w_s in S_t
            self.faded = beta ** (age[:, None] + 1)  # what is left of S_0 in S_t, [H, 1, C, 1]

        def fading(so_far: Tensor, written: Tensor) -> Fading:
            """so_far: log of the decay since the start; written: whether token s was written by then."""
            # As an exponent of a difference of logs: in [0, 1], and never a division by a small number.
            between = so_far[..., :, None] - total[..., None, :]
            ratio, decay = between.masked_fill(~written, -torch.inf).exp(), so_far.exp()[..., None]
            if beta is None:
                return Fading(ratio, ratio, decay, None)
            return Fading(ratio, ratio @ self.power, decay, ratio @ self.faded)

        self.after, self.before = fading(total, ones), fading(pad(total[..., :-1], (1, 0)), ones.tril(-1))


class Recurrence:
    """Writes of a chunk of C tokens to M memories of every sample and head; they may share keys (n = 1).

    errors are what is known of them before the chunk is solved: w_t = -eta_t (errors_t + running M_{t-1} k_t).
    erase and running are 0 or 1 each; S is None without momentum; answers are M k_t, if known already.
    """

    def __init__(
        self,
        keys: Float[Tensor, "B H n C K"],
        eta: Float[Tensor, "B H 1 C"],
        decay: Decay,
        M: Float[Tensor, "B H M O K"],
        errors: Float[Tensor, "B H M C O"],
        erase: float,
        running: float,
        S: Float[Tensor, "B H M O K"] | None = None,
        answers: Float[Tensor, "B H M C O"] | None = None,
    ):
        self.keys, self.M, self.S, self.decay = keys, M, S, decay
        eta, before = eta[..., None], decay.before
        alike = keys @ keys.mT
        answers = keys @ M.mT if answers is None else answers
        self.direct: Tensor | None = None
        if S is None or before.lag is None:  # direct writes and those through the momentum fade alike: their sum
            ratio, decayed = before.ratio, before.decay
            if erase + running != 1:
                ratio, decayed = (erase + running) * ratio, (erase + running) * decayed
            system, right = alike * (eta * ratio), torch.addcmul(errors, decayed, answers)
            self.moved = UnitLowerInverse.apply(system) @ (-eta * right)
        else:
            known = -eta * errors
            system = alike * (erase * before.ratio + running * before.spread) * eta.mT
            right = before.decay * answers + before.lag * (keys @ S.mT) + (alike * before.spread) @ known
            m = eta * (UnitLowerInverse.apply(system) @ right)
            self.direct, self.moved = -erase * m, known - running * m

    def read(self, queries: Float[Tensor, "B H C K"], which: int, after: bool) -> Float[Tensor, "B H C O"]:
        """What token t reads with its query from one memory: from M_t if `after`, else from M_{t-1}."""
        keys = self.keys[:, :, which] if self.keys.shape[2] > 1 else self.keys.squeeze(2)
        ratio, spread, decay, lag = self.decay.after if after else self.decay.before
        alike = queries @ keys.mT
        found: Tensor = decay.squeeze(2) * (queries @ self.M[:, :, which].mT)
        found = found + (alike * spread.squeeze(2)) @ self.moved[:, :, which]
        if self.direct is not None and self.S is not None and lag is not None:
            found = found + (alike * ratio.squeeze(2)) @ self.direct[:, :, which]
            found = found + lag.squeeze(2) * (queries @ self.S[:, :, which].mT)
        return found

    def end(self) -> tuple[Tensor, Tensor | None]:
        """M and S after the last token."""
        ratio, spread, decay, lag = self.decay.after
        M = torch.addcmul(self.moved.mT @ (spread[..., -1:, :].mT * self.keys), decay[..., -1:, :], self.M)
        if self.direct is None or self.S is None or lag is None:
            return M, None
        M = M + lag[..., -1:, :] * self.S + self.direct.mT @ (ratio[..., -1:, :].mT * self.keys)
        power, faded = self.decay.power[..., -1:, :], self.decay.faded[..., -1:, :]
        return M, faded * self.S + self.moved.mT @ (power.mT * self.keys)


class UnitLowerInverse(torch.autograd.Function):
    """X = (I + L)^-1 for strictly lower triangular L [..., C, C]; its gradient, -X^T G X^T, needs no second solve.

    What stands in the gradient above the diagonal means nothing: there L is 0 because a factor of it is.
    """

    @staticmethod
    def forward(ctx: Any, L: Tensor) -> Tensor:
        X = unit_lower_inverse(L)
        ctx.save_for_backward(X)
        return X

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> Tensor:
        (X,) = ctx.saved_tensors
        dL: Tensor = (X.mT @ G).neg_() @ X.mT
        return dL


def unit_lower_inverse(L: Tensor) -> Tensor:
    """(I + L)^-1 for strictly lower triangular L [..., C, C]."""
    eye = torch.eye(L.shape[-1], dtype=L.dtype, device=L.device).expand_as(L)
    X: Tensor = torch.linalg.solve_triangular(L, eye, upper=False, unitriangular=True)
    return X
