"""The web server around the app: who may come in, what a browser may do, what is counted and told, and how it ends."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from app import live
from app.classroom import shared
from app.classroom.store import Store, StoreError
from app.settings import Settings, settings
from app.web import errors, logs, metrics, routes
from app.web.headers import SafeHeaders
from app.web.hosts import KnownHost, known, name_of
from app.web.measure import Measure
from app.web.page import Page
from app.web.sessions import STREAM, Sessions, address_of
from tests.browsing import CHROMIUM, ROOT, free_port, healthy

STOP_SECONDS = 5.0


def app(*added: Route, most: int = 2, proxies: int = 0) -> Starlette:
    """The stack of app.server around these routes."""
    layers = [
        Middleware(SafeHeaders),
        Middleware(Measure),
        Middleware(KnownHost, hosts=()),
        Middleware(Sessions, most=most, proxies=proxies),
        Middleware(Page, ancestors=("'self'", "https://lms.school.org")),
    ]
    return Starlette(routes=[live.route, *routes.routes(), *added], middleware=layers)


STACK = app()


def ask(to, path: str, method: str = "GET", headers=(), query: bytes = b"", kind: str = "http", host="localhost:8501"):
    """What an ASGI app answers: status, headers and body."""
    given = [(b"host", host.encode("latin-1"))] * bool(host) + [(k.lower(), v) for k, v in headers]
    scope = dict(type=kind, path=path, raw_path=path.encode("utf-8", "replace"), query_string=query, headers=given)
    scope |= dict(method=method, client=("10.0.0.7", 1), server=("localhost", 8501), root_path="", http_version="1.1")
    scope |= dict(scheme="http", extensions={"websocket.http.response": {}}, subprotocols=[])
    told = []

    async def receive():
        if kind == "websocket":
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        told.append(message)

    asyncio.run(asyncio.wait_for(to(scope, receive, send), 10))
    status = next(m.get("status", m.get("code")) for m in told if "status" in m or "code" in m)
    found = {k.decode(): v.decode() for m in told for k, v in m.get("headers", ())}
    return status, found, b"".join(m.get("body", b"") for m in told)


# Who may come in


def test_a_server_answers_to_its_own_names_only():
    here = ("localhost", "127.0.0.1:8501", "192.168.1.7:8501", "[::1]:8501", "[2001:db8::1]", "room.localhost")
    assert all(known(name_of(host), ()) for host in here)
    assert not known("evil.example", ()) and not known("127.0.0.1.evil.example", ())
    listed = ("learn.school.org", "*.lab.school.org")
    assert known("learn.school.org", listed) and known("a.lab.school.org", listed) and known("localhost", listed)
    assert not any(known(name, listed) for name in ("lab.school.org", "xlab.school.org", "192.168.1.7"))
    assert [name_of(host) for host in ("", "a b", "x@y", "h:80:90 ", "h:8o", "é.fr", "Learn.School.org.:80")] == [
        *[None] * 6,
        "learn.school.org",
    ]
    for kind in ("http", "websocket"):
        assert ask(STACK, STREAM, kind=kind, host="evil.example")[::2] == (
            421,
            b"This server does not answer to that name; see PLAYGROUND_HOSTS.\n",
        )
        assert ask(STACK, STREAM, kind=kind, host="")[0] == 400
    assert ask(STACK, "/x", headers=[(b"host", b"evil.example")])[0] == 400  # a second one


def test_an_address_keeps_only_so_many_tabs_open_and_may_open_others_once_it_closed_some():
    entered = []

    async def page(scope, receive, send):
        entered.append(asyncio.Event())
        await entered[-1].wait()

    async def visits():
        door = Sessions(page, most=2, proxies=0)
        told = []

        def visit(client):
            scope = dict(type="websocket", path=STREAM, headers=[], client=(client, 1))
            return asyncio.create_task(door(scope, None, lambda message: asyncio.sleep(0, told.append(message))))

        tabs = [visit(client) for client in ("10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.8")]
        await asyncio.sleep(0)
        assert len(entered) == 3 and [m["code"] for m in told] == [1008] and metrics.SESSIONS._value.get() == 3
        entered[0].set()
        await tabs[0]
        tabs.append(visit("10.0.0.7"))
        await asyncio.sleep(0)
        assert len(entered) == 4
        for event in entered:
            event.set()
        await asyncio.gather(*tabs)
        assert not door.open and metrics.SESSIONS._value.get() == 0

    asyncio.run(visits())


def test_an_address_is_what_the_trusted_proxies_saw():
    def seen(client, *lines, proxies=0):
        headers = [(b"x-forwarded-for", line) for line in lines]
        return address_of(dict(type="http", client=client and (client, 1), headers=headers), proxies)

    assert seen("10.0.0.1", b"1.2.3.4") == "10.0.0.1"  # nobody is trusted
    assert seen("10.0.0.1", b"6.6.6.6, 1.2.3.4", proxies=1) == "1.2.3.4"  # the first was made up
    assert seen("10.0.0.1", b"6.6.6.6", b"1.2.3.4, 10.0.0.2", proxies=2) == "1.2.3.4"
    assert seen("10.0.0.1", b"1.2.3.4", proxies=2) == "10.0.0.1"  # it did not come through both
    assert seen("10.0.0.1", b"\xffgarbage", proxies=1) == seen(None) == "unknown"
    assert seen("2001:db8:0:1:aaaa::1") == seen("2001:db8:0:1:bbbb::2") != seen("2001:db8:0:2::1")
    assert seen("::ffff:10.0.0.1") == "10.0.0.1"


# What a browser may do


def test_a_page_runs_its_own_scripts_and_a_file_runs_none():
    shown = "<html><head><script>let a = 1</script></head></html>"
    to = app(
        Route("/page", lambda request: HTMLResponse(shown)),
        Route("/media/x.svg", lambda request: Response("<svg><script>1</script></svg>", media_type="image/svg+xml")),
    )
    accept = [(b"accept", b"text/html,*/*"), (b"accept-encoding", b"gzip")]
    _, headers, body = ask(to, "/page", headers=accept)
    rules = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
    assert b"BACKEND_BASE_URL" in body and int(headers["content-length"]) == len(body)
    assert rules["frame-ancestors"] == "'self' https://lms.school.org" and rules["default-src"] == "'none'"
    assert rules["script-src"].count("'sha256-") == 2 == len(re.findall(b"<script>", body))
    assert "unsafe-inline" not in rules["script-src"] and "unsafe-eval" not in rules["script-src"].split("'")
    for path in ("/page", "/media/x.svg", "/healthz", "/nothing"):  # without Accept: what is no page may do nothing
        _, headers, _ = ask(to, path)
        assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'; sandbox")
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]


# Whatever is sent


TOKENS = some.text(max_size=40) | some.sampled_from(["../../etc/passwd", "%00", "a" * 60_000, "\0", "{x}", "/"])
VALUES = some.binary(max_size=40) | some.sampled_from([b"a" * 60_000, b"\xff"])
NAMES = some.sampled_from([b"accept", b"last-event-id", b"x-forwarded-for", b"content-length", b"cookie", b"range"])
METHODS = some.sampled_from("GET HEAD POST PUT DELETE OPTIONS TRACE BREW".split())


@given(TOKENS, METHODS, TOKENS, some.dictionaries(NAMES, VALUES, max_size=3))
@pytest.mark.fuzz
def test_no_request_to_the_stream_is_more_than_not_found(token, method, query, headers):
    query = query.encode("utf-8", "replace")
    assert ask(STACK, f"/live/{token}", method, headers.items(), query)[0] in (307, 404, 405)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = Store(f"sqlite:///{tmp_path_factory.mktemp('class') / 'classroom.sqlite'}")
    yield opened
    opened.engine.dispose()


@given(some.text(max_size=12), some.text(max_size=60), some.text(max_size=40))
@example("\ud800", "\ud800", "\ud800")  # half a letter, as a damaged address brings it
@example(" bcdfg ", "\0", "")
@pytest.mark.fuzz
def test_no_code_name_or_token_is_more_than_a_sentence(store, code, nickname, token):
    with pytest.raises(StoreError, match=r"\w+.*\.$"):
        store.view(code)
    room = store.create("t", nickname, "forgets").code
    try:
        assert store.student(room, store.join(room, nickname)).seed == 1
        with pytest.raises(StoreError, match=r"join again\.$"):
            store.student(room, token)
    finally:
        store.delete("t", room)


# What is counted and told


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Settings and a store of this test's own."""

    def forget():
        settings.cache_clear()
        shared.store.clear()

    monkeypatch.setenv("CLASSROOM_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(
        routes, "engine", lambda: type("Engine", (), {"warmed": True, "waiting": 0, "training": 0, "restarts": 0})
    )
    forget()
    yield forget
    with contextlib.suppress(StoreError):
        shared.store().engine.dispose()
    forget()


def test_health_says_what_is_missing_and_failures_are_counted(fresh, monkeypatch):
    to = STACK
    assert (ask(to, "/healthz")[0], json.loads(ask(to, "/healthz")[2])["ok"]) == (200, True)
    before = metrics.DATABASE_ERRORS._value.get()
    database = Path(settings().classroom.folder() / "classroom.sqlite")
    shared.store().engine.dispose()
    database.write_bytes(b"no database any more" * 99)
    for rest in ("-wal", "-shm"):
        Path(f"{database}{rest}").unlink(missing_ok=True)
    status, _, body = ask(to, "/healthz")
    assert status == 503 and json.loads(body) == dict(ok=False, database=False, workers=True, stopping=False)
    assert metrics.DATABASE_ERRORS._value.get() > before
    shared.store().engine.dispose()
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@localhost:{free_port()}/none")  # nobody listens there
    fresh()
    assert ask(to, "/healthz")[0] == 503
    monkeypatch.delenv("DATABASE_URL")
    database.unlink()
    fresh()
    assert ask(to, "/healthz")[0] == 200
    monkeypatch.setattr(routes, "engine", lambda: type("Engine", (), {"warmed": False}))
    assert ask(to, "/healthz")[0] == 200  # busy workers are no reason to send visitors away
    assert ask(app(), "/healthz")[0] == 503  # those that never were ready are


def test_metrics_tell_what_happened_and_can_be_turned_off(fresh, monkeypatch):
    def counted(name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", ask(STACK, "/metrics")[2].decode(), re.M)
        return float(found[1]) if found else 0.0

    name = 'playground_requests_total{route="live",status="404"}'
    before = counted(name)
    ask(STACK, "/live/nothing")
    assert counted(name) == before + 1 and counted("playground_threads") >= 1
    if sys.platform == "linux":
        assert counted("process_resident_memory_bytes") > 1e7 and counted("process_open_fds") > 2
    monkeypatch.setenv("PLAYGROUND_METRICS", "off")
    fresh()
    assert ask(STACK, "/metrics")[0] == 404


def test_an_event_is_one_line_with_what_it_is_about(capsys, monkeypatch):
    level, handlers = logging.root.level, logging.root.handlers[:]
    try:
        logs.configure(Settings(log_format="json", log_level="info"))
        log = logging.getLogger("app.test")
        log.debug("too little")
        log.info("run finished", extra={"run": "4f2a", "steps": 1500})
        try:
            raise RuntimeError("two\nlines")
        except RuntimeError:
            log.exception("it failed")
        told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    first, second = told
    assert (first["event"], first["run"], first["steps"], first["level"]) == ("run finished", "4f2a", 1500, "info")
    assert second["error"].startswith("Traceback") and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", second["time"])


def fails():
    from streamlit.error_util import handle_user_script_exception

    from app.web import errors

    try:
        raise RuntimeError("a secret path")
    except RuntimeError as error:
        handle_user_script_exception(error, errors.told)


def test_a_page_that_fails_shows_a_sentence_with_the_reference_of_the_log(caplog):
    before = metrics.PAGE_ERRORS._value.get()
    page = AppTest.from_function(fails).run()
    (shown,) = (error.value for error in page.error)
    (record,) = (record for record in caplog.records if record.name == errors.log.name)
    assert record.reference in shown and record.exc_info and "secret" not in shown and not page.exception
    assert metrics.PAGE_ERRORS._value.get() == before + 1


def test_a_stream_ends_when_the_server_is_told_to_stop(monkeypatch):
    class Moving:
        busy, position = True, 0

        def view(self):
            return []

    async def watched():
        frames = [frame async for frame in live.events(Moving())]
        return frames, stopping.is_set()

    async def both():
        task = asyncio.create_task(watched())
        await asyncio.sleep(0.2)
        assert not task.done()
        stopping.set()
        return await asyncio.wait_for(task, 1)

    stopping = threading.Event()
    monkeypatch.setattr(live, "stopping", stopping)
    assert asyncio.run(both()) == (["retry: 200\n\n"], True)


# A real server


@contextlib.contextmanager
def serving(folder: Path):
    """A server with a process group of its own, ready when this returns: port and process. Killed if it is left."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py", "--server.headless", "true"]
    environment = {**os.environ, "CLASSROOM_DATA": str(folder), "DATABASE_URL": ""}
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        assert healthy(port), (folder / "server.log").read_text()
        yield port, process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def left(group: int) -> list[str]:
    """Processes of a group that are still there."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                found.append((status.parent / "cmdline").read_text().replace("\0", " "))
    return found


def fetch(port: int, path: str, **headers: str):
    request = urllib.request.Request(f"http://localhost:{port}/{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


async def train(port: int):
    """A tab that trains a long run: its socket, and where its stage is streamed."""
    import websockets

    while fetch(port, "healthz")[0] != 200:
        await asyncio.sleep(0.2)
    socket = await websockets.connect(f"ws://localhost:{port}{STREAM}", subprotocols=["streamlit"], max_size=None)
    button = token = ""
    pressed = False
    while not token:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = "playground", "dwell=2000"
        if button and not pressed:
            message.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
            pressed = True
        await socket.send(message.SerializeToString())
        done = False
        while not done:
            data = await socket.recv()
            told = ForwardMsg.FromString(data)
            if told.delta.new_element.button.label == "Run":
                button = told.delta.new_element.button.id
            token = "".join(re.findall(r"/live/([\w-]{22})", data.decode("latin-1"))) or token
            done = (
                told.WhichOneof("type") == "script_finished" and told.script_finished != told.FINISHED_EARLY_FOR_RERUN
            )
        await asyncio.sleep(0.1)
    return socket, token


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads which processes there are from /proc")


@linux
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_however_a_server_ends_no_process_is_left(tmp_path, how):
    websockets = pytest.importorskip("websockets")
    with serving(tmp_path) as (port, process):
        page = fetch(port, "playground", Accept="text/html")
        assert page[0] == 200 and "sha256-" in page[1]["content-security-policy"] and "BACKEND_BASE_URL" in page[2]
        assert fetch(port, "playground", Host="evil.example")[0] == 421
        assert fetch(port, "live/" + "x" * 5000)[0] == 404

        async def visit():
            socket, token = await train(port)
            stage = urllib.request.urlopen(f"http://localhost:{port}/live/{token}")
            counted = fetch(port, "metrics")[2]
            assert "playground_sessions 1.0" in counted and "playground_stage_streams 1.0" in counted
            assert re.search(r'tick_seconds_count\{part="page"\} [1-9]', counted)
            assert len(left(process.pid)) > 1  # the workers
            os.kill(process.pid, how)
            began = time.monotonic()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await asyncio.wait_for(socket.recv(), STOP_SECONDS)
            return began, closed.value, stage

        began, closed, stage = asyncio.run(visit())
        with stage:  # a browser that would go on looking
            process.wait(2 * STOP_SECONDS)
        while left(process.pid) and time.monotonic() < began + 2 * STOP_SECONDS:
            time.sleep(0.05)
        seconds = time.monotonic() - began
        assert not left(process.pid)
        assert seconds < STOP_SECONDS, (tmp_path / "server.log").read_text()
        if how == signal.SIGTERM:
            assert closed.rcvd.code == 1012  # "service restart": the browser comes back
            told = (tmp_path / "server.log").read_text()
            assert '"event": "stopping"' in told and "Traceback" not in told
            assert "without waiting" not in told  # streams ended by themselves


# In a browser


PAGES = ("playground", "learn", "memory", "draw", "compare", "teach", "join")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("class")) as (port, _):
        yield f"http://localhost:{port}"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium, or run `make test`")
def test_no_page_asks_another_server_or_does_what_its_policy_forbids(visit):
    page = visit(f"{PAGES[0]}?tasks=2&dwell=20")
    page.get_by_role("button", name=re.compile("^Run( |$)")).click()
    page.get_by_text("Step 40 / 40 · finished").wait_for()
    page.get_by_text("Explore this run").click()
    page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
    page.get_by_role("tab", name="Paths").click()
    page.locator(".js-plotly-plot canvas").first.wait_for()
    for name in PAGES[1:]:
        page.goto(re.sub(r"/playground.*", f"/{name}", page.url))
        page.get_by_role("heading").first.wait_for()
        page.locator("[data-test-script-state=notRunning]").wait_for()
