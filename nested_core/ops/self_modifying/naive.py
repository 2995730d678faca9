"""The specification: self-modifying Titans with delta gradient descent, one token at a time.

Nested Learning, section 8.1 and 8.2 (eqs. 83-90, 93-96), for matrix memories. For every token t of a chunk that starts
from the memories A (all five, as they stood at the end of the previous chunk):

    k = A_k x / |A_k x|,  v = A_v x
    alpha = sigmoid(r_alpha . A_alpha x + b_alpha),  eta likewise, but in (0, (1 + alpha) / 2)
    y = M_memory q                                                    (read before the write)
    M <- M (alpha I - eta k k^T) - eta (M k - A v) k^T                 for each of the five memories M

The last line is the literal rule with the gradient taken at the running memory: it erases along k twice. The target
A v is made by the memory itself, and is a constant inside this inner loss.
"""

from torch import Tensor, einsum, stack, where

from .common import ALPHA, ETA, KEY, MEMORY, VALUE, Gates, log_alpha, normalize, step_size


def naive(
    x: Tensor, q: Tensor, anchor: Tensor, memory: Tensor, gates: Gates, adapt: Tensor, chunk: int, offset: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Read and write T tokens.

    x, q      [B, H, T, D]: input, and unit queries
    anchor    [B, H, 5, D, D]: the memories at the start of the current chunk
    memory    [B, H, 5, D, D]: the memories now, `offset` tokens into the chunk
    adapt     bool [5]: which memories write themselves; the others stay as they are
    Returns y [B, H, T, D], and the anchor and memory after the last token.
    """
    outputs = []
    keep = adapt[:, None, None]
    for t in range(x.shape[2]):
        at = x[:, :, t]  # [B, H, D]
        k = normalize(einsum("bhij,bhj->bhi", anchor[:, :, KEY], at))
        v = einsum("bhij,bhj->bhi", anchor[:, :, VALUE], at)
        eta_logit = (einsum("bhij,bhj->bhi", anchor[:, :, ETA], at) * gates.eta).sum(-1) + gates.eta_bias
        alpha_logit = (einsum("bhij,bhj->bhi", anchor[:, :, ALPHA], at) * gates.alpha).sum(-1) + gates.alpha_bias
        alpha = log_alpha(alpha_logit).exp()[:, :, None, None, None]  # [B, H, 1, 1, 1]
        eta = step_size(eta_logit, log_alpha(alpha_logit))[:, :, None, None]  # [B, H, 1, 1]
        outputs.append(einsum("bhij,bhj->bhi", memory[:, :, MEMORY], q[:, :, t]))
        target = einsum("bhmij,bhj->bhmi", anchor, v)  # [B, H, 5, D]
        answer = einsum("bhmij,bhj->bhmi", memory, k)
        written = alpha * memory - einsum("bhmi,bhj->bhmij", eta * answer + eta * (answer - target), k)
        memory = where(keep, written, memory)
        offset += 1
        if offset == chunk:
            anchor, offset = memory, 0
    return stack(outputs, dim=2), anchor, memory
