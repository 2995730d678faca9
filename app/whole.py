"""Imported once: whatever a page was told to show reaches its browser, also where a tick follows before it was sent.

A fragment that runs again makes Streamlit drop what its last run left in the queue to the browser, but neither its
references to what the browser has already, nor the word that all is drawn. If that last run was part of a whole page,
its pictures are missing there: the browser takes their places away, puts the next ones in the places of others, and
where a reference has no place any more all of the page is gone.
"""

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_clear = ForwardMsgQueue.clear


def _keep(
    queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
) -> None:
    if fragment_ids_this_run is None:
        _clear(queue, retain_lifecycle_msgs)
    else:
        queue._delta_index_map = {}  # what comes now goes behind what waits, not into its place


ForwardMsgQueue.clear = _keep
