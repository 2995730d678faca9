"""The settings of "Talk to a memory" as the address of the page, as `share` does it for the playground.

    ?v=1&talk=rules&facts=Peru~Lima&size=32&step=1&retention=0.998&noise=10&alike=as_written&gap=2&distance=200&ask=Peru

Facts are key~value~key~value; a "~" inside one is written %7E, a "%" %25. A trained Hope takes talk=hope, facts, gap,
distance, ask and its seed. Reading never fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nested_core.phrase import phrase

from ..query import VERSION, Query
from .facts import MAX_FACTS, Fact, check_phrase
from .gallery import PRESETS
from .lesson import ALIKE, RETENTIONS, SIZES, Setting

TALKS = ("rules", "hope")
FIELDS = ("v", "talk", "facts", "size", "step", "retention", "noise", "alike", "gap", "distance", "seed", "ask")
_SIZES = {str(size): size for size in SIZES}
_STEPS = {f"{tenth / 10:g}": tenth / 10 for tenth in range(1, 11)}
_RETENTIONS = {f"{kept:g}": kept for kept in RETENTIONS}
_ALIKE = {"as_written" if x is None else f"{x:g}": x for x in ALIKE}


@dataclass(frozen=True)
class Wish:
    """What the widgets of the page hold. seed: of a trained Hope; ask: the question."""

    talk: str
    setting: Setting
    ask: str
    seed: int = 0

    def query(self) -> dict[str, str]:
        """The fields of the link."""
        s = self.setting
        told = "~".join(_coded(side) for fact in s.facts for side in (fact.key, fact.value))
        rules = {
            "size": str(s.size), "step": f"{s.step:g}", "retention": f"{s.retention:g}",
            "noise": str(round(100 * s.noise)), "alike": "as_written" if s.alike is None else f"{s.alike:g}",
        }  # fmt: skip
        return {
            "v": VERSION, "talk": self.talk, "facts": told, **(rules if self.talk == "rules" else {}),
            "gap": str(s.gap), "distance": str(s.distance),
            **({"seed": str(self.seed)} if self.talk == "hope" else {}), "ask": self.ask,
        }  # fmt: skip


DEFAULT = Wish("rules", PRESETS[0].setting, PRESETS[0].setting.facts[0].key)


def read(given: Mapping[str, str]) -> tuple[Wish, list[str]]:
    """What a link asks for, and a sentence for every part of it that could not be used."""
    query, usual = Query(given, FIELDS), DEFAULT.setting
    form, instead = phrase("write key~value, joined by ~"), phrase("the default facts are taught")
    facts = query.made("facts", _facts, form, instead, usual.facts)
    setting = Setting(
        facts,
        query.one_of("size", _SIZES, usual.size),
        query.one_of("step", _STEPS, usual.step),
        query.one_of("retention", _RETENTIONS, usual.retention),
        query.whole("gap", 0, 20, usual.gap),
        query.whole("distance", 0, 400, usual.distance),
        query.whole("noise", 0, 100, round(100 * usual.noise)) / 100,
        query.one_of("alike", _ALIKE, usual.alike),
    )
    talk = query.one_of("talk", {name: name for name in TALKS}, DEFAULT.talk)
    form, instead = phrase("give one or more words"), phrase("the first fact is asked for")
    ask = query.made("ask", _question, form, instead, facts[0].key)
    return Wish(talk, setting, ask, query.whole("seed", 0, 2**31 - 1, 0)), query.notices


def _coded(side: str) -> str:
    return side.replace("%", "%25").replace("~", "%7E")


def _facts(text: str) -> tuple[Fact, ...]:
    sides = [side.replace("%7E", "~").replace("%25", "%").strip() for side in text.split("~")]
    if len(sides) % 2 or len(sides) > 2 * MAX_FACTS:
        raise ValueError(text)
    return tuple(Fact(*sides[i : i + 2]) for i in range(0, len(sides), 2))


def _question(text: str) -> str:
    check_phrase(phrase("the question"), text)
    return text
