"""The specification: Titans' memory with momentum and retention, one token at a time.

Titans (Behrouz et al. 2024), eqs. 13-14, in the letters of Nested Learning: eta is the step size (theta there), alpha
the retention (1 - alpha there), beta the momentum (eta there). For every token t of a chunk that starts from memory A:

    S_t = beta_t S_{t-1} - eta_t grad |A(k_t) - v_t|^2 / 2        (the gradient at A, as Titans is trained)
    M_t = alpha_t M_{t-1} + S_t
    y_t = M_t(q_t)                                                (read after the write)

With chunk 1 the gradient is that of the running memory. Keys repeated within a chunk are written again each time, as
the error at A does not shrink: the sum of eta / (1 - beta) over a chunk should stay below 2.

Letters: B samples, H heads, T tokens, D size of keys, V size of values, L matrices of a memory.
"""

from torch import Tensor, stack

from ...shapes import Float
from .common import Anchored, answer, product, surprise


def naive(
    q: Float[Tensor, "B H T D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T V"],
    eta: Float[Tensor, "B H T"],
    log_alpha: Float[Tensor, "B H T"],
    log_beta: Float[Tensor, "B H T"],
    state: Anchored,
    chunk: int,
) -> tuple[Float[Tensor, "B H T V"], Anchored]:
    """Read and write T tokens: y, and the state after the last one. log_alpha and log_beta may be -inf."""
    anchor, memory, momentum, offset = state
    outputs = []
    for t in range(k.shape[2]):
        now = slice(t, t + 1)
        x, error = surprise(anchor, k[:, :, now], v[:, :, now])  # [B, H, L, 1, D or V]
        step, alpha, beta = (g[:, :, t, None, None, None] for g in (eta, log_alpha.exp(), log_beta.exp()))
        momentum = beta * momentum - step * error.mT @ x
        memory = alpha * memory + momentum
        outputs.append(answer(product(memory), q[:, :, now], memory.shape[2])[:, :, 0])
        offset += 1
        if offset == chunk:
            anchor, offset = memory, 0
    return stack(outputs, dim=2), Anchored(anchor, memory, momentum, offset)
