"""`v2h cable calibrate` against the application: it orders, waits, and says what came out."""

import json

import pytest

from tests.support.webapp import WebApp
from v2h.bus.messages import Reply
from v2h.bus.sentences import say
from v2h.cli import main
from v2h.commands import cable

KEPT = say("calibration.kept", said="The cable is calibrated.")
FAILED = say("calibration.said", said="The cable is not calibrated: no car.")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cable, "LOOK_S", 0.01)


def ends_with(web: WebApp, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The order is taken, and the result is there at the first look after it."""
    web.reply = Reply("1", True, "it begins")
    send = web.send

    def sent(name: str, values: object) -> Reply | None:
        web.state.put_calibration(9.0, text)  # type: ignore[arg-type]
        web.state._document_t = float("-inf")
        return send(name, values)  # type: ignore[arg-type]

    monkeypatch.setattr(web, "send", sent)


def test_a_result_that_was_kept(
    host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(web, monkeypatch, KEPT)
    assert main(["cable", "calibrate", "--host", host]) == 0
    assert capsys.readouterr().out == f"it begins\n{KEPT}\n"
    assert web.orders == [("calibrate", {})]


def test_as_json(host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ends_with(web, monkeypatch, KEPT)
    assert main(["cable", "calibrate", "--json", "--host", host]) == 0
    assert json.loads(capsys.readouterr().out) == {"t": 9.0, "kept": True, "text": str(KEPT)}


def test_a_result_that_is_none(
    host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(web, monkeypatch, FAILED)
    assert main(["cable", "calibrate", "--host", host]) == 1
    assert "no car" in capsys.readouterr().err


@pytest.mark.slow
def test_an_older_result_is_not_taken_for_this_ones(
    host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    web.state.put_calibration(3.0, KEPT)
    web.reply = Reply("1", True, "it begins")
    monkeypatch.setattr(cable, "LONGEST_S", 0.2)
    assert main(["cable", "calibrate", "--host", host]) == 1
    assert "no result within" in capsys.readouterr().err


def test_a_refusal(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    web.reply = Reply("1", False, "The cable is not calibrated: K is on.")
    assert main(["cable", "calibrate", "--host", host]) == 1
    assert capsys.readouterr().err == "v2h cable: The cable is not calibrated: K is on.\n"
