"""The `v2h` command and its peer: addresses, tokens, a page that dies, and a server that is not a charger's."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.support.answering import BUSY, HEAD, JSON, answering
from tests.support.messages import manager
from tests.support.webapp import WebApp
from v2h.cli import main
from v2h.commands.api import Api

STATE = {"view": {"headline": "All is well"}, "manager": None, "programs": {}}
STREAM = HEAD % b"text/event-stream" + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(state: dict[str, object]) -> bytes:
    """One event of a stream."""
    data = b"data: " + json.dumps(state).encode() + b"\n\n"
    return b"%x\r\n" % len(data) + data + b"\r\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("v2h.commands.status.POLL_S", 0.01)
    monkeypatch.setattr("v2h.commands.api.SILENT_S", 0.2)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("V2H_TOKEN", raising=False)
    monkeypatch.delenv("V2H_HOST", raising=False)


REFUSAL = b'HTTP/1.1 401 NO\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"ok": false, "error": "No."}'
FIRST = chunk({"view": {"headline": "First"}})
SECOND = STREAM + chunk({"view": {"headline": "Second"}}) + b"0\r\n\r\n"


BROKEN = {
    "cut in the middle of a chunk": FIRST + chunk(STATE)[:-30],
    "silent": FIRST,
    "no JSON": FIRST + b"9\r\ndata: no\n\r\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("how", BROKEN)
def test_watch_outlives_a_broken_stream_and_says_it_once(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = STREAM + BROKEN[how]
    with answering([first, BUSY, SECOND, REFUSAL], silent_after=first if how == "silent" else b"") as host:
        assert main(["status", "--watch", "--host", host]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["First", "Second"]
    said = err.splitlines()
    assert said[0] == "v2h status: Full. (trying again)" and said[1].startswith("v2h status: No."), "a refusal ends it"
    assert len(said) == 2


def test_watch_waits_before_it_opens_an_ended_stream_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("v2h.commands.status.time.sleep", waits.append)
    with answering([STREAM + FIRST + b"0\r\n\r\n", SECOND, REFUSAL]) as host:
        assert main(["status", "--watch", "--host", host]) == 1
    assert capsys.readouterr().out.splitlines() == ["First", "Second"]
    assert len(waits) == 2


def test_watch_says_once_that_nobody_is_there_and_waits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr("v2h.commands.status.time.sleep", sleep)
    assert main(["status", "--watch", "--host", "127.0.0.1:1"]) == 0
    out, err = capsys.readouterr()
    assert out == "" and err.count("does not answer") == 1
    assert waits == [0.01] * 5


def test_without_a_free_seat_the_state_is_polled(capsys: pytest.CaptureFixture[str]) -> None:
    state = JSON + json.dumps(STATE).encode()
    with answering([BUSY, state, REFUSAL]) as host:
        assert main(["status", "--watch", "--host", host]) == 1
    out, err = capsys.readouterr()
    assert out == "All is well\n" and "Full." not in err


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["status"], "state"),
        (["settings"], "settings"),
        (["schedule"], "schedule"),
        (["schedule", "preview"], "schedule/preview"),
        (["log"], "log"),
        (["energy"], "energy"),
        (["capture"], "captures"),
        (["capture", "get"], "captures"),
        (["backup", "-"], "backup"),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b'{"view": 1, "settings": "x", "schedule": null, "events": 3, "captures": 1}'])
def test_another_server_than_the_chargers_is_told(
    words: list[str], path: str, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering([JSON + body]) as host:
        assert main([*words, "--host", host]) == 1
    assert f"http://{host} is no V2H charger: /api/v1/{path} has no" in capsys.readouterr().err


@pytest.mark.parametrize(
    "address",
    [
        "",
        "[::1",
        "localhost:abc",
        "localhost:99999",
        "a b",
        "ftp://v2h.local",
        "http://",
        "::1",
        "a\tb",
        "me:x@b",
        "a?b",
    ],
)
def test_what_is_no_address_is_bad_input(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--host", address]) == 2
    assert f"--host {address!r} is no address" in capsys.readouterr().err


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--host", "127.0.0.1:1"]) == 1
    assert "http://127.0.0.1:1 does not answer" in capsys.readouterr().err


def test_the_environment_names_the_charger_and_the_command_line_goes_first(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("V2H_HOST", host)
    assert main(["status"]) == 0
    assert "Charging the car" in capsys.readouterr().out
    assert main(["status", "--host", "127.0.0.1:1"]) == 1
    assert capsys.readouterr().err.endswith("Connection refused\n"), "no hint to name it: it was named"
    monkeypatch.setenv("V2H_HOST", "a b")
    assert main(["status"]) == 2
    assert "V2H_HOST 'a b' is no address" in capsys.readouterr().err


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_name_it_is_this_machine_and_a_failure_says_how_to_name_one(
    given: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if given is not None:
        monkeypatch.setenv("V2H_HOST", given)
    monkeypatch.setattr("v2h.commands.api.HERE", "http://127.0.0.1:1")
    assert main(["status"]) == 1
    assert capsys.readouterr().err.endswith("; name the charger with --host v2h.local, or in V2H_HOST\n")


# Authentication

SECRET = "v2h_geheim"


@pytest.mark.parametrize(
    "content",
    [f"{SECRET}\n# of the kitchen's tablet\n", f"# mine\n{SECRET}", f"{SECRET} x", f"{SECRET}ü", f"{SECRET}\x07"],
)
@pytest.mark.parametrize("place", ["V2H_TOKEN", "file"])
def test_what_is_no_token_is_refused_and_never_shown(
    content: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".config" / "v2h" / "token"
    if place == "file":
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="latin-1")
        path.chmod(0o600)
    else:
        monkeypatch.setenv("V2H_TOKEN", content)
    assert main(["status", "--host", "127.0.0.1:1"]) == 2
    err = capsys.readouterr().err
    assert f"{path if place == 'file' else place} holds no token" in err
    assert SECRET not in err


@pytest.mark.parametrize("token", [None, "v2h_unknown"])
def test_who_is_not_let_in_is_told_where_a_token_comes_from_and_goes(
    token: str | None, host: str, web: WebApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("V2H_TOKEN") if token is None else monkeypatch.setenv("V2H_TOKEN", token)
    assert main(["stop", "--host", host]) == 1
    err = capsys.readouterr().err
    assert "Only the owner may change things" in err if token is None else "unknown or was revoked" in err
    assert f"http://{host}/tokens" in err and "V2H_TOKEN" in err and "~/.config/v2h/token" in err
    assert web.orders == []


def test_a_terminal_without_these_letters_gets_others(host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    web.state.put_manager(manager(why="window “night”"))
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "latin-1"))
    assert main(["status", "--host", host]) == 0
    assert "ndow ?night?" in out.getvalue().decode("latin-1").lower()


# Selftest


def test_selftest_says_who_does_not_answer_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--host", "127.0.0.1:1"]) == 1
    out = capsys.readouterr().out
    assert "programs" in out and "http://127.0.0.1:1 does not answer" in out and "outputs" in out


@pytest.mark.parametrize(
    ("host_word", "token", "code", "says"),
    [
        ("ftp://x", None, 2, "is no address"),
        (None, "two words", 2, "V2H_TOKEN holds no token"),
        (None, "v2h_unknown", 1, "unknown or was revoked"),
    ],
)
def test_selftest_takes_no_mistake_of_the_askers_for_one_of_the_charger(
    host: str, host_word: str | None, token: str | None, code: int, says: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if token is not None:
        monkeypatch.setenv("V2H_TOKEN", token)
    assert main(["selftest", "--host", host_word or host]) == code
    out, err = capsys.readouterr()
    assert out == "" and says in err


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("localhost", True),
        ("http://127.0.0.1:8080", True),
        ("127.3.2.1", True),
        ("192.0.2.7", False),
        ("x" * 64 + ".local", False),
    ],
)
def test_whose_address_it_is(address: str, here: bool) -> None:
    assert Api(address).is_here is here
