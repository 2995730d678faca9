"""What a page was told reaches its browser, and a browser that is late changes nothing."""

import pytest

pytest.importorskip("streamlit")

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from app import transport, whole  # noqa: F401


def told(place: int, words: str, fragment: str = "") -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, place]
    message.delta.new_element.markdown.body = words
    message.delta.fragment_id = fragment
    return message


def ended() -> ForwardMsg:
    message = ForwardMsg()
    message.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    return message


def test_a_tick_takes_nothing_from_the_page_before_it():
    """Pause and a tick in quick succession: the pictures of the paused page went lost, and its end did not."""
    queue = ForwardMsgQueue()
    messages = [told(0, "buttons"), told(1, "paused", "charts"), ended()]
    for message in messages:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["charts"])  # as Streamlit does when a tick begins
    queue.enqueue(told(1, "paused, again", "charts"))
    sent = queue.flush()
    assert sent[:3] == messages and sent[3].delta.new_element.markdown.body == "paused, again"
    assert sent[2].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
    queue.enqueue(told(0, "old"))
    queue.clear(retain_lifecycle_msgs=True)  # a whole page draws everything anew
    assert queue.is_empty()


class Still:
    """A desk that stands."""

    position, recorded = 5, 9

    def jump(self, step: int) -> None:
        self.position = step


def test_a_slider_that_is_gone_moves_nothing(monkeypatch):
    """A browser that has not heard yet of the next page sends the old slider with its next tick: the page stood still
    there, while it trained on."""
    drawn, desk = {}, Still()
    monkeypatch.setattr(st, "slider", lambda *place, **options: drawn.update(options))
    monkeypatch.setattr(st, "session_state", state := {})
    transport._slider(desk, False)
    state[drawn["key"]] = 5
    desk.position = desk.recorded = 100
    drawn["on_change"]()
    assert desk.position == 100
    for step in (3, 4):  # moved twice before the page is drawn again
        state[drawn["key"]] = step
        drawn["on_change"]()
        assert desk.position == step
    desk.position = 100
    drawn["on_change"]()
    assert desk.position == 100
