"""Colours, line styles and number formats: one look for every picture.

Okabe-Ito hues, orange, purple and sky blue darkened so that each has at least 3:1 contrast on white and on the dark
page. A task keeps its hue and dash everywhere; hues repeat after seven tasks, dashes then differ.

Names in a trace are data, in English; the functions here say those that are known in the language of whoever reads.
"""

import math
import re

from nested_core.phrase import phrase

from .language import tr

HUES = ("#0072B2", "#D55E00", "#009E73", "#C0609A", "#A87900", "#2F8FCB", "#767676")
DASHES = ("solid", [7, 3], [2, 3], [9, 3, 2, 3], [12, 4], [4, 4], [1, 2], [5, 2, 1, 2, 1, 2], [10, 2, 4, 2], [3, 6])
RISE, FALL = "#D55E00", "#0072B2"  # positive and negative weights
NARROW = "\u00a0"  # between number and unit, where no line may break
INK = "#808080"  # marks that belong to no task, on light and dark
STREAM_NAMES = {
    "permuted_digits": phrase("Digits, pixels reordered"),
    "class_digits": phrase("Digits, new classes"),
    "languages": phrase("Languages"),
    "own_text": phrase("Your own text"),
}
ARM_NAMES = {"nested": phrase("nested"), "single_loop": phrase("single loop"), "transformer": phrase("Transformer")}
TASK_NAMES = {
    "pixel order": phrase("pixel order {which}"),
    "digits": phrase("digits {which}"),
    "cipher": phrase("cipher {which}"),
}
RECORDED = (  # what else nested_core writes into traces and surfaces; the marks are for the catalogue, `tr` says it
    phrase("in context"),
    phrase("gradient"),
    phrase("initial state"),
    phrase("block"),
    phrase("English"),
    phrase("Python"),
    phrase("accuracy"),
    phrase("bits per character"),
    phrase("squared error"),
    phrase("cross-entropy (nats)"),
    phrase("read-out of each level: class (row) by feature (column)"),
    phrase("read-out held by each level: class (row) by feature (column)"),
    phrase("value projection of the first layer held by each level: every second row"),
    phrase("first layer: what one sequence wrote in context, and a corner of each level's CMS block"),
    phrase("main memory of the first head: after reading one sequence, and the initial state held by each level"),
    phrase("asked for by backend.use"),
    phrase("asked for by NESTED_OPS"),
    phrase("on a CPU the hand-written backward is the fastest form"),
    phrase("there is a GPU, but Triton is not installed"),
    phrase("a GPU with Triton"),
)


def hue(index: int) -> str:
    return HUES[index % len(HUES)]


def dash(index: int):
    return DASHES[index % len(DASHES)]


def faded(colour: str, alpha: float) -> str:
    """The colour as rgba, so that it works on a light and a dark page."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def level_words(level) -> str:
    """The settings of a level as people write them; anything else as it is."""
    if not isinstance(level, dict) or "period" not in level:
        return str(level)
    period, rate, kept = level["period"], level.get("rate", 0), level.get("retention", 1)
    words = tr("every {period} at {rate:g}", period=period, rate=rate)
    if kept < 1:
        words = tr("every {period} at {rate:g}, keeping {kept:g}", period=period, rate=rate, kept=kept)
    return tr("{level} (paused)", level=words) if level.get("paused") else words


def level_name(level: dict) -> str:
    """The name of a level of a trace: "every 8", "in context"."""
    return every(level["period"]) if level["name"] == f"every {level['period']}" else tr(level["name"])


def every(period: int) -> str:
    """The name of a level with this period."""
    return tr("every {period}", period=period)


def learner_name(name: str) -> str:
    """A learner's name as people read it."""
    return tr(ARM_NAMES.get(name, name))


def arm_name(trace) -> str:
    """The name of a trace's learner as people read it."""
    return learner_name(trace.meta["config"]["learner"]["name"])


def task_name(trace, task: int) -> str:
    """The name of a task of a trace; texts of people's own keep theirs."""
    name = trace.tasks[task]
    return name if trace.meta["config"]["stream"].get("kind") == "own_text" else task_words(name)


def task_words(name: str) -> str:
    """The name of a task of one of our streams: "pixel order 3", "English"."""
    found = re.fullmatch(r"(pixel order|digits|cipher) ([\d ]+)", name)
    return tr(TASK_NAMES[found[1]], which=found[2]) if found else tr(name)


def stream_name(kind: str) -> str:
    """A kind of stream as people read it."""
    return tr(STREAM_NAMES.get(kind, kind))


def score(value: float, unit: str) -> str:
    """A score with its unit: "93 %" or "2.41 bits"; "-" where there is none."""
    if unit == "accuracy" or not known(value):
        return bare(value, unit)
    return tr("{value:.2f}\N{NO-BREAK SPACE}bits", value=value)


def bare(value: float, unit: str) -> str:
    """The same where there is no room for the word: "93 %" or "2.41"."""
    if not known(value):
        return "-"
    return f"{100 * value:.0f}{NARROW}%" if unit == "accuracy" else f"{value:.2f}"


def known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def samples(unit: str) -> str:
    """What a sample is called on this kind of stream."""
    return tr("samples") if unit == "accuracy" else tr("characters")


def drawn(value: float, unit: str):
    """A score as the charts plot it: percent or bits, four digits, None for a gap."""
    if not math.isfinite(value):
        return None
    return round(100 * float(value), 1) if unit == "accuracy" else round(float(value), 3)


# Less empty space above the fold, so that a projector of 1024 x 768 shows title, buttons and curves at once.
STYLE = """<style>
.stMainBlockContainer { padding: 3.9rem 2.2rem 3rem 2.2rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.6rem 1rem 3rem 1rem; } }
.stMainBlockContainer [data-testid="stVerticalBlock"] { gap: 0.7rem; }
.stMainBlockContainer h2 { font-size: 1.2rem; padding: 0.3rem 0 0.2rem 0; }
h1 { font-size: 1.7rem !important; padding: 0 0 0.25rem 0 !important; }
[data-testid="stSidebarHeader"] { margin-bottom: 0; height: 2.6rem; }
section[data-testid="stSidebar"] h2 { font-size: 1.05rem; padding: 0.4rem 0 0.4rem 0; }
[data-testid="stFileUploaderDropzoneInstructions"] { display: none; } /* the label says our own, lower limit */
/* Streamlit's own faded colours miss the contrast of 4.5 that small text needs. */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {
  color: light-dark(#575c62, #aab1b9); opacity: 1; }
/* The button to the other language stands in the head of the page, at the end of the list of pages. */
.st-key-language { position: fixed; top: 0.6rem; right: 3.4rem; z-index: 999991; width: auto !important; }
[data-testid="stToolbar"] { padding-right: 6.5rem; }
button kbd { color: inherit !important; opacity: 1 !important; }
button:disabled kbd { opacity: 0.5 !important; }
[data-testid="stBaseButton-primary"]:enabled {
  background: light-dark(#00629b, #7cc4ee); color: light-dark(#fff, #06202e); }
.stMainBlockContainer .stButton button { padding: 0.25rem 0.6rem; }
.chip { display: inline-block; border: 1px solid rgba(128,128,128,0.5); border-radius: 1rem; padding: 0.1rem 0.7rem;
  margin: 0.15rem 0.2rem; font-size: 0.9rem; }
[class*="st-key-lesson-step"] { margin-top: 0.5rem; }
table.alone { border-collapse: collapse; font-size: 0.9rem; width: 100%; }
table.alone th { font-weight: 400; text-align: left; white-space: nowrap; padding: 0.25rem 0.5rem; }
table.alone td { white-space: nowrap; }
table.alone thead th + th, table.alone td { text-align: right; padding: 0.25rem 0.5rem; }
</style>"""
