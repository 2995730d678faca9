"""One larger language model, trained by several processes or machines with torch's distributed data parallel.

    torchrun --nproc-per-node 2 -m demos.language_model --arm hope --width 128 --layers 4 --steps 200 --trace FILE.npz

Every process reads its part of each batch; gradients are averaged, so the weights stay the same everywhere, and the run
is that of one process with the whole batch but for rounding. The first process writes the trace, which the app opens.
"""

import argparse
import sys
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from nested_core.config import ConfigError, check, one_of, whole
from nested_core.cpu import prepare
from nested_core.hope import HopeConfig
from nested_core.learner import Observation
from nested_core.rng import generator
from nested_core.streams.base import Batch
from nested_core.trace import Trace

from .arms import build
from .parallel import Job
from .tasks import corpora
from .training import Arm, Task, train

LENGTH, TESTS = 128, 32


class Split(Arm):
    """An Arm that reads one part of each batch, and writes with the mean gradient of all parts."""

    def __init__(self, name: str, model: torch.nn.Module, rate: float, cost: int):
        super().__init__(name, model, rate, cost)
        wrapped = DistributedDataParallel(model)
        self.forward = lambda x: wrapped(x) if torch.is_grad_enabled() else model(x)

    def step(self, batch: Batch, step: int) -> Observation:
        parts, mine = dist.get_world_size(), dist.get_rank()
        seen = super().step(Batch(*(part.chunk(parts)[mine] for part in batch)), step)
        online = torch.tensor(seen.online, dtype=torch.float64)
        dist.all_reduce(online)
        return seen._replace(online=float(online) / parts)


@dataclass(frozen=True)
class Larger:
    """What is trained: its arm, corpus, seed and size. Raises ConfigError."""

    arm: str
    part: str
    seed: int
    width: int
    layers: int
    heads: int
    batch: int
    steps: int
    rate: float

    def __post_init__(self) -> None:
        one_of("arm", self.arm, ("hope", "transformer", "deltanet", "titans"))
        one_of("part", self.part, corpora.PARTS)
        for name, most in (("width", 8192), ("layers", 128), ("heads", 128), ("batch", 65_536), ("steps", 10**7)):
            whole(name, getattr(self, name), 1, most)
        check(self.width % self.heads == 0, "heads", self.heads, f"width {self.width} must be a multiple of it")
        check(0 < self.rate < 1, "rate", self.rate, "give a number between 0 and 1")

    def train(self) -> Trace:
        """By all processes of the group together."""
        parts = dist.get_world_size()
        check(self.batch % parts == 0, "batch", self.batch, f"{parts} processes share it; give a multiple of {parts}")
        config = HopeConfig(corpora.size(self.part), self.width, self.layers, self.heads, 16)

        def batch(step: int) -> Batch:
            return corpora.draw(self.part, self.seed, generator(self.seed, "batch", step), self.batch, LENGTH)

        test = corpora.draw(self.part, self.seed, generator(self.seed, "test"), TESTS, LENGTH, held_out=True)
        job = Job("language_model", self.part, self.arm, self.seed, {"rate": self.rate})
        task = Task(config.vocab_size, batch, {"held out": test}, "bits per character")
        return train(job, task, build(self.arm, config, self.seed), self.steps, 4, lambda share: None, learner=Split)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="torchrun ... -m demos.language_model",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--arm", default="hope")
    parser.add_argument("--part", default="English", help=f"corpus: {', '.join(corpora.PARTS)}")
    for name, value in (("seed", 0), ("width", 128), ("layers", 4), ("heads", 4), ("batch", 16), ("steps", 200)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rate", type=float, default=6e-3)
    parser.add_argument("--trace", help="file for the trace", default=None)
    options = vars(parser.parse_args())
    file = options.pop("trace")
    prepare()
    dist.init_process_group("gloo")
    first = dist.get_rank() == 0
    try:
        trace = Larger(**options).train()
    except ConfigError as error:
        if first:
            print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        dist.destroy_process_group()
    if first:
        print(f"{trace.meta['parameters']:,} parameters, held out: {trace['score'][-1][0]:.4f} bits per character")
        if file:
            trace.save(file)
    return 0
