"""Events to a real web server on loopback: which leave the house, how many, and what a bad receiver changes."""

import http.server
import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from v2h.bus.messages import Event
from v2h.config.neighbours import Notices
from v2h.gateway.shell import webhook
from v2h.gateway.shell.webhook import Webhook, WebhookError

Receiver = tuple[str, "queue.Queue[tuple[str, Any]]"]


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    """The address, and what came there: (authorization, JSON). The parameter is the status that it answers."""
    came: queue.Queue[tuple[str, Any]] = queue.Queue()
    status = getattr(request, "param", 200)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.put((self.headers.get("Authorization", ""), json.loads(body)))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def made(receiver: Receiver) -> Iterator[Callable[..., tuple[Webhook, "queue.Queue[str]"]]]:
    """Makes a webhook, and a queue of what it says."""
    hooks = []

    def make(**keys: Any) -> tuple[Webhook, "queue.Queue[str]"]:
        said: queue.Queue[str] = queue.Queue()
        hooks.append(Webhook(Notices(**{"webhook": receiver[0], **keys}), "Garage", lambda about, text: said.put(text)))
        return hooks[-1], said

    yield make
    for hook in hooks:
        hook.close()


def event(level: str, number: int = 0) -> Event:
    return Event(0.0, level, f"code-{number}", "Something happened", "charger")


def test_from_the_level_up_with_the_token(receiver: Receiver, made: Any) -> None:
    hook, said = made(token="abc", level="warning")
    for level in ("info", "warning", "fault"):
        hook.notice(event(level), "2026-11-22T12:00:00+00:00", 0.0)
    assert [receiver[1].get(timeout=10) for _ in range(2)] == [
        ("Bearer abc", {
            "site": "Garage", "at": "2026-11-22T12:00:00+00:00", "level": level, "code": "code-0",
            "text": "Something happened", "source": "charger", "left_out": 0,
        })
        for level in ("warning", "fault")
    ]  # fmt: skip
    assert said.get(timeout=10) == ""


def test_a_flood_is_cut_and_what_was_left_out_is_counted(receiver: Receiver, made: Any) -> None:
    hook, _ = made()
    for number in range(50):
        hook.notice(event("fault", number), "", 0.0)
    found = [receiver[1].get(timeout=10)[1]["code"] for _ in range(10)]
    assert found == [f"code-{number}" for number in range(10)]
    hook.notice(event("fault", 99), "", 400.0)
    assert receiver[1].get(timeout=10)[1]["left_out"] == 40


def test_many_small_events_hide_no_fault(receiver: Receiver, made: Any) -> None:
    hook, _ = made(level="info")
    for level in ("info", "warning"):
        for number in range(50):
            hook.notice(event(level, number), "", 0.0)
    hook.notice(event("fault", 99), "", 0.0)
    found = [receiver[1].get(timeout=10)[1] for _ in range(21)]
    assert [row["level"] for row in found] == ["info"] * 10 + ["warning"] * 10 + ["fault"]


def test_the_steps_of_a_session_do_not_hide_its_end(receiver: Receiver, made: Any) -> None:
    """A start has a dozen states with the same sentence, which is sent once. A fault is sent each time it happens."""
    hook, _ = made(level="info")
    for code, text, times in (
        ("session-state", "starting", 12), ("session-state", "energy may flow", 1), ("stop", "stop by web", 1),
        ("session-state", "stopped", 6), ("session-state", "starting", 12),
    ):  # fmt: skip
        for _ in range(times):
            hook.notice(Event(0.0, "info", code, text, "charger"), "", 0.0)
    for _ in range(2):
        hook.notice(Event(0.0, "fault", "tripped", "making safe", "guard"), "", 0.0)
    told = [receiver[1].get(timeout=10)[1] for _ in range(7)]
    assert [row["text"] for row in told] == [
        "starting", "energy may flow", "stop by web", "stopped", "starting", "making safe", "making safe",
    ]  # fmt: skip
    assert {row["left_out"] for row in told} == {0}


@pytest.mark.parametrize("receiver", [500, 302], indirect=True)
def test_a_refusal_is_tried_again_and_a_redirection_is_not_followed(
    receiver: Receiver, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "WAITS_S", (0.0, 0.0))
    hook, said = made()
    hook.notice(event("fault"), "", 0.0)
    told = {said.get(timeout=10) for _ in range(3)}
    assert len(told) == 1 and told < {"the answer is 500", "the answer is 302"}
    assert receiver[1].qsize() == 3


def test_nobody_there_and_no_web_address(made: Any) -> None:
    hook, said = made(webhook="http://127.0.0.1:9/secret-path")
    hook.notice(event("fault"), "", 0.0)
    why = said.get(timeout=10)
    assert why.startswith("no answer") and "secret-path" not in why
    for address in ("file:///etc/passwd", "ftp://x/", "nonsense"):
        with pytest.raises(WebhookError):
            made(webhook=address)
