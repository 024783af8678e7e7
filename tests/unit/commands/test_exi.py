"""`v2h exi` as a person or a script uses it."""

import io
import json

import pytest

from tests.support.ccsvectors import all_vectors, session
from v2h.ccs.exi import DIN, HANDSHAKE, ISO2
from v2h.cli import main

Capsys = pytest.CaptureFixture[str]


def answers(monkeypatch: pytest.MonkeyPatch, capsys: Capsys, text: str, *words: str) -> list[dict[str, object]]:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["exi", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_decodes_a_session_without_the_header(monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    asked = [{"ns": vector.namespace, "hex": vector.data.hex()} for vector in session("din")]
    found = answers(monkeypatch, capsys, lines(asked))
    assert [(row["ns"], row["hex"]) for row in found] == [(row["ns"], row["hex"]) for row in asked]
    assert [row["message"] for row in found] == [
        vector.document.get("V2G_Message", {}).get("Body", vector.document)  # type: ignore[attr-defined]
        for vector in session("din")
    ]
    assert "session" not in found[0] and found[3]["session"] == "C96F26D73B2CABC2"


def test_encodes_what_it_has_decoded(monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    asked = [{"ns": vector.namespace, "hex": vector.data.hex()} for vector in all_vectors()]
    found = answers(monkeypatch, capsys, lines(asked))
    without = [{name: value for name, value in row.items() if name != "hex"} for row in found]
    again = answers(monkeypatch, capsys, lines(without), "--encode")
    assert [row["hex"] for row in again] == [row["hex"] for row in asked]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "not JSON: "),
        ("[" * 100_000, "not JSON: "),
        ("[1]", "[1] is not a JSON object"),
        ("{}", '"ns" is None; a text is expected'),
        (json.dumps({"ns": ISO2}), '"hex" is None; a text is expected'),
        (json.dumps({"ns": ISO2, "hex": "8"}), "hex is '8'; an even number of hexadecimal digits is expected"),
        (json.dumps({"ns": "urn:x", "hex": "80"}), "namespace 'urn:x'; known are"),
        (json.dumps({"ns": ISO2, "hex": "8098"}), "Header: the message ends in the middle"),
    ],
)
def test_a_line_that_cannot_be_decoded_is_answered_in_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys, line: str, what: str
) -> None:
    good = json.dumps({"ns": HANDSHAKE, "hex": "80400040"})
    first, second = answers(monkeypatch, capsys, f"{line}\n\n{good}\n")
    assert str(first["error"]).startswith(what) and "message" not in first
    assert second["message"] == {"supportedAppProtocolRes": {"ResponseCode": "OK_SuccessfulNegotiation", "SchemaID": 1}}


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"message": {}}, '"message" must be an object with one name'),
        ({"message": {"SessionStopReq": {}}}, "SessionStopReq has no session id"),
        ({"message": {"SessionStopReq": {}}, "session": "x"}, "session is 'x'; up to 16"),
        ({"message": {"SessionStopReq": {}}, "session": 1}, '"session" is 1; a text is expected'),
        ({"message": {"SessionStopReq": 1}, "session": "00"}, "Body.SessionStopReq: 1 is not an object with fields"),
        ({"message": {"Stop": {}}, "session": "00"}, "Body: Stop: not allowed here"),
    ],
)
def test_a_line_that_cannot_be_encoded_is_answered_in_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys, row: dict[str, object], what: str
) -> None:
    (found,) = answers(monkeypatch, capsys, lines([{"ns": DIN, **row}]), "--encode")
    assert str(found["error"]).startswith(what) and "hex" not in found


def test_a_zero_byte_too_many_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    (found,) = answers(monkeypatch, capsys, lines([{"ns": DIN, "hex": "809a02004080c1014181c210b800"}]))
    assert found["trailing_zero"] is True and found["message"] == {"ContractAuthenticationReq": {}}
