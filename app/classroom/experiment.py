"""One experiment spread over the class: each student's browser trains the same configuration with another seed."""

from urllib.parse import parse_qsl

import streamlit as st

from app import share, state
from app.desk import Desk, Wanted
from app.language import tr

from . import parts, tally
from .activity import Activity
from .reader import View
from .shared import TICK_SECONDS, seed_of, store, watch
from .store import Me, StoreError

RUNNING_SECONDS = 0.5


def part(view: View, me: Me, activity: Activity, index: int) -> None:
    """Run my seed; then everybody's curves. Also looks out for where the class goes."""
    step, key = activity.at(index), parts.run_key(index)
    seed = seed_of(step, me.seed)
    desk, arrived = state.desk(), me.id in view.runs.get(key, {})
    wanted = Wanted(share.read(dict(parse_qsl(step.link)))[0].configs(), seed)
    begun = desk.matches(wanted)
    running = begun and not desk.show.error
    if begun and desk.show.error:
        st.error(tr("Your run stopped before its end; start it again."))
    if arrived:
        st.success(tr("Your run with seed {seed} has arrived.", seed=seed))
    elif not running:
        st.button(tr("Run my seed"), type="primary", width="stretch", on_click=desk.run, args=(wanted, 0.0))

    def draw(now: View) -> None:
        if running and not arrived:
            _progress(desk, now, me, key, seed)
        parts.pooled(now, activity, index)

    watch(view, draw, RUNNING_SECONDS if running and not arrived else TICK_SECONDS)


def _progress(desk: Desk, view: View, me: Me, key: str, seed: int) -> None:
    """How far the run is; when it is done its curves go to the class."""
    show = desk.show
    traces = show.view()
    if show.status == "finished" and traces:
        try:
            store().add_run(view.code, me, key, seed, tally.scores(traces))
        except StoreError as error:
            st.error(tr("Your run was not kept: {error}", error=tr(error)))
            return
        st.rerun()
    if show.error:
        st.rerun()  # the page says why, and offers to run it again
    at = dict(at=show.cursor, total=show.total)
    words = (
        tr("waiting, {ahead} before you · step {at} of {total}", ahead=show.ahead, **at)
        if show.status == "waiting"
        else tr("seed {seed} is training · step {at} of {total}", seed=seed, **at)
    )
    st.progress(show.cursor / show.total, words)
