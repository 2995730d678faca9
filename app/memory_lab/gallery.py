"""Presets: a few facts and settings each, with what they show and what to look for. Tests hold the claims."""

from dataclasses import dataclass

from nested_core.phrase import phrase

from .facts import Fact, read_line
from .lesson import Setting


def facts(*lines: str) -> tuple[Fact, ...]:
    return tuple(read_line(line) for line in lines)


@dataclass(frozen=True)
class Preset:
    """A named setting. `claim` is one sentence that a test checks; `look` says what to do."""

    name: str
    claim: str
    look: str
    setting: Setting


SIX = facts(
    "Peru -> Lima", "Chile -> Santiago", "snow -> white", "cow -> moo", "Hamlet -> Shakespeare", "Jupiter -> planet"
)
ANIMALS = facts(
    *"cow->moo dog->woof cat->meow duck->quack sheep->baa pig->oink owl->hoot bee->buzz lion->roar snake->hiss".split(),
    *"horse->neigh crow->caw".split(),
)

PRESETS = (
    Preset(
        phrase("One fact, 200 words later"),
        phrase("After 200 tokens of noise every rule still answers Lima; those that erase do so less surely."),
        phrase("Go to the start and step: one write stores the fact, all that follows wears it down."),
        Setting(facts("Peru -> Lima"), distance=200),
    ),
    Preset(
        phrase("A fact changes"),
        phrase("The delta rules answer with the new value; the Hebbian memory holds both and cannot tell them apart."),
        phrase("Compare the bars: under Hebbian both writes still speak, under delta the second erased the first."),
        Setting(facts("president -> Smith", "president -> Jones"), distance=20, noise=0.0, retention=1.0),
    ),
    Preset(
        phrase("Keys alike"),
        phrase("Where two keys are alike, writing the second fact overwrites the first under the delta rule."),
        phrase("Move the slider “how alike” and watch the first curve fall when the second fact is written."),
        Setting(SIX, gap=0, distance=0, noise=0.0, alike=0.95, retention=1.0),
    ),
    Preset(
        phrase("More facts than room"),
        phrase("Twelve facts do not fit into 8 x 8 numbers: no rule answers them all."),
        phrase("Step by fact: each new one pushes older ones aside. Then choose the size 32 at the side."),
        Setting(ANIMALS, size=8, gap=0, distance=0, noise=0.0, retention=1.0),
    ),
    Preset(
        phrase("Forgetting by decay"),
        phrase("With retention 0.95 nothing is left of a fact after 200 tokens, though nothing overwrote it."),
        phrase(
            "The gated curve falls as fast as the alpha to the power of the tokens; raise the retention to keep more."
        ),
        Setting(SIX, distance=200, noise=0.0, retention=0.95),
    ),
    Preset(
        phrase("No gate against noise"),
        phrase("If noise is written as strongly as facts, the delta rules lose most facts within 200 tokens."),
        phrase("Lower “noise is written at” to 10 %: that is what a trained memory's gate learns to do."),
        Setting(SIX, distance=200, noise=1.0),
    ),
    Preset(
        phrase("It makes its own values"),
        phrase(
            "Asked for Peru, the self-modifying memory answers “coast”: it wrote what Lima already meant, not Lima."
        ),
        phrase("Its target is M v, and under “Lima” it had already stored “coast”. The other rules answer Lima."),
        Setting(facts("Lima -> coast", "Peru -> Lima"), gap=0, distance=0, noise=0.0, retention=1.0),
    ),
)


def by_name(name: str | None) -> Preset | None:
    return next((preset for preset in PRESETS if preset.name == name), None)
