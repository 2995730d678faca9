"""What the three pages of a class share: the store, addresses, and how words from people are shown."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode

import segno
import streamlit as st

from app import share
from app.address import spoken
from app.language import tr
from app.settings import settings

from . import demonstrations, from_lesson
from .activity import Activity, Step, from_link, translated
from .reader import View
from .rights import Rights, secret
from .store import Store, StoreError

TICK_SECONDS = 1.5  # between two looks at the room


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The one door to what is kept, opened and brought up to date at the first visit."""
    return Store(settings().classroom.url())


@st.cache_resource(show_spinner=False)
def rights() -> Rights:
    return Rights(secret(settings().classroom))


def known(name: str) -> Activity | None:
    """The demonstration or the lesson of this name, in the reader's language; None where there is neither."""
    return translated(demonstrations.ALL.get(name)) or from_lesson.find(name)


def activity_of(view: View) -> Activity:
    """What this room is about, in the reader's language."""
    return known(view.activity) or from_link(view.activity)


def plain(words: str) -> str:
    """Words from a person as Markdown that shows them letter for letter: no link, no picture, no formula."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", words)


def called(view: View) -> str:
    """What the room is called, as Markdown; one without a name too."""
    return plain(view.title) or tr("Class")


def base() -> str:
    """Where this app is, without a page: https://host/path."""
    return (st.context.url or "").split("?")[0].rpartition("/")[0]


def join_link(view: View) -> str:
    return f"{base()}/join?code={view.code}"


def stage_link(view: View) -> str:
    key = rights().stage_key(view.id, view.code)
    return f"{base()}/teach?{urlencode({'view': 'stage', 'room': view.code, 'stage': key} | spoken())}"


def playground_link(view: View, step: Step, add: int = 0) -> str:
    """The step's configuration with what the teacher hid; `add` gives a student a seed of its own."""
    query = share.read(dict(parse_qsl(step.link)))[0].query()
    query["seed"] = str(seed_of(step, add))
    hidden = [name for name in share.HIDEABLE if name in view.settings.get("hidden", ())]
    if hidden:
        query["hide"] = "_".join(hidden)
    return f"{base()}/playground?{urlencode(query | spoken(), quote_via=quote, safe='*')}"


def page_link(step: Step) -> str:
    """The page of this app that belongs to the step."""
    return "&".join((f"{base()}/{step.page}", *(f"{name}={value}" for name, value in spoken().items())))


def seed_of(step: Step, add: int) -> int:
    return (share.read(dict(parse_qsl(step.link)))[0].seed + add) % 2**31


def qr(address: str, width: int) -> None:
    """The address as a QR code, dark on white in every theme; `width` px."""
    picture = segno.make(address, error="m").svg_data_uri(scale=8, border=2, light="white", dark="black")
    words = tr("QR code of the address to join")
    st.html(f'<img src="{picture}" width="{width}" height="{width}" alt="{words}">')


def unreachable() -> bool:
    """Whether the address only works on this computer."""
    return re.match(r"https?://(localhost|127\.|\[::1\])", base()) is not None


def watch(view: View, draw: Callable[[View], None], seconds: float = TICK_SECONDS) -> None:
    """The one ticking part of a page: draws the room as it stands, and the whole page anew when the class moved on."""

    def tick() -> None:
        try:
            now = store().view(view.code)
        except StoreError as error:  # it ticks on: a database that is back is found again
            st.warning(tr(error))
            return
        if signature(now) != signature(view):
            st.rerun()
        draw(now)

    st.fragment(tick, run_every=seconds)()


def signature(view: View) -> tuple:
    """What a page is laid out by; answers and runs come and go without it."""
    return view.step, view.follow, view.locked, view.revealed, view.settings.get("recorded")


def next_action(view: View, activity: Activity) -> tuple[str, dict]:
    """What the right arrow does now: its label, and what to tell the store; nothing at the end."""
    step = activity.at(view.step)
    question = step.question
    if question and question.kind != "text":
        if not view.closed(question.key):
            return tr("Lock the answers"), {"lock": question.key}
        tells = question.answer is not None or question.outcome or step.link
        if tells and question.key not in view.revealed:
            return tr("Reveal"), {"reveal": question.key}
    if view.step + 1 < len(activity.steps):
        return tr("Next step"), onward(view, activity)
    return tr("The end"), {}


def onward(view: View, activity: Activity) -> dict:
    """What to tell the store to go one step on. Nobody predicts any more what is then run, or already shown."""
    following = activity.at(view.step + 1)
    closing = {"reveal" if following.lesson else "lock": following.about} if following.about else {}
    return {"step": view.step + 1, **closing}
