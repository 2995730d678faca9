"""U V^T by singular value decomposition."""

import torch
from torch import Tensor

from ...shapes import Float


def naive(G: Float[Tensor, "*batch m n"]) -> Float[Tensor, "*batch m n"]:
    """U V^T over the singular values of G that are not zero, so that zero stays zero."""
    work = G.float() if G.dtype in (torch.bfloat16, torch.float16) else G
    U, S, Vh = torch.linalg.svd(work, full_matrices=False)
    zero = S[..., :1] * max(G.shape[-2:]) * torch.finfo(work.dtype).eps
    polar: Tensor = (U * (zero < S).to(U)[..., None, :]) @ Vh
    return polar.to(G.dtype)
