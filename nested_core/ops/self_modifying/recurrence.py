"""One chunk of writes to matrices that share keys, solved at once (WY form).

Token t with unit key k_t changes every matrix M [O, K] and its momentum S by

    S_t = beta S_{t-1} + w_t k_t^T                w_t = known_t - running eta_t M_{t-1} k_t
    M_t = alpha_t M_{t-1} - erase eta_t M_{t-1} k_t k_t^T + S_t

Only m_t = M_{t-1} k_t is unknown. Unrolled, with a_t = alpha_1 ... alpha_t, a direct write of token s stands in M_t
with weight a_t / a_s, and one through the momentum with spread(t, s) = sum_{r=s..t} (a_t / a_r) beta^(r-s), so that all
m_t together solve one unit triangular system. Without momentum beta is 0 and spread(t, s) is a_t / a_s.
"""

from typing import Any

import torch
from torch import Tensor

from ...shapes import Float


class Recurrence:
    """Writes of a chunk of C tokens to M memories of every sample and head; they may share keys (n = 1).

    erase and running are 0 or 1 each; beta and S are None without momentum; answers are M k_t, if known already.
    """

    def __init__(
        self,
        keys: Float[Tensor, "B H n C K"],
        eta: Float[Tensor, "B H 1 C"],
        log_alpha: Float[Tensor, "B H 1 C"],
        M: Float[Tensor, "B H M O K"],
        known: Float[Tensor, "B H M C O"],
        erase: float,
        running: float,
        beta: Float[Tensor, "H 1 1 1"] | None = None,
        S: Float[Tensor, "B H M O K"] | None = None,
        answers: Float[Tensor, "B H M C O"] | None = None,
    ):
        C, eta = keys.shape[-2], eta[..., None]
        total = log_alpha.cumsum(-1)
        ones = torch.ones(C, C, dtype=torch.bool, device=keys.device).tril()
        # a_t / a_s as an exponent of a difference of logs: in [0, 1] for s <= t, and never a division by a small number
        self.ratio = (total[..., :, None] - total[..., None, :]).masked_fill(~ones, -torch.inf).exp()
        self.spread = self.ratio
        self.decay = total.exp()[..., None]  # a_t, what is left of M_0 in M_t
        self.keys, self.M, self.S = keys, M, S
        if beta is not None:
            age = torch.arange(C, device=keys.device)
            self.power = beta ** (age[:, None] - age).clamp(min=0) * ones  # beta^(t - s), what is left of w_s in S_t
            self.faded = beta ** (age[:, None] + 1)  # what is left of S_0 in S_t, [H, 1, C, 1]
            self.spread = self.ratio @ self.power
            self.lag = self.ratio @ self.faded  # and in M_t
        alike = keys @ keys.mT
        answers = keys @ M.mT if answers is None else answers
        past, decayed = _before(self.ratio), _before(self.decay, 1.0) * answers
        if beta is None or S is None:  # direct writes and those through the momentum fade alike: solve for their sum
            eta = (erase + running) * eta
            self.direct, self.moved = None, UnitLowerInverse.apply(eta * alike * past) @ (known - eta * decayed)
        else:
            spread = _before(self.spread)
            system = alike * (erase * past + running * spread) * eta.mT
            right = decayed + _before(self.lag) * (keys @ S.mT) + (alike * spread) @ known
            m = eta * (UnitLowerInverse.apply(system) @ right)
            self.direct, self.moved = -erase * m, known - running * m

    def read(self, queries: Float[Tensor, "B H C K"], which: int, after: bool) -> Float[Tensor, "B H C O"]:
        """What token t reads with its query from one memory: from M_t if `after`, else from M_{t-1}."""
        keys = self.keys[:, :, which if self.keys.shape[2] > 1 else 0]
        ratio, spread, decay = self.ratio[:, :, 0], self.spread[:, :, 0], self.decay[:, :, 0]
        if not after:
            ratio, spread, decay = _before(ratio), _before(spread), _before(decay, 1.0)
        alike = queries @ keys.mT
        found: Tensor = decay * (queries @ self.M[:, :, which].mT) + (alike * spread) @ self.moved[:, :, which]
        if self.direct is not None and self.S is not None:
            lag = self.lag[:, :, 0] if after else _before(self.lag[:, :, 0])
            found = found + (alike * ratio) @ self.direct[:, :, which] + lag * (queries @ self.S[:, :, which].mT)
        return found

    def end(self) -> tuple[Tensor, Tensor | None]:
        """M and S after the last token."""
        left = self.spread[..., -1, :, None] * self.moved
        if self.direct is None or self.S is None:
            return self.decay[..., -1:, :] * self.M + left.mT @ self.keys, None
        left = left + self.ratio[..., -1, :, None] * self.direct
        M = self.decay[..., -1:, :] * self.M + self.lag[..., -1:, :] * self.S + left.mT @ self.keys
        S = self.faded[..., -1:, :] * self.S + (self.power[..., -1, :, None] * self.moved).mT @ self.keys
        return M, S


class UnitLowerInverse(torch.autograd.Function):
    """X = (I + L)^-1 for strictly lower triangular L [..., C, C]; its gradient, -X^T G X^T, needs no second solve."""

    @staticmethod
    def forward(ctx: Any, L: Tensor) -> Tensor:
        X = unit_lower_inverse(L)
        ctx.save_for_backward(X)
        return X

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> Tensor:
        (X,) = ctx.saved_tensors
        dL: Tensor = -(X.mT @ G @ X.mT).tril(-1)
        return dL


def unit_lower_inverse(L: Tensor) -> Tensor:
    """(I + L)^-1 for strictly lower triangular L [..., C, C]."""
    eye = torch.eye(L.shape[-1], dtype=L.dtype, device=L.device).expand_as(L)
    X: Tensor = torch.linalg.solve_triangular(L, eye, upper=False, unitriangular=True)
    return X


def _before(x: Tensor, first: float = 0.0) -> Tensor:
    """Rows of x [..., C, n] moved one token on: what held just before each token; `first` before the first."""
    return torch.cat([torch.full_like(x[..., :1, :], first), x[..., :-1, :]], dim=-2)
