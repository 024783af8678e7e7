"""A program of this machine sends frames as the car and as the converter in the middle of a session: nobody obeys it.

The kernel marks such frames; the rig's own come from the other ends of the vxcan pairs and carry no mark, as those of a
real car. Without the check in ports/can.py the first forged frame ends the session by a fault.
"""

from collections.abc import Iterator

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.truth import BARE, rig
from v2h.pre import objects as pre

OVERVOLTAGE_102 = bytes((2, 0x9A, 0x01, 10, 0x01, 0x01, 50, 0))
"""The car's 0x102 in a session, with the bit "battery overvoltage"."""
TOO_MUCH_2108 = pre.read_answer(pre.AMPS, (250).to_bytes(2, "little"))
SET_210A = pre.read_answer(pre.SET_AMPS, (160).to_bytes(2, "little"))
"""The converter's answers: it measures 25 A, and it was ordered 16 A."""
TIMES = 100
SEND = """
import socket, struct, sys, time
node = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
node.bind((sys.argv[1],))
for _ in range(int(sys.argv[4])):
    data = bytes.fromhex(sys.argv[3])
    node.send(struct.pack("=IB3x8s", int(sys.argv[2], 16), len(data), data))
    time.sleep(0.02)
"""


@pytest.fixture
def owner(remade: Guest) -> Iterator[Owner]:
    person = Owner(remade)
    person.to_idle()
    rig(remade, soc="50")
    yield person
    person.to_idle()


def test_nobody_obeys_a_local_102_and_a_local_210a(remade: Guest, owner: Owner) -> None:
    owner.start_energy("charge", amps=5)
    before = rig(remade)["violations"]
    known = {event["id"] for event in owner.events()}
    forged = (
        ("can1", 0x102, OVERVOLTAGE_102),
        ("can0", pre.ANSWER_ID, TOO_MUCH_2108),
        ("can0", pre.ANSWER_ID, SET_210A),
    )
    for interface, can_id, data in forged:
        remade.out(f"{BARE} '{SEND}' {interface} {can_id:x} {data.hex()} {TIMES}")
        assert owner.charger()["state"] == "energy", f"{can_id:x}#{data.hex()}"
    remade.sleep(2)
    events = [event for event in owner.events() if event["id"] not in known]
    said = sorted(event["text"] for event in events if event["code"] == "can-forged")
    assert len(said) == 3, "charger says it once for each bus, guard for the converter's"
    assert [event for event in events if event["level"] == "fault"] == []
    assert rig(remade)["violations"] == before and owner.charger()["state"] == "energy"
