"""Colours, line styles and number formats: one look for every picture.

Okabe-Ito hues, orange, purple and sky blue darkened so that each has at least 3:1 contrast on white and on the dark
page. A task keeps its hue and dash everywhere; hues repeat after seven tasks, dashes then differ.
"""

import math

HUES = ("#0072B2", "#D55E00", "#009E73", "#C0609A", "#A87900", "#2F8FCB", "#767676")
DASHES = ("solid", [7, 3], [2, 3], [9, 3, 2, 3], [12, 4], [4, 4], [1, 2], [5, 2, 1, 2, 1, 2], [10, 2, 4, 2], [3, 6])
RISE, FALL = "#D55E00", "#0072B2"  # positive and negative weights
NARROW = "\u00a0"  # between number and unit, where no line may break
INK = "#808080"  # marks that belong to no task, on light and dark
STREAM_NAMES = {
    "permuted_digits": "Digits, pixels reordered",
    "class_digits": "Digits, new classes",
    "languages": "Languages",
    "own_text": "Your own text",
}
ARM_NAMES = {"nested": "nested", "single_loop": "single loop", "transformer": "Transformer"}


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
    kept = f", keeping {level['retention']:g}" if level.get("retention", 1) < 1 else ""
    return f"every {level['period']} at {level.get('rate', 0):g}{kept}" + " (paused)" * bool(level.get("paused"))


def arm_name(trace) -> str:
    """The learner's name as people read it."""
    name = trace.meta["config"]["learner"]["name"]
    return ARM_NAMES.get(name, name)


def score(value: float, unit: str) -> str:
    """A score with its unit: "93 %" or "2.41 bits"; "-" where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{100 * value:.0f}{NARROW}%" if unit == "accuracy" else f"{value:.2f}{NARROW}bits"


def samples(unit: str) -> str:
    """What a sample is called on this kind of stream."""
    return "samples" if unit == "accuracy" else "characters"


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
