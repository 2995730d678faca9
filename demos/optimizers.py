"""Optimizers are memories of gradients: which remember longer, and does that help?

Nested Learning, 4.3, 4.4, 7.2 and figures 4, 11, 12. Four parts; on each, every arm has as many trials.

digits            a small vision transformer, 120 steps of 64 digits (five times through the training set), warm-up
                  and cosine for all. M3's slow memory can be taken out ("m3, fast only") to see what it adds
psi               steps until the surface of eq. 53 (omega and alpha 2, k 2) is below 0.01, from around (-3.5, 2)
orthogonal tasks  eq. 45: a linear map learns one task, then another, whose inputs lie almost across. What is left in
                  the memory of the first task's gradients is read off; so is what is left of the first task
momentum window   how many of the latest gradients carry half, and 99 %, of what the optimizer remembers

M3 as printed, with undecayed sums, swings past every minimum and ends far behind (test loss .31 at its best rate); here
its fast memory fades as momentum does. What beats Muon is its element-wise normaliser.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nested_core import optim
from nested_core.bench import multiply_adds
from nested_core.clock import due
from nested_core.optim.base import as_matrix
from nested_core.rng import generator
from nested_core.trace import Recorder, Trace

from .arms import count
from .command import Demo, main
from .evidence import Claim, Row, claim, values
from .parallel import Job, Report
from .training import schedule
from .vision import VisionTransformer, digits

ARMS = ("m3", "muon", "adamw", "delta momentum", "momentum", "gradient descent", "m3, fast only")
ACROSS = ("m3", "momentum", "delta gradient descent", "least squares", "gradient descent")
DIGITS, PSI, ORTHOGONAL, WINDOW = "digits", "psi", "orthogonal tasks", "momentum window"
STEPS = {DIGITS: 120, PSI: 600, ORTHOGONAL: 240, WINDOW: 240}
BELOW, PROBLEMS, WATCHED, FADE = 0.01, 10, 200, 20
QUICK = 60
SLOW = {"slow_weight": 0.3, "period": 20}


@dataclass(frozen=True)
class Problem:
    """What an optimizer works on.

    loss   of step (from 1), to be minimised; test: scores by name
    shown  the parameter that the trace draws
    clip   largest norm of a gradient; `apart`, of each parameter for itself
    phases into how many the steps are split; in each, rates follow the schedule of all demos. 0: they stay
    first  directions in which only the first task has gradients
    """

    model: nn.Module
    loss: Callable[[int], Tensor]
    test: Callable[[], dict[str, float]]
    unit: str
    shown: Tensor
    samples: int
    multiply_adds: int = 0
    clip: float = 1.0
    apart: bool = False
    phases: int = 1
    first: Tensor | None = None


def optimizer(arm: str, model: nn.Module, choice: dict[str, Any]) -> torch.optim.Optimizer:
    options = {name: value for name, value in choice.items() if name != "rate"}
    if arm == "adamw":
        return torch.optim.AdamW(model.parameters(), choice["rate"], betas=(options.get("momentum", 0.9), 0.999))
    if arm.startswith("m3"):
        options = {"momentum": 0.9, **SLOW, **options} | ({"slow_weight": 0.0} if arm == "m3, fast only" else {})
    return optim.build(arm.split(",")[0].replace(" ", "_"), model, choice["rate"], **options)


def steps(job: Job) -> int:
    return min(STEPS[job.part], QUICK) if job.quick else STEPS[job.part]


# The four problems.


def vision(job: Job) -> Problem:
    x, y, test_x, test_y = (part.to(job.device) for part in digits(job.seed))
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(job.seed, "weights").integers(2**62)))
        model = VisionTransformer().to(job.device)

    def loss(step: int) -> Tensor:
        pick = generator(job.seed, "batch", step).integers(len(x), size=64)
        return F.cross_entropy(model(x[pick]), y[pick])

    def test() -> dict[str, float]:
        new = model(test_x)
        return {
            "test loss": float(F.cross_entropy(new, test_y)),
            "test accuracy": float((new.argmax(1) == test_y).double().mean()),
            "training loss": float(F.cross_entropy(model(x), y)),
        }

    cost = multiply_adds(lambda: model(x[:64])) // 3 // 64
    return Problem(model, loss, test, "nats", model.head.weight, 64, cost)


def surface(job: Job) -> Problem:
    """PROBLEMS copies of psi, each with a start and constants of its own."""
    rng = generator(job.seed, "psi")
    starts = np.array([-3.5, 2]) + 0.3 * rng.normal(size=(PROBLEMS, 2))
    k, alpha, omega = torch.tensor(2 * np.exp(rng.normal(size=(3, PROBLEMS)) * [[0.2], [0.2], [0.1]])).to(job.device)
    points = nn.ParameterList(torch.tensor(start) for start in starts).to(job.device)
    needed = torch.full((PROBLEMS,), STEPS[PSI])

    def psi() -> Tensor:
        r, theta = torch.stack(list(points)).T
        return r.square() + k * (r - theta + alpha * (omega * r).sin()).square()

    def loss(step: int) -> Tensor:
        height = psi()
        needed.copy_(torch.where(height.detach().cpu() < BELOW, needed.clamp_max(step - 1), needed))
        return height.sum()

    def test() -> dict[str, float]:
        return {"psi": float(psi().mean()), "steps needed": float(needed.double().mean())}

    return Problem(points, loss, test, "height", points[0], PROBLEMS, clip=10.0, apart=True, phases=0)


def across(job: Job) -> Problem:
    """Two tasks y = W_i x with inputs of twelve dimensions out of 32 each; those of the second lean a little (0.3 rad)
    toward those of the first. One map can solve both."""
    rng, d, k = generator(job.seed, "tasks"), 32, 12
    Q = np.linalg.qr(rng.normal(size=(d, 2 * k)))[0]
    spans = [Q[:, :k], math.cos(0.3) * Q[:, k:] + math.sin(0.3) * Q[:, :k]]
    inputs = [torch.tensor(U).to(job.device) for U in spans]
    targets = [torch.tensor(rng.normal(size=(8, d))).to(job.device) for _ in spans]
    model = nn.Linear(d, 8, bias=False, dtype=torch.float64).to(job.device)
    nn.init.zeros_(model.weight)

    def loss(step: int) -> Tensor:
        task = int(step > steps(job) // 2)
        z = torch.tensor(generator(job.seed, "batch", step).normal(size=(16, k))).to(job.device)
        x = z @ inputs[task].T
        return (model(x) - x @ targets[task].T).square().sum(1).mean() / 2

    def test() -> dict[str, float]:
        errors = [(model.weight - W) @ U for W, U in zip(targets, inputs, strict=True)]
        return {f"task {i + 1}": float(error.square().mean()) for i, error in enumerate(errors)}

    first = torch.tensor(math.cos(0.3) * Q[:, :k] - math.sin(0.3) * Q[:, k:]).to(job.device)
    return Problem(model, loss, test, "squared error", model.weight, 16, 8 * d, clip=1e9, phases=2, first=first)


PROBLEM = {DIGITS: vision, PSI: surface, ORTHOGONAL: across, WINDOW: vision}


def run(job: Job, report: Report) -> Trace:
    problem = PROBLEM[job.part](job)
    learner = optimizer(job.arm, problem.model, job.choice)
    if job.part == WINDOW:
        learner.watch(WATCHED, [problem.shown])
    recorder = train(job, problem, learner, steps(job), report)
    if job.part == WINDOW:
        recorder.meta["weights"] = learner.memory_of_gradients(WATCHED)[-1].tolist()  # of M3, in the slow memory
    return recorder.freeze()


def train(job: Job, problem: Problem, learner: torch.optim.Optimizer, steps: int, report: Report) -> Recorder:
    """The loop of all four parts, recorded. Time is that of this process, which other programs do not lengthen."""
    parameters, shown = list(problem.model.parameters()), problem.shown
    groups = [[p] for p in parameters] if problem.apart else [parameters]
    period = learner.param_groups[0]["period"] if isinstance(learner, optim.M3) else 0
    clocks = [1, period] if period else [1]
    with torch.no_grad():
        names = list(problem.test())
    scored = [name for name in names if name not in ("test accuracy", "steps needed")]
    recorder = Recorder(
        {
            "config": {"learner": {"name": job.arm, **job.choice}, "stream": {"kind": job.part}},
            "seed": job.seed, "run_id": f"{job.demo} {job.part} {job.arm} {job.seed}",
            "steps": steps, "tasks": scored, "unit": problem.unit, "samples": problem.samples,
            "levels": [{"name": f"every {C}", "period": C, "per": "step", "kind": "gradient"} for C in clocks],
            "parameters": count(problem.model), "state": 0, "multiply_adds": problem.multiply_adds,
            "memory": "weights, and M3's slow memory of their gradients", "backend": None,
        }
    )  # fmt: skip

    def slow() -> Tensor:
        return learner.state[shown]["memory"][1]

    def probe(step: int) -> None:
        with torch.no_grad():
            found = problem.test()
        recorder.add("probe_step", step)
        recorder.add("score", [found[name] for name in scored])
        recorder.add("level_score", np.full((len(clocks), len(scored)), np.nan))
        weights = as_matrix(shown.detach())
        levels = [weights] + ([slow() if step else torch.zeros_like(weights)] if period else [])
        recorder.add("memory_step", step)
        recorder.add("memory", torch.stack(levels).cpu())
        recorder.meta["final"] = found

    probe(0)
    rate, spent, every, kept = learner.param_groups[0]["lr"], 0.0, steps // 10, []
    phase = steps // max(1, problem.phases)
    for step in range(1, steps + 1):
        before, start = shown.detach().clone(), process_time()
        learner.zero_grad()
        loss = problem.loss(step)
        loss.backward()
        norms = [nn.utils.clip_grad_norm_(group, problem.clip) for group in groups]
        finite = bool(torch.stack([loss, *norms]).isfinite().all())
        if problem.phases:
            now = (step - 1) % phase + 1
            learner.param_groups[0]["lr"] = rate * schedule(now, phase, now / phase)
        if finite:
            learner.step()
        spent += process_time() - start
        moved = float((shown.detach() - before).norm() / before.norm().clamp_min(1e-12))
        recorder.add("task", int(job.part == ORTHOGONAL and step > steps // 2))
        recorder.add("online", float(loss.detach()))
        recorder.add("seconds", spent)
        recorder.add("wrote", [finite and due(step, C) for C in clocks])
        recorder.add("change", [moved, *(math.nan for _ in clocks[1:])])
        recorder.add("surprise", [float(torch.stack(norms).norm()), *(math.nan for _ in clocks[1:])])
        recorder.add("diverged", not finite)
        if problem.first is not None and "memory" in learner.state[shown] and step - steps // 2 - 1 in (0, FADE):
            memory = slow() if period else learner.state[shown]["memory"]
            kept.append(float((memory @ problem.first).norm()))
            recorder.meta["kept"] = kept[-1] / kept[0]
        if step % every == 0 or step == steps:
            probe(step)
        report(step / steps)
    found = (x for kept in learner.state.values() for x in kept.values() if isinstance(x, Tensor))
    recorder.meta["state"] = sum(x.numel() for x in found)
    return recorder


# What is measured, and what follows.


def reaching(weights: list[float], share: float) -> float:
    """How many of the latest gradients carry this share of all that is remembered."""
    carried = np.cumsum(weights) / np.sum(weights)
    return float((carried < share).sum() + 1)


def measure(job: Job, trace: Trace) -> list[Row]:
    final, score = trace.meta["final"], trace["score"]
    found: dict[str, tuple[float, str]] = {}
    if job.part == DIGITS:
        found = {name: (value, "accuracy" if "accuracy" in name else "nats") for name, value in final.items()}
        found["milliseconds a step"] = (1e3 * float(np.median(np.diff(trace["seconds"]))), "ms")
        found["parameters"] = (trace.meta["parameters"], "numbers")
        found["kept beside them"] = (trace.meta["state"], "numbers")
    elif job.part == PSI:
        found = {"steps needed": (final["steps needed"], "steps"), "height at the end": (final["psi"], "height")}
    elif job.part == ORTHOGONAL:
        middle = score[len(score) // 2]
        found["average at the end"] = (float(score[-1].mean()), "squared error")
        found["task 1, forgotten"] = (float(score[-1, 0] - middle[0]), "squared error")
        found["task 1, learned"] = (float(middle[0]), "squared error")
        if "kept" in trace.meta:
            found[f"memory of task 1 after {FADE} steps"] = (trace.meta["kept"], "share")
    else:
        weights = trace.meta["weights"]
        found = {f"gradients that carry {100 * s:.0f} %": (reaching(weights, s), "gradients") for s in (0.5, 0.99)}
    return [Row(job.arm, job.seed, f"{job.part}: {name}", float(v), unit) for name, (v, unit) in found.items()]


def select(rows: list[Row]) -> float:
    chosen = (f"{DIGITS}: test loss", f"{PSI}: steps needed", f"{ORTHOGONAL}: average at the end")
    (value,) = (row.value for row in rows if row.metric in chosen)
    return -value if math.isfinite(value) else -1e9


def claims(rows: list[Row]) -> list[Claim]:
    def better(name: str, metric: str, arm: str, other: str, text: str) -> Claim:
        return claim(name, text, values(rows, other, metric) - values(rows, arm, metric))

    loss, end = f"{DIGITS}: test loss", f"{ORTHOGONAL}: average at the end"
    time, half, most = (f"{DIGITS}: milliseconds a step", *(f"{WINDOW}: gradients that carry {n} %" for n in (50, 99)))
    kept = f"{ORTHOGONAL}: memory of task 1 after {FADE} steps"
    fade = np.abs(values(rows, "momentum", kept) / 0.9**FADE - 1)
    exact = [-math.log10(max(x, 1e-16)) - 6 for x in fade]
    counts = np.abs(values(rows, "momentum", half) - 7) + np.abs(values(rows, "momentum", most) - 44)
    return [
        better("m3_vs_muon", loss, "m3", "muon", "Digits, test loss: M3 below Muon"),
        better("m3_vs_muon_training", f"{DIGITS}: training loss", "m3", "muon", "Digits, training loss: M3 below Muon"),
        better("m3_vs_adamw", loss, "m3", "adamw", "Digits, test loss: M3 below AdamW"),
        better("m3_slow", loss, "m3", "m3, fast only", "Digits, test loss: M3 below M3 without its slow memory"),
        better("m3_time", time, "muon", "m3", "M3 takes longer than Muon (ms a step)"),
        better(
            "delta_psi", f"{PSI}: steps needed", "delta momentum", "momentum", "psi: delta momentum needs fewer steps"
        ),
        better("delta_digits", loss, "delta momentum", "momentum", "Digits, test loss: delta momentum below momentum"),
        claim("window", "7 gradients carry half of momentum .9 and 44 carry 99 %", 0.5 - counts),
        better("m3_window", most, "momentum", "m3", "M3's slow memory reaches further back than momentum (gradients)"),
        claim("fade", "A task's part of momentum fades as .9^n, to more than 6 digits (digits above 6)", exact),
        better("m3_across", end, "m3", "momentum", "Orthogonal tasks, error of both at the end: M3 below momentum"),
        better("dgd_across", end, "delta gradient descent", "momentum", "Orthogonal tasks: DGD below momentum"),
        better("ls_across", end, "least squares", "momentum", "Orthogonal tasks: a memory of inputs below momentum"),
    ]


def grid(rates: tuple[float, ...], momenta: tuple[float, ...], **options: Any) -> list[dict[str, Any]]:
    return [{"rate": rate, "momentum": beta, **options} for rate in rates for beta in momenta]


def only(rates: Any) -> list[dict[str, Any]]:
    return [{"rate": round(float(rate), 5)} for rate in rates]


BETAS = (0.5, 0.7, 0.8, 0.9)
M3_GRID = [x for eps, rate in ((0.1, 0.006), (0.1, 0.012), (0.01, 0.001)) for x in grid((rate,), BETAS, eps=eps)]
TRIALS = {
    "m3": M3_GRID,
    "muon": grid((0.04, 0.06, 0.1), BETAS),
    "adamw": grid((5e-3, 1e-2, 2e-2), BETAS),
    "delta momentum": grid((0.2, 0.4, 0.8), BETAS),
    "momentum": grid((0.2, 0.4, 0.8), BETAS),
    "gradient descent": only(np.geomspace(0.2, 3, 12)),
    "m3, fast only": M3_GRID,
}
PSI_GRID = grid((0.003, 0.0055, 0.01, 0.0173, 0.03), (0.8, 0.9, 0.95, 0.98))
TRIALS_ON = {
    PSI: {"delta momentum": PSI_GRID, "momentum": PSI_GRID, "gradient descent": only(np.geomspace(0.001, 0.1, 20))},
    ORTHOGONAL: {
        "m3": [{"rate": rate, "slow_weight": weight} for rate in (0.3, 1.0, 3.0) for weight in (0.1, 0.3)],
        "momentum": only((0.0025, 0.005, 0.01, 0.02, 0.04, 0.08)),
        "delta gradient descent": only((0.02, 0.05, 0.1, 0.2, 0.5, 1.0)),
        "least squares": only((0.05, 0.1, 0.2, 0.4, 0.7, 1.0)),
        "gradient descent": only((0.025, 0.05, 0.1, 0.2, 0.3, 0.4)),
    },
    WINDOW: {"momentum": only([0.1]), "m3": only([1e-3])},
}

DEMO = Demo(
    name="optimizers",
    claim="M3 beats AdamW and Muon, delta momentum beats momentum, and momentum remembers 44 gradients",
    source="4.3, 4.4, 7.2, figures 4, 11, 12",
    minutes=2,
    parts=(DIGITS, PSI, ORTHOGONAL, WINDOW),
    trials=TRIALS,
    trials_on=TRIALS_ON,
    measure=measure,
    select=select,
    claims=claims,
    seeds=10,
    tuning_seeds=3,
)

if __name__ == "__main__":
    sys.exit(main(DEMO, __doc__))
