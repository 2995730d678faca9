"""The students' page: enter a room, predict, see what is locked and revealed, run one's own seed, leave a sentence."""

from functools import partial

import streamlit as st

from app.address import tell
from app.language import tr
from app.sketch.component import sketch

from . import experiment, measured, parts
from .activity import Activity, Question
from .reader import View
from .shared import activity_of, called, page_link, plain, playground_link, store, watch
from .store import Me, StoreError


def page() -> None:
    """The room that the address names, or the door. The address is all that a phone must keep to come back."""
    code, token = st.query_params.get("code", ""), st.query_params.get("me", "")
    if code and token:
        try:
            view = store().view(code)
            _room(view, store().student(code, token))
            return
        except StoreError as error:
            st.error(tr("Not in the room: {error}", error=tr(error)))
    _door(code)


def _door(code: str) -> None:
    st.title(tr("Join your class"), anchor=False)
    with st.form("door", border=False):
        code = st.text_input(
            tr("Code"), code[:5].upper(), max_chars=5, placeholder=tr("five letters"), autocomplete="off"
        )
        nickname = st.text_input(tr("Nickname, if you like"), max_chars=store().limits.nickname, autocomplete="off")
        sent = st.form_submit_button(tr("Join"), type="primary", width="stretch")
    st.caption(tr("No account. Only your teacher sees what you answer, under your nickname."))
    if sent:
        try:
            view = store().view(code)
            token = store().join(code, nickname)
        except StoreError as error:
            st.error(tr("Not joined: {error}", error=tr(error)))
            return
        tell({"code": view.code, "me": token})
        st.rerun()


def _room(view: View, me: Me) -> None:
    activity = activity_of(view)
    index = view.step if view.follow else _own_step(view, activity)
    step = activity.at(index)
    here = (called(view), view.code, *([plain(me.nickname)] if me.nickname else []), tr("seed {seed}", seed=me.seed))
    st.caption(" · ".join(here))
    st.markdown(f"### {step.title}")
    asked = activity.question(step.about)
    if asked and not view.follow and not _closed(view, me, asked):
        st.info(tr("First send and lock your prediction: go back to it."))
        _pace(index, activity)
        watch(view, _status)
        return
    parts.say(step.text)
    if step.question:
        _question(view, me, activity, index)
    if step.page and not view.follow:
        st.link_button(tr("Open the lesson"), page_link(step))
    run = step.spread and (step.question is None or _closed(view, me, step.question))
    if step.link and not step.spread:
        st.link_button(tr("Open the playground"), playground_link(view, step, me.seed))
    if not view.follow:
        _pace(index, activity)
    if run:
        experiment.part(view, me, activity, index)
    else:
        watch(view, partial(_rest, me=me, activity=activity, index=index))


def _rest(view: View, me: Me, activity: Activity, index: int) -> None:
    """What may still arrive at this step, and who is here."""
    if activity.at(index).lesson:
        measured.part(view, activity, index, me=me.id)
    _status(view)


def _status(view: View) -> None:
    here = len(view.students)
    st.caption(
        tr("{n} here · your teacher leads", n=here) if view.follow else tr("{n} here · at your own pace", n=here)
    )


def _own_step(view: View, activity: Activity) -> int:
    """Where this student is while the class is released; kept in the address, so that a reload lands there."""
    text = st.query_params.get("at", "")
    at = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else view.step
    return max(0, min(at, len(activity.steps) - 1))


def _pace(index: int, activity: Activity) -> None:
    def go(step: int) -> None:
        st.query_params["at"] = str(step)

    last = len(activity.steps) - 1
    with st.container(horizontal=True, gap="small"):
        st.button(tr("Back"), disabled=index == 0, on_click=go, args=(index - 1,))
        st.button(tr("Next"), disabled=index == last, on_click=go, args=(index + 1,))
        st.caption(f"{index + 1} / {last + 1}")


def _closed(view: View, me: Me, question: Question) -> bool:
    """Whether this student can answer no more: locked by the teacher, or by the student."""
    return view.closed(question.key) or (question.key, me.id) in view.sealed


def _question(view: View, me: Me, activity: Activity, index: int) -> None:
    question = activity.at(index).question
    mine, revealed = view.answers.get(question.key, {}).get(me.id), question.key in view.revealed
    alone = not view.follow and (question.key, me.id) in view.sealed
    parts.say(question.prompt)
    if not _closed(view, me, question):
        _ask(view, me, question, mine)
        return
    st.info(tr("🔒 Locked. {told}", told=_told(question, mine)))
    if question.kind == "sketch" and mine is not None and not revealed:
        sketch(question.axis, f"mine {question.key}", mine, locked=True)
    if revealed or alone:
        parts.outcome(question, activity.at(index).link)
        if question.kind == "choice" and mine is not None and question.replies:
            reply = question.replies[mine]
            if reply != question.outcome:
                parts.say(tr("*To your answer*: {reply}", reply=reply))
    if revealed and question.kind != "text":
        parts.answers(view, activity, index, me=me.id)


def _told(question: Question, mine) -> str:
    if mine is None:
        return tr("You sent no answer.")
    if question.kind == "choice":
        return tr("You answered: {answer}.", answer=question.options[mine].rstrip("."))
    if question.kind == "point":
        return tr("You answered: {answer}.", answer=f"{mine:g} {question.axis.unit}")
    return tr("Your answer is kept.")


def _ask(view: View, me: Me, question: Question, mine) -> None:
    """The widget, and Send. What was sent can be changed until it is locked."""
    key, axis = f"{view.code} {question.key}", question.axis
    if question.kind == "choice":
        value = st.radio(tr("Answers"), range(len(question.options)), mine, format_func=lambda i: question.options[i],
                         key=key, label_visibility="collapsed")  # fmt: skip
    elif question.kind == "point":
        usual = mine if mine is not None else (axis.low + axis.high) / 2
        step = axis.grain or (axis.high - axis.low) / 100
        value = st.slider(axis.label, axis.low * 1.0, axis.high * 1.0, usual * 1.0, step * 1.0, format="%g", key=key)
    elif question.kind == "sketch":
        value = sketch(axis, key, mine)
    else:
        value = st.text_area(tr("Your words"), mine or "", max_chars=store().limits.text, key=key, height=110,
                             label_visibility="collapsed")  # fmt: skip
    again = mine is not None
    with st.container(horizontal=True, gap="small"):
        sent = st.button(tr("Send again") if again else tr("Send"), type="primary", key=f"send {key}")
        locked = not view.follow and st.button(tr("Lock and see"), key=f"lock {key}")
    if sent or locked:
        try:
            store().answer(view.code, me, question.key, question.check(value, store().limits.text), lock=locked)
        except ValueError as error:
            st.error(tr("Not sent: {error}", error=tr(error)))
            return
        st.rerun()
    if again:
        st.success(tr("Sent. You can change it until it is locked."))
