"""Matching as the charger, against simulated modems and cars: in order, with losses, with quirks, with a second car."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.support.slacbench import CHARGER_MAC, SlacBench, car
from v2h.ccs.homeplug import (
    BROADCAST,
    GROUPS,
    AttenCharInd,
    AttenCharRsp,
    AttenProfileInd,
    Frame,
    MatchCnf,
    MatchReq,
    Mme,
    ParmCnf,
    ParmReq,
    SetKeyCnf,
    SetKeyReq,
    SoundInd,
    StartAttenCharInd,
    ValidateCnf,
    ValidateReq,
    nid_of,
    pack,
    unpack,
)
from v2h.ccs.slac import Phase, Slac, mean_db
from v2h.ccs.slac_limits import ASSUMED_DB, JOIN_S, LISTEN_S, MOST_CARS, QUIRKS
from v2h.rig.ccs.plcmodem import RESTART_S, Modem
from v2h.rig.ccs.slaccar import Step

CAR, OTHER = bytes.fromhex("020000000e01"), bytes.fromhex("020000000e02")
RUN, OTHER_RUN = bytes(range(8)), bytes(range(8, 16))
KEY = bytes(range(16))


def sent(frames: list[bytes]) -> list[Mme]:
    found = [unpack(frame) for frame in frames]
    return [frame.message for frame in found if frame is not None]


def test_a_car_is_matched_and_both_modems_have_the_key() -> None:
    bench = SlacBench(car())
    bench.start()
    assert bench.run_to(Phase.MATCHED, 5.0) < RESTART_S + 0.25 + 0.5 + 0.1
    assert bench.cars[0].step is Step.MATCHED
    assert bench.slac.car_mac == bench.cars[0].mac
    assert [modem.keys for modem in bench.medium.modems] == [[bench.slac.nmk]] * 2
    assert bench.slac.remarks == []
    bench.slac.joined()
    bench.run(JOIN_S + 1)
    assert bench.slac.phase is Phase.JOINED


def test_the_car_gets_the_mean_of_what_the_modem_reported() -> None:
    assert mean_db([bytes([10] * GROUPS), bytes([13] * GROUPS), bytes([14] * GROUPS)]) == bytes([12] * GROUPS)
    assert mean_db([bytes(GROUPS)]) == bytes([1] * GROUPS), "0 would be a defect for an Ioniq"
    assert mean_db([]) == ASSUMED_DB


@pytest.mark.parametrize(
    ("lose", "remarks"),
    [
        ({(SoundInd.TYPE, 4)}, ["sounds_missing"]),
        ({(AttenCharRsp.TYPE, 0)}, []),
        ({(AttenCharRsp.TYPE, 0), (AttenCharRsp.TYPE, 1), (AttenCharRsp.TYPE, 2)}, []),
        ({(ParmCnf.TYPE, 0)}, []),
        ({(StartAttenCharInd.TYPE, number) for number in range(3)}, []),
        ({(AttenCharInd.TYPE, 0)}, []),
        ({(MatchReq.TYPE, 0)}, []),
        ({(MatchCnf.TYPE, 0)}, []),
    ],
    ids=["sound", "one response", "all responses", "answer", "announcements", "result", "choice", "key"],
)
def test_a_lost_frame_does_not_prevent_the_match(lose: set[tuple[int, int]], remarks: list[str]) -> None:
    bench = SlacBench(car())
    bench.medium.lose = lose
    bench.start()
    bench.run_to(Phase.MATCHED, 5.0)
    bench.run(1.0)
    assert bench.cars[0].step is Step.MATCHED
    assert bench.cars[0].nmk == bench.slac.nmk
    assert bench.slac.remarks == remarks


@pytest.mark.parametrize(
    ("modem", "remark"),
    [(Modem(set_key_failed=True), "set_key_failed"), (Modem(no_attenuation=True), "no_attenuation")],
)
def test_a_quirk_of_the_modem_does_not_prevent_the_match(modem: Modem, remark: str) -> None:
    bench = SlacBench(car(), modems=[modem, Modem()])
    bench.start()
    bench.run_to(Phase.MATCHED, 5.0)
    assert bench.slac.remarks == [remark]
    assert remark in QUIRKS


def test_a_modem_that_never_confirms_the_key_is_asked_three_times() -> None:
    slac = Slac(CHARGER_MAC)
    requests = slac.start(0.0, KEY)
    for now in (0.4, 0.6, 1.0, 1.2, 1.7, 2.0):
        requests += slac.tick(now)
    assert [type(message) for message in sent(requests)] == [SetKeyReq] * 3
    assert (slac.phase, slac.remarks) == (Phase.LISTEN, ["set_key_unanswered"])


def test_a_second_car_in_between_is_not_matched() -> None:
    """It stands at another charger: of its sounds much more is lost here, so it does not choose us."""
    near, far = car(1), car(2)
    bench = SlacBench(near, far, modems=[Modem(), Modem(loss_db=15), Modem(loss_db=70)])
    bench.start()
    bench.run_to(Phase.MATCHED, 5.0)
    bench.run(2.0)
    assert (near.step, far.step) == (Step.MATCHED, Step.FAILED)
    assert bench.slac.car_mac == near.mac
    assert bench.medium.modems[2].keys == []


def test_of_two_cars_that_choose_us_only_the_first_gets_the_key() -> None:
    one, two = car(1), car(2)
    bench = SlacBench(one, two)
    bench.start()
    bench.run_to(Phase.MATCHED, 5.0)
    bench.run(5.0)
    assert sorted([one.step.name, two.step.name]) == ["FAILED", "MATCHED"]
    loser = one if one.step is Step.FAILED else two
    assert loser.nmk == b""


def test_every_start_has_a_new_key_and_a_known_one_is_refused() -> None:
    bench = SlacBench(car(1, 1))
    bench.start(1)
    bench.run_to(Phase.MATCHED, 5.0)
    bench.slac.stop()
    bench.cars = [car(1, 2)]
    bench.run(1.0)
    assert bench.cars[0].step is Step.ASK, "between two plug-ins nobody is answered"
    with pytest.raises(ValueError, match="differ from the last"):
        bench.start(1)
    bench.start(2)
    bench.run_to(Phase.MATCHED, 5.0)
    assert bench.medium.modems[0].keys == [bytes([1] * 16), bytes([2] * 16)]
    assert bench.cars[0].nmk == bytes([2] * 16)


def test_the_matched_car_that_begins_again_needs_a_new_start() -> None:
    bench = SlacBench(car(1, 1))
    bench.start(1)
    bench.run_to(Phase.MATCHED, 5.0)
    bench.run(RESTART_S + 0.1)
    bench.cars = [car(1, 2)]
    assert bench.run_to(Phase.FAILED, 1.0) < 0.1
    assert bench.slac.failure == "the matched car began to match again"


def test_without_a_car_matching_fails_after_its_time() -> None:
    bench = SlacBench()
    bench.start()
    assert bench.run_to(Phase.FAILED, LISTEN_S + 5) == pytest.approx(LISTEN_S, abs=0.1)
    assert bench.slac.failure == "no car has matched within 40 s"


def test_a_car_that_does_not_join_is_reported() -> None:
    bench = SlacBench(car())
    bench.start()
    bench.run_to(Phase.MATCHED, 5.0)
    assert bench.run_to(Phase.FAILED, JOIN_S + 5) == pytest.approx(JOIN_S, abs=0.1)


# Single frames.


def listening() -> Slac:
    slac = Slac(CHARGER_MAC)
    slac.start(0.0, KEY)
    slac.take(0.1, pack(Frame(CHARGER_MAC, bytes(6), SetKeyCnf(0))))
    return slac


def parm(mac: bytes = CAR, run_id: bytes = RUN) -> bytes:
    return pack(Frame(BROADCAST, mac, ParmReq(0, 0, run_id)))


def chosen() -> Slac:
    """A charger that has told CAR its result."""
    slac = listening()
    slac.take(0.2, parm())
    slac.take(0.3, pack(Frame(BROADCAST, CAR, SoundInd(0, 0, bytes(17), 0, RUN))))
    assert [type(message) for message in sent(slac.tick(0.95))] == [AttenCharInd]
    return slac


CHOICE = MatchReq(0, 0, 0x3E, bytes(17), CAR, bytes(17), CHARGER_MAC, RUN, bytes(8))


def test_the_answer_echoes_the_run_id_and_the_address() -> None:
    (answer,) = listening().take(0.2, parm())
    frame = unpack(answer)
    assert frame is not None and frame.destination == CAR and frame.source == CHARGER_MAC
    assert frame.message == ParmCnf(BROADCAST, 10, 6, 1, CAR, 0, 0, RUN)


def test_the_key_comes_with_the_id_of_its_network() -> None:
    (answer,) = sent(chosen().take(1.0, pack(Frame(CHARGER_MAC, CAR, CHOICE))))
    assert isinstance(answer, MatchCnf)
    assert (answer.nmk, answer.nid, answer.run_id, answer.length) == (KEY, nid_of(KEY), RUN, 0x56)


@pytest.mark.parametrize(
    "choice",
    [
        Frame(CHARGER_MAC, CAR, replace(CHOICE, run_id=OTHER_RUN)),
        Frame(CHARGER_MAC, CAR, replace(CHOICE, charger=OTHER)),
        Frame(CHARGER_MAC, OTHER, CHOICE),
        Frame(OTHER, CAR, CHOICE),
    ],
    ids=["another run", "another charger", "another car", "to another charger"],
)
def test_a_choice_that_does_not_fit_gets_no_key(choice: Frame) -> None:
    slac = chosen()
    assert slac.take(1.0, pack(choice)) == []
    assert slac.phase is Phase.LISTEN


def test_a_car_cannot_choose_before_it_has_the_result() -> None:
    slac = listening()
    slac.take(0.2, parm())
    assert slac.take(0.3, pack(Frame(CHARGER_MAC, CAR, CHOICE))) == []


def test_after_the_match_nobody_else_is_answered_and_the_car_gets_the_same_key_again() -> None:
    slac = chosen()
    first = slac.take(1.0, pack(Frame(CHARGER_MAC, CAR, CHOICE)))
    assert slac.take(1.1, parm(OTHER, OTHER_RUN)) == []
    assert slac.take(1.2, pack(Frame(CHARGER_MAC, CAR, CHOICE))) == first
    slac.stop()
    assert slac.take(1.3, pack(Frame(CHARGER_MAC, CAR, CHOICE))) == []


def test_only_some_cars_are_served_at_a_time() -> None:
    slac = listening()
    cars = [bytes([2, 0, 0, 0, 0, number]) for number in range(MOST_CARS + 1)]
    assert [len(slac.take(0.2, parm(each))) for each in cars] == [1] * MOST_CARS + [0]
    assert len(slac.take(0.3, parm(cars[0], OTHER_RUN))) == 1, "a car that begins again is served"
    slac.tick(11.0)
    assert len(slac.take(11.1, parm(cars[-1]))) == 1, "cars that went silent are forgotten"


def test_validation_is_not_required() -> None:
    slac = listening()
    ask = pack(Frame(CHARGER_MAC, CAR, ValidateReq(0, 0, 1)))
    assert slac.take(0.2, ask) == [], "not from a car that does not match"
    slac.take(0.3, parm())
    assert sent(slac.take(0.4, ask)) == [ValidateCnf(0, 0, 4)]


@pytest.mark.parametrize("data", [b"", bytes(13), bytes(60), parm()[:20], b"\xff" * 2000])
def test_other_frames_are_ignored(data: bytes) -> None:
    assert listening().take(0.2, data) == []


def test_a_car_that_sounds_without_end_gets_its_result() -> None:
    slac = listening()
    slac.take(0.2, parm())
    for left in range(300):
        slac.take(0.3, pack(Frame(BROADCAST, CAR, SoundInd(0, 0, bytes(17), left % 256, RUN))))
    (result,) = sent(slac.tick(0.95))
    assert isinstance(result, AttenCharInd) and result.sounds == 255


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_line_carries_at_most_one_car_gets_a_key(seed: int) -> None:
    """Frames of two cars and a modem in any order, many of them broken."""
    chance, slac, now = Random(seed), listening(), 0.2
    messages: list[Mme] = [SetKeyCnf(1), AttenProfileInd(CAR, GROUPS, 0, bytes(GROUPS)), ValidateReq(0, 0, 1)]
    messages += [AttenProfileInd(OTHER, GROUPS, 0, bytes(GROUPS)), AttenProfileInd(CAR, 200, 0, bytes(GROUPS))]
    for mac, run_id in ((CAR, RUN), (OTHER, OTHER_RUN)):
        messages += [ParmReq(0, 0, run_id), SoundInd(0, 0, bytes(17), 3, run_id)]
        messages += [StartAttenCharInd(0, 0, sounds, 6, 1, mac, run_id) for sounds in (0, 10, 255)]
        messages += [AttenCharRsp(0, 0, mac, run_id, bytes(17), bytes(17), 0)]
        messages += [MatchReq(0, 0, 0x3E, bytes(17), mac, bytes(17), CHARGER_MAC, run_id, bytes(8))]
    matched: set[bytes] = set()
    for _ in range(3000):
        now += chance.choice((0.0, 0.01, 0.05, 0.3))
        data = bytearray(
            pack(Frame(chance.choice((CHARGER_MAC, BROADCAST)), chance.choice((CAR, OTHER)), chance.choice(messages)))
        )
        if chance.random() < 0.2:
            data[chance.randrange(len(data))] = chance.randrange(256)
        answers = slac.take(now, bytes(data)) + slac.tick(now)
        frames = [frame for frame in map(unpack, answers) if frame is not None]
        matched |= {frame.destination for frame in frames if isinstance(frame.message, MatchCnf)}
        if slac.phase is Phase.FAILED:
            slac.start(now, chance.randbytes(16))
            matched.clear()
        assert len(matched) <= 1


def test_the_page_names_every_quirk() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ccs.md").read_text(encoding="utf-8")
    assert [quirk for quirk in QUIRKS if f"| `{quirk}` |" not in page] == []
