"""The EXI codec against messages of a foreign encoder, with values that do not fit, and with broken messages."""

import pytest

from tests.support.ccsmutants import judge_mutants
from tests.support.ccsvectors import Vector, differences, generated, session
from v2h.ccs import din, iso2
from v2h.ccs.bits import ExiError
from v2h.ccs.exi import DIN, HANDSHAKE, ISO2, LONGEST_B, Message, decode, encode
from v2h.ccs.grammar import build

SESSION = bytes.fromhex("C96F26D73B2CABC2")
STATUS = {"EVReady": True, "EVErrorCode": "NO_ERROR", "EVRESSSOC": 55}
CABLE_CHECK = Message("CableCheckReq", SESSION, {"DC_EVStatus": STATUS})


def document(vector: Vector) -> dict[str, object]:
    """What we decode, in the shape of the vectors."""
    message = decode(vector.namespace, vector.data)
    if message.session is None:
        return {message.name: message.fields}
    header: dict[str, object] = {"SessionID": message.session.hex().upper()}
    if message.notification is not None:
        header["Notification"] = message.notification
    return {"V2G_Message": {"Header": header, "Body": {message.name: message.fields}}}


@pytest.mark.parametrize("dialect", ["din", "iso2"])
def test_a_whole_session_decodes_to_its_values_and_encodes_to_its_bytes(dialect: str) -> None:
    for vector in session(dialect):
        assert list(differences(document(vector), vector.document)) == []
        assert encode(vector.namespace, decode(vector.namespace, vector.data)) == vector.data


def test_random_messages_decode_to_their_values_and_encode_to_their_bytes() -> None:
    assert len(generated()) == 1560
    for vector in generated():
        assert list(differences(document(vector), vector.document)) == []
        assert encode(vector.namespace, decode(vector.namespace, vector.data)) == vector.data


def test_the_comparison_with_the_vectors_can_fail() -> None:
    assert list(differences({"a": 1}, {"a": ["1"]})) == []
    assert list(differences({"a": True}, {"a": ["true"]})) == []
    assert list(differences({"a": 1}, {"a": ["2"]})) == [".a: 1, not '2'"]
    assert list(differences({"a": 1}, {"a": True})) == [".a: 1, not True"]
    assert list(differences({"a": 1}, {"a": 1, "b": {}})) == [".b: None, not {}"]


def test_one_zero_byte_after_the_message_is_reported_and_more_are_refused() -> None:
    """A Tesla's ContractAuthenticationReq ends with one byte too many."""
    sent = bytes.fromhex("809a02004080c1014181c210b800")
    message = decode(DIN, sent)
    assert (message.name, message.trailing_zero) == ("ContractAuthenticationReq", True)
    assert encode(DIN, message) == sent[:-1]
    assert decode(DIN, sent[:-1]) == message and not decode(DIN, sent[:-1]).trailing_zero
    with pytest.raises(ExiError, match="2 bytes follow the end"):
        decode(DIN, sent + b"\0")
    with pytest.raises(ExiError, match="1 bytes follow the end"):
        decode(DIN, sent[:-1] + b"\1")


def test_a_repeated_string_is_understood() -> None:
    """Both dialects switch string tables off. A peer with EXI's defaults sends the second string as a reference."""
    one = {"VersionNumberMajor": 2, "VersionNumberMinor": 0, "SchemaID": 1, "Priority": 1, "ProtocolNamespace": "ab"}
    twice = Message("supportedAppProtocolReq", None, {"AppProtocol": [one, one]})
    bits = "".join(f"{byte:08b}" for byte in encode(HANDSHAKE, twice))
    literal = "".join(f"{byte:08b}" for byte in (4, ord("a"), ord("b")))
    assert bits.count(literal) == 2
    first, second, third = bits.split(literal)
    local = (first + literal + second + "00000000" + third).rstrip("0")
    padded = local + "0" * (-len(local) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8, "big")
    assert decode(HANDSHAKE, data) == twice


@pytest.mark.parametrize(
    ("namespace", "sent", "what"),
    [
        (ISO2, "", "the message ends in the middle"),
        (ISO2, "8098", "the message ends in the middle"),
        (ISO2, "24455849", "the first byte is 0x24"),
        (ISO2, "809a00", "global element 77"),
        (DIN, "80" * (LONGEST_B + 1), "2049 bytes; at most 2048"),
        ("urn:iso:std:iso:15118:-20:DC", "8000", "namespace 'urn:iso:std:iso:15118:-20:DC'; known are"),
        (DIN, "809a1000", "Header.SessionID: 64 bytes; at most 8 are allowed"),
    ],
)
def test_a_broken_message_is_refused_with_place_and_reason(namespace: str, sent: str, what: str) -> None:
    with pytest.raises(ExiError) as refused:
        decode(namespace, bytes.fromhex(sent))
    assert what in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({}, "Body.CableCheckReq: DC_EVStatus is missing"),
        ({"DC_EVStatus": STATUS, "Extra": 1}, "Body.CableCheckReq: Extra: not allowed here"),
        ({"DC_EVStatus": {**STATUS, "EVRESSSOC": 101}}, "DC_EVStatus.EVRESSSOC: 101 is outside 0 to 100"),
        ({"DC_EVStatus": {**STATUS, "EVRESSSOC": True}}, "EVRESSSOC: True is not a whole number (0 to 100)"),
        ({"DC_EVStatus": {**STATUS, "EVRESSSOC": 1.0}}, "EVRESSSOC: 1.0 is not a whole number (0 to 100)"),
        ({"DC_EVStatus": {**STATUS, "EVReady": 1}}, "EVReady: 1 is not true or false"),
        ({"DC_EVStatus": {**STATUS, "EVErrorCode": "NONE"}}, "EVErrorCode: 'NONE' is not one of NO_ERROR, FAILED_"),
        ({"DC_EVStatus": []}, "DC_EVStatus: [] is not an object with fields"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_place_and_range(fields: dict[str, object], what: str) -> None:
    with pytest.raises(ExiError) as refused:
        encode(ISO2, Message("CableCheckReq", SESSION, fields))
    assert what in str(refused.value)


@pytest.mark.parametrize(
    ("namespace", "message", "what"),
    [
        (ISO2, Message("CableCheckReq", None, {}), "CableCheckReq has no session id"),
        (ISO2, Message("CableCheckReq", bytes(9), {}), "Header.SessionID: 9 bytes; at most 8 are allowed"),
        (ISO2, Message("SessionSetupReq", SESSION, {"EVCCID": "0x"}), "EVCCID: '0x' is not an even number of"),
        (ISO2, Message("PaymentDetailsReq", SESSION, {}), "Body.PaymentDetailsReq: not supported"),
        (ISO2, Message("ContractAuthenticationReq", SESSION, {}), "Body: ContractAuthenticationReq: not allowed here"),
        (HANDSHAKE, Message("SessionSetupReq", None, {}), "'SessionSetupReq' is no message of urn:iso:15118:2:2010"),
        (HANDSHAKE, Message("supportedAppProtocolReq", None, {"AppProtocol": []}), "[] is not a list of 1 to 20"),
    ],
)
def test_a_message_that_is_none_of_the_dialect_is_refused(namespace: str, message: Message, what: str) -> None:
    with pytest.raises(ExiError) as refused:
        encode(namespace, message)
    assert what in str(refused.value)


def test_a_text_without_a_code_point_of_its_own_is_refused() -> None:
    answer = {"ResponseCode": "OK_NewSessionEstablished", "EVSEID": "\ud800"}
    with pytest.raises(ExiError, match="is not a text"):
        encode(ISO2, Message("SessionSetupRes", SESSION, answer))
    with pytest.raises(ExiError, match="38 characters; at most 37"):
        encode(ISO2, Message("SessionSetupRes", SESSION, {**answer, "EVSEID": "Z" * 38}))


@pytest.mark.parametrize("dialect", [din, iso2])
def test_every_line_of_a_table_is_reached_and_complete(dialect: object) -> None:
    types, enums = dialect.TYPES, dialect.ENUMS  # type: ignore[attr-defined]
    build(types, enums, "V2G_Message")
    used = " ".join(types.values())
    for name in types.keys() - {"V2G_Message"}:
        assert name in used or name.removesuffix("Type") in used, name
    for name in enums:
        assert name in used, name


def test_an_error_in_a_table_is_named() -> None:
    with pytest.raises(ValueError, match="no type 'BType'"):
        build({"A": "B"}, {}, "A")
    with pytest.raises(ValueError, match="which is not name:kind"):
        build({"A": "B:C:D[x]"}, {}, "A")


def test_mutants_raise_only_the_codecs_own_exception() -> None:
    accepted, _ = judge_mutants(2000, seed=20)  # `python -m tests.support.ccsmutants 100000` has more and measures
    assert 50 < accepted < 1950, "the mutants are neither all broken nor all harmless"
