"""A recorded CCS car against our message machine."""

from pathlib import Path

import pytest

from v2h.capture.replay_v2g import CHECK_S, replay_v2g
from v2h.capture.v2g import Conversation, V2gFrame, read_conversation

DIN = Path(__file__).resolve().parents[2] / "data/ccs/din.pcap"


def recorded() -> list[V2gFrame]:
    return read_conversation(DIN).frames


def replayed(frames: list[V2gFrame]) -> tuple[dict[str, str], str, bool]:
    """Request -> the last code of our answer, why the session was over, whether that was in order."""
    result = replay_v2g(Conversation(frames, [], []))
    return {row.name: row.code for row in result.sessions[-1]}, result.reasons[-1], result.ended


def test_a_good_session_ends_in_order() -> None:
    [session] = replay_v2g(Conversation(recorded(), [], [])).sessions
    codes = {row.name: (row.code, row.recorded) for row in session}
    assert codes["supportedAppProtocolReq"] == ("OK_SuccessfulNegotiation",) * 2
    assert codes["SessionSetupReq"] == ("OK_NewSessionEstablished",) * 2
    assert {code for name, code in codes.items() if name not in ("supportedAppProtocolReq", "SessionSetupReq")} == {
        ("OK", "OK")
    }
    times = {row.name: row.times for row in session}
    assert times["CableCheckReq"] > 2, "the recorded car asked twice; it repeats until the check is finished"
    assert (times["PreChargeReq"], times["CurrentDemandReq"], times["WeldingDetectionReq"]) == (1, 5, 4)
    check = next(row for row in session if row.name == "CableCheckReq")
    before = next(row for row in session if row.name == "ChargeParameterDiscoveryReq")
    assert CHECK_S <= check.t - before.t < CHECK_S + 0.3
    assert replayed(recorded())[1:] == ("the car has ended the session", True)


@pytest.mark.parametrize("left_out", ["ServiceDiscoveryReq", "PreChargeReq", "CableCheckReq"])
def test_a_request_in_the_wrong_order_is_refused_and_nothing_follows(left_out: str) -> None:
    frames = [frame for frame in recorded() if frame.name != left_out]
    codes, reason, ended = replayed(frames)
    assert list(codes.values())[-1] == "FAILED_SequenceError" and "FAILED_SequenceError" in reason and not ended
    assert "SessionStopReq" not in codes


def test_a_foreign_session_is_refused() -> None:
    frames = [
        frame._replace(session="0102030405060799") if frame.name == "CableCheckReq" else frame for frame in recorded()
    ]
    codes, _, ended = replayed(frames)
    assert codes["CableCheckReq"] == "FAILED_UnknownSession" and not ended


def test_a_recording_that_is_cut_and_one_with_two_sessions() -> None:
    cut = recorded()[:20]
    result = replay_v2g(Conversation(cut + recorded(), [], []))
    assert result.reasons == ["", "the car has ended the session"] and not result.ended
    assert len(result.sessions) == 2


def test_a_recording_without_the_beginning_of_a_session() -> None:
    frames = [frame for frame in recorded() if frame.name != "supportedAppProtocolReq"]
    with pytest.raises(ValueError, match="beginning of a session"):
        replay_v2g(Conversation(frames, [], []))
