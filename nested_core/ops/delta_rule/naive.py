"""The specification: the gated delta rule, decay first, one token at a time.

Nested Learning, eq. 65 with retention; Gated DeltaNet (Yang et al. 2024). For every token t:

    M_t = alpha_t M_{t-1} (I - eta_t k_t k_t^T) + eta_t v_t k_t^T    (the memory decays, then its error is written)
    y_t = M_t q_t                                                    (read after the write)

Letters: B samples, H heads, T tokens, D size of keys, V size of values.
"""

from torch import Tensor, einsum, stack

from ...shapes import Float


def naive(
    q: Float[Tensor, "B H T D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T V"],
    eta: Float[Tensor, "B H T"],
    log_alpha: Float[Tensor, "B H T"],
    memory: Float[Tensor, "B H V D"],
) -> tuple[Float[Tensor, "B H T V"], Float[Tensor, "B H V D"]]:
    """Read and write T tokens, from `memory` on: y, and the memory after the last token. log_alpha may be -inf."""
    outputs = []
    for t in range(k.shape[2]):
        memory = log_alpha[:, :, t, None, None].exp() * memory
        error = v[:, :, t] - einsum("bhvd,bhd->bhv", memory, k[:, :, t])
        memory = memory + einsum("bhv,bhd->bhvd", eta[:, :, t, None] * error, k[:, :, t])
        outputs.append(einsum("bhvd,bhd->bhv", memory, q[:, :, t]))
    return stack(outputs, dim=2), memory
