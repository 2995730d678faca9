"""A small vision transformer for the 8 x 8 digits: 2 x 2 patches, attention that looks both ways, one answer.

Letters: B images, N = 16 patches, d model width, H heads, D = d / H.
"""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from nested_core.rng import generator
from nested_core.shapes import Float
from nested_core.streams.digits import HELD_OUT

SIDE, PATCH, CLASSES = 8, 2, 10


def digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images [n, 64] in [0, 1] and labels [n] to train on, then those held out; every seed splits anew."""
    data = load_digits()
    order = generator(seed, "split").permutation(len(data.target))
    x, y = torch.tensor(data.data[order] / 16, dtype=torch.float32), torch.tensor(data.target[order])
    return x[HELD_OUT:], y[HELD_OUT:], x[:HELD_OUT], y[:HELD_OUT]


class VisionBlock(nn.Module):
    """x [B, N, d] -> [B, N, d]: attention over the patches, then an MLP, each behind a norm and added."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(d_model)
        self.project = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)
        self.mlp = nn.Sequential(
            nn.LayerNorm(d_model),
            nn.Linear(d_model, 4 * d_model, bias=False),
            nn.GELU(),
            nn.Linear(4 * d_model, d_model, bias=False),
        )

    def forward(self, x: Float[Tensor, "B N d"]) -> Float[Tensor, "B N d"]:
        B, N, d = x.shape
        q, k, v = self.project(self.norm(x)).view(B, N, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, d))
        return x + self.mlp(x)


class VisionTransformer(nn.Module):
    """Images [B, 64] in [0, 1] -> logits [B, 10], read from the mean over the patches."""

    def __init__(self, d_model: int = 32, n_layers: int = 2, n_heads: int = 2):
        super().__init__()
        self.embed = nn.Linear(PATCH * PATCH, d_model)
        self.place = nn.Parameter(0.5 * torch.randn((SIDE // PATCH) ** 2, d_model))
        self.blocks = nn.Sequential(*(VisionBlock(d_model, n_heads) for _ in range(n_layers)))
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, CLASSES)

    def forward(self, images: Float[Tensor, "B pixels"]) -> Float[Tensor, "B classes"]:
        n = SIDE // PATCH
        patches = images.view(-1, n, PATCH, n, PATCH).transpose(2, 3).reshape(-1, n * n, PATCH * PATCH)
        return self.head(self.norm(self.blocks(self.embed(patches) + self.place)).mean(1))
