"""One browser tab without a browser, for measurements and tests: it speaks Streamlit's websocket and reads a stage's
stream. Only what it looks for is decoded, so that many of them cost little beside the server that they load."""

import asyncio
import re
import time
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

STAGE = re.compile(rb"/live/([\w-]{20,})")
SMALL = 2_000  # bytes: what a tab looks for is in messages below


class Tab:
    """A page of the server at `address`. `buttons`: their ids by label; `fragment`: what ticks, every `pace` seconds;
    `stage`: the path of the stage's stream while it moves, or ""; `chosen`: what was chosen of the segmented controls,
    by their keys."""

    def __init__(self, address: str, page: str, query: str = ""):
        self.address, self.page, self.query = address, page, query
        self.buttons: dict[str, str] = {}
        self.fragment, self.pace, self.stage = "", 1.0, ""
        self.chosen: dict[str, str] = {}
        self._controls: dict[str, str] = {}  # ids by key

    async def open(self) -> None:
        url = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        self.socket: ClientConnection = await connect(url, subprotocols=["streamlit"], max_size=None, compression=None)
        await self.ask()

    async def close(self) -> None:
        await self.socket.close()

    async def press(self, label: str) -> float:
        """Press the button of this label and wait until the page is drawn: seconds."""
        return await self.ask(press=self.buttons[label])

    async def tick(self) -> float:
        """Let the part that ticks tick, or the page be drawn where none does: seconds."""
        return await self.ask(self.fragment)

    async def ask(self, fragment: str = "", press: str = "") -> float:
        message = BackMsg()
        wanted = message.rerun_script
        wanted.page_name, wanted.query_string, wanted.fragment_id = self.page, self.query, fragment
        wanted.is_auto_rerun = bool(fragment)
        if press:
            wanted.widget_states.widgets.add(id=press, trigger_value=True)
        for key, value in self.chosen.items():
            wanted.widget_states.widgets.add(id=self._controls[key]).string_array_value.data.append(value)
        self._whole, self.stage, began = not fragment, "", time.perf_counter()
        self.redrawn = not fragment  # whether the whole page was drawn
        await self.socket.send(message.SerializeToString())
        while not self._done(await self.socket.recv()):
            pass
        return time.perf_counter() - began

    def _done(self, data: bytes) -> bool:
        """Whether this message says that all is drawn."""
        if found := STAGE.search(data):
            self.stage = "/live/" + found[1].decode()
        if len(data) > SMALL:
            return False
        told = ForwardMsg.FromString(data)
        kind = told.WhichOneof("type")
        if kind == "new_session":
            if self._whole:
                self.buttons, self.fragment, self.redrawn = {}, "", True
            self._whole = True  # a second run within one request is of the whole page
        elif kind == "auto_rerun":
            self.fragment, self.pace = told.auto_rerun.fragment_id, told.auto_rerun.interval
        elif kind == "delta":
            element = told.delta.new_element
            what = element.WhichOneof("type")
            if what == "exception":
                raise AssertionError(element.exception.message)
            if what == "button":
                self.buttons[element.button.label] = element.button.id
            elif what == "button_group":
                self._controls[element.button_group.id.split("-", 2)[-1]] = element.button_group.id
        return kind == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN


async def frames(address: str, path: str):
    """The frames of a stage's stream, as bytes of JSON, until the server ends it."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"data: "):
                yield line[6:]
    finally:
        writer.close()
