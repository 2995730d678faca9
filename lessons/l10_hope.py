"""Lesson 10: Hope, a fast author and a slow library. Three languages in turns; parts are added one at a time."""

from nested_core.clock import writes
from nested_core.config import LearnerConfig, Level, RunConfig, StreamConfig
from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Pick, Question, Results, Revealed, Runs, Scene
from .picture import Figure, Series
from .record import trace

STREAM = StreamConfig("languages", tasks=3, rounds=4, dwell=30, batch=8, length=64)
TESTED = 30  # steps between two tests


def arm(name: str, model: str, rate: float, *slower: tuple[int, float]) -> RunConfig:
    levels = (Level(1, rate), *(Level(period, fraction) for period, fraction in slower))
    variant = "nested" if slower else "single"
    return RunConfig(STREAM, LearnerConfig(name, model, "adam", variant, levels, width=32, layers=1, heads=2), TESTED)


TRANSFORMER = arm("Transformer", "transformer", 0.003)
ONE = arm("Hope, one clock", "hope", 0.003)
TWO = arm("Hope, two clocks", "hope", 0.01, (30, 0.5))
# The other rate of each learner on one clock: none is compared at a rate that was only good for another.
OTHERS = (arm("Transformer", "transformer", 0.01), arm("Hope, one clock", "hope", 0.01))
SLOW_TRANSFORMER = arm("Transformer, two clocks", "transformer", 0.01, (30, 0.5))
ARMS = (TRANSFORMER, ONE, TWO)
NEAR = 0.03  # bits that count as a draw
OPTIONS = ("the Transformer", "Hope on one clock", "Hope on two clocks", "no clear winner")


def final(run) -> float:
    """Mean bits per character over the three languages at the end; lower is better."""
    return float(run["score"][-1].mean())


def first(run) -> float:
    """Bits per character on the first language at the end, 60 steps after its last visit ended."""
    return float(run["score"][-1, 0])


def outcome(bits: list[float]) -> int:
    best, second = sorted(bits)[:2]
    return bits.index(best) if second - best > NEAR else 3


def best_transformer(seed: int, measure) -> float:
    """The better of both rates, chosen by its mean at the end."""
    return measure(min((trace(c, seed) for c in (TRANSFORMER, OTHERS[0])), key=final))


def best_one(seed: int, measure) -> float:
    return measure(min((trace(c, seed) for c in (ONE, OTHERS[1])), key=final))


def reveal(results: Results) -> Revealed:
    runs = results["three learners"]
    names = tuple(run.meta["config"]["learner"]["name"] for run in runs)
    firsts, means = tuple(map(first, runs)), tuple(map(final, runs))
    figure = Figure(
        phrase("At the end: lower is better"), phrase("learner"), phrase("bits per character"),
        (Series(phrase("first language"), names, firsts), Series(phrase("mean of three"), names, means)), "bars", 0, 5,
    )  # fmt: skip
    sentence = phrase(
        "Bits per character on the first language, and mean of all three: Transformer {firsts[0]:.2f} and "
        "{means[0]:.2f}; Hope, one clock {firsts[1]:.2f} and {means[1]:.2f}; Hope, two clocks {firsts[2]:.2f} and "
        "{means[2]:.2f}. Guessing is about 6. All three have about {weights:,} weights; Hope on two clocks keeps one "
        "more copy of them.",
        firsts=firsts,
        means=means,
        weights=runs[1].meta["parameters"],
    )
    return Revealed(outcome(list(firsts)), sentence, figure)


LESSON = Lesson(
    10,
    "hope",
    "Hope: a fast author and a slow library",
    8,
    "A small memory with a clever rule and slower ones with simple rules complete each other.",
    "Nested Learning, section 8.3, equations 94-97; continual translation in section 9.1",
    hook="Everything comes together. [[Hope]] has a fast author: a [[self-modifying]] memory, written at every "
    "[[token]] "
    "(lesson 9). Around it we put a slow library: a level that holds the [[initial state]] and moves half of the way "
    "every 30 steps (lesson 5). Three languages, English, Python and enciphered English, take turns of 30 steps, four "
    "rounds. Beside it: Hope without the library, and a Transformer of the same size, each at the better of two rates.",
    prediction=Pick(
        "After the last turn, the first language has been away for 60 steps. **Who predicts it best** (fewest "
        "[[bits per character]])?",
        OPTIONS,
    ),
    activity=Runs(
        "learners",
        (
            Scene(
                "three learners",
                ARMS,
                "Half a minute. Each return of a language is a tooth: how high does it rise while away, how quickly "
                "does it fall back?",
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "What does the slow level give to Hope here?",
        (
            Option(
                "A start that is near every language at once, so that less is lost while away and relearning is short.",
                "Yes. Every 30 steps the fast weights begin again from a point that moved only half of the way toward "
                "the latest language.",
                True,
            ),
            Option(
                "More weights to store the languages in.",
                "The model that answers has the same number of weights. There is one more copy, which is never asked.",
            ),
            Option(
                "It tells Hope which language is being read.",
                "Nobody tells it. The memory in context finds out while it reads.",
            ),
        ),
    ),
    checks=(
        Question(
            "Which part of Hope can know what stood 20 characters ago, and which what the first language is like?",
            (
                Option(
                    "the memory in context; the weights and the slow level",
                    "Right: fast memory for the present text, slow ones for what many texts have in common.",
                    True,
                ),
                Option(
                    "the weights; the memory in context",
                    "The other way round: the memory in context is emptied at every new text (lesson 6).",
                ),
                Option(
                    "the slow level, both",
                    "It is written once in 30 steps of many characters: far too slow for the last 20.",
                ),
            ),
        ),
        Question(
            "What does this toy show about large language models?",
            (
                Option(
                    "By itself nothing: it shows a mechanism at work, at twenty thousand weights.",
                    "Right. Not scale, not text quality, not cost: Hope takes longer a step. The paper has results at "
                    "scale; ours are in demos/RESULTS.md, with the claims that failed.",
                    True,
                ),
                Option(
                    "That they should be replaced by Hope.",
                    "From 0.4 bits on three small texts? Effects at small scale may grow, shrink or turn round.",
                ),
                Option(
                    "That Transformers cannot learn continually.",
                    "One small Transformer with one optimizer was tried. With a slow level around it, it does better "
                    "too: try it as a project.",
                ),
            ),
        ),
    ),
    now_you="The capstone: in the playground choose languages, three runs. Design the levels yourself (how many, which "
    "periods, which fractions) so that the final mean is as low as you can get. Defend your design with one picture "
    "and one sentence, and name one stream on which you expect it to lose.",
    summary=(
        "Hope joins a fast memory that writes itself with slower memories of simple rules.",
        "On three languages in turns the slow level lowers the bits on the first language and on all three.",
        "The memory in context adapts within a text, the slow level keeps a start that is near all languages.",
        "Parameters were equal and rates tuned; the slow level costs one more copy, Hope more time a step.",
        "A toy shows that a mechanism works here. What it does at scale is another experiment.",
    ),
    link=dict(
        v="1",
        stream="languages",
        tasks="3",
        rounds="4",
        dwell="30",
        levels="1*0.01_30*0.5",
        seed="0",
        **{"with": "single_loop_transformer"},
    ),
    link_text="The same design at twice the width, with both opponents (a minute or two)",
    teacher=(
        "Let students place their bet and one sentence of reason; collect the reasons, they are the lesson.",
        "If time is short run one seed per group and pool the bits of the first language.",
        "Name the limits before students do: 18 thousand weights, 360 steps, texts that come with Python.",
    ),
    claims=(
        Claim(
            "equal size",
            "the Transformer has as many weights as Hope, within 1 %",
            lambda s: 100 * trace(TRANSFORMER, 0).meta["parameters"] / trace(ONE, 0).meta["parameters"],
            99,
            101,
            "%",
            slow=True,
        ),
        Claim(
            "two clocks, first language",
            "two clocks need fewer bits on the first language than one clock at its better rate",
            lambda s: best_one(s, first) - first(trace(TWO, s)),
            0.05,
            0.5,
            "bits",
            slow=True,
        ),
        Claim(
            "two clocks, mean",
            "and fewer on the mean of three",
            lambda s: best_one(s, final) - final(trace(TWO, s)),
            0.05,
            0.4,
            "bits",
            slow=True,
        ),
        Claim(
            "above the Transformer",
            "and about 0.4 bits fewer than the Transformer at its better rate",
            lambda s: best_transformer(s, final) - final(trace(TWO, s)),
            0.25,
            0.6,
            "bits",
            slow=True,
        ),
        Claim(
            "in context",
            "Hope on one clock needs fewer bits than the Transformer",
            lambda s: best_transformer(s, final) - best_one(s, final),
            0.05,
            1.0,
            "bits",
            slow=True,
        ),
        Claim(
            "Transformer too",
            "a slow level helps the Transformer as well",
            lambda s: best_transformer(s, final) - final(trace(SLOW_TRANSFORMER, s)),
            0.02,
            0.4,
            "bits",
            slow=True,
        ),
        Claim(
            "slow level writes",
            "the slow level writes 12 times in 360 steps",
            lambda s: writes(STREAM.steps, TWO.learner.levels[1].period),
            12,
            12,
            "writes",
        ),
    ),
)
