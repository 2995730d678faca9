"""A short causal convolution, the one place where a token mixer looks at its neighbours directly.

Letters: B samples, T tokens, c channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .shapes import Float

WIDTH = 4


class CausalConvolution(nn.Module):
    """y_t = sum_j w_j * x_{t-j} + b, j = 0..3, for every channel: x [B, T, c], the last 3 inputs -> y, new last 3."""

    def __init__(self, channels: int):
        super().__init__()
        layer = nn.Conv1d(channels, channels, WIDTH, groups=channels)
        self.weight, self.bias = layer.weight, layer.bias  # [c, 1, 4], [c]

    def start(self, batch: int) -> Float[Tensor, "B 3 c"]:
        """What precedes the first token: zeros."""
        return self.weight.new_zeros(batch, WIDTH - 1, len(self.weight))

    def forward(
        self, x: Float[Tensor, "B T c"], recent: Float[Tensor, "B 3 c"]
    ) -> tuple[Float[Tensor, "B T c"], Float[Tensor, "B 3 c"]]:
        past = torch.cat([recent, x], dim=1)  # [B, 3 + T, c]
        image = past.transpose(1, 2).unsqueeze(2)  # [B, c, 1, 3 + T]: as 2-D and channels last it is fastest on CPU
        y = F.conv2d(image, self.weight.unsqueeze(2), self.bias, groups=len(self.weight))
        return y.squeeze(2).transpose(1, 2), past[:, x.shape[1] :]
