"""The converter's client against an SDO server that is not ours: the one of the canopen library."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import can
import canopen
import pytest
from canopen import objectdictionary as od

from v2h.pre import objects as pre
from v2h.pre.client import CYCLE_S, Phase, PreClient

TYPES = {
    (0, False, 4): od.VISIBLE_STRING,
    (1, False, 2): od.UNSIGNED16,
    (10, False, 2): od.UNSIGNED16,
    (10, True, 2): od.INTEGER16,
    (1, False, 4): od.UNSIGNED32,
}
TEXT = {"device_name": "VG6 ", "hardware_version": "4.00", "software_version": "3.02"}


def dictionary(without: tuple[pre.Entry, ...] = ()) -> od.ObjectDictionary:
    """The converter's objects as an object dictionary of the canopen library."""
    result = od.ObjectDictionary()
    for entry in pre.DICTIONARY.values():
        if entry in without:
            continue
        variable = od.ODVariable(entry.name, entry.index, entry.sub)
        variable.data_type = TYPES[entry.per_unit, entry.signed, entry.size]
        variable.access_type = "rw" if entry.writable else "ro"
        variable.default = TEXT.get(entry.name, 0)
        if entry.sub:
            record = od.ODRecord(entry.name, entry.index)
            record.add_member(variable)
            result.add_object(record)
        else:
            result.add_object(variable)
    return result


@dataclass
class Desk:
    """A client, a canopen server on a virtual bus, and a clock that only the test advances."""

    bus: can.BusABC
    node: canopen.LocalNode
    client: PreClient = field(default_factory=PreClient)
    now: float = 100.0
    sent: list[bytes] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Run the client for `seconds` of its own clock. Each answer is awaited, without a fixed sleep."""
        end = self.now + seconds
        while self.now < end:
            request = self.client.next_request(self.now)
            if request is None:
                self.now = max(self.client.next_due(self.now), self.now + 1e-6)
                continue
            self.sent.append(request)
            self.bus.send(can.Message(arbitration_id=pre.REQUEST_ID, data=request, is_extended_id=False))
            message = self.bus.recv(5.0)
            assert message is not None, "the server did not answer"
            self.now += 0.0005
            assert self.client.answer(bytes(message.data), self.now, message.arbitration_id)

    def holds(self, entry: pre.Entry) -> int:
        return int.from_bytes(self.node.get_data(entry.index, entry.sub), "little", signed=entry.signed)

    def set(self, entry: pre.Entry, raw: int) -> None:
        self.node.set_data(entry.index, entry.sub, raw.to_bytes(entry.size, "little", signed=entry.signed))


def desk(name: str, without: tuple[pre.Entry, ...] = ()) -> Iterator[Desk]:
    network = canopen.Network()
    network.NOTIFIER_CYCLE = 0.02  # s; how long its thread may take to notice the end of the test
    network.connect(interface="virtual", channel=name)
    node = network.create_node(pre.NODE, dictionary(without))
    assert isinstance(node, canopen.LocalNode)
    with can.Bus(interface="virtual", channel=name) as bus:
        yield Desk(bus, node)
    network.disconnect()


@pytest.fixture
def whole() -> Iterator[Desk]:
    yield from desk("whole")


@pytest.fixture
def without_warning() -> Iterator[Desk]:
    yield from desk("without_warning", (pre.WARNING,))


def test_a_session_from_identity_to_disable(whole: Desk) -> None:
    whole.set(pre.STATUS, 0x0902)
    whole.client.set_target(388.0, 1.0)
    whole.client.enable(True)
    whole.run(1.9)
    assert whole.client.identity == {
        "device_name": "VG6",
        "hardware_version": "4.00",
        "software_version": "3.02",
    }
    assert whole.client.phase is Phase.WAIT_READY
    assert whole.client.telemetry.status == 0x0902
    assert whole.sent.count(pre.read_request(pre.STATUS)) == 4  # every 0.5 s
    assert not [message for message in whole.sent if message[0] == pre.WRITE_2]

    whole.set(pre.STATUS, 0)
    whole.run(1.0)
    assert whole.client.phase is Phase.RUN
    assert (whole.holds(pre.ENABLE), whole.holds(pre.SET_VOLTS), whole.holds(pre.SET_AMPS)) == (1, 3880, 10)

    whole.set(pre.STATUS, 0x0001)
    whole.set(pre.AMPS, -139)
    whole.set(pre.VOLTS, 3851)
    whole.set(pre.TEMPERATURE, -25)
    whole.set(pre.WARNING, 0x80000001)
    whole.client.set_target(250.0, -14.0)
    whole.run(0.3)
    seen = whole.client.telemetry
    assert (seen.set_volts_v, seen.set_amps_a, seen.enabled) == (250.0, -14.0, True)
    assert (seen.status, seen.amps_a, seen.volts_v) == (0x0001, -13.9, 385.1)
    assert (seen.temperature_c, seen.warning_word) == (-2.5, 0x80000001)
    assert whole.now - seen.amps_t < 0.15
    assert whole.holds(pre.SET_AMPS) == -140

    whole.client.enable(False)
    whole.run(0.3)
    assert (whole.holds(pre.ENABLE), whole.holds(pre.SET_VOLTS), whole.holds(pre.SET_AMPS)) == (0, 0, 0)
    assert whole.client.link.timeouts == whole.client.link.strays == whole.client.link.aborts == 0


def test_an_object_the_converter_lacks_stops_nothing(without_warning: Desk) -> None:
    without_warning.client.enable(True)
    without_warning.run(1.0)
    assert without_warning.client.telemetry.enabled is True
    assert without_warning.client.telemetry.warning_word is None
    abort = without_warning.client.link.last_abort
    assert abort is not None
    assert (abort.index, abort.sub) == (0x2150, 0)
    assert pre.abort_name(abort.code) == "object does not exist"


@pytest.fixture
def without_volts() -> Iterator[Desk]:
    yield from desk("without_volts", (pre.SET_VOLTS,))


def test_what_somebody_else_wrote_is_seen_and_put_right(whole: Desk) -> None:
    """`guard` may write to the converter at any moment. The client believes only the read-back."""
    whole.client.set_target(388.0, 14.0)
    whole.client.enable(True)
    whole.run(1.5)
    assert (whole.holds(pre.SET_VOLTS), whole.holds(pre.SET_AMPS)) == (3880, 140)
    whole.set(pre.SET_AMPS, -160)
    whole.set(pre.SET_VOLTS, 5000)
    seen: list[float | None] = []
    for _ in range(5):
        whole.run(CYCLE_S)
        seen.append(whole.client.telemetry.set_amps_a)
    assert -16.0 in seen, "shown as it was, not as it was wished"
    assert (whole.holds(pre.SET_VOLTS), whole.holds(pre.SET_AMPS)) == (3880, 140)


def test_a_converter_switched_off_by_somebody_else_is_zeroed_and_stays_off(whole: Desk) -> None:
    whole.client.set_target(388.0, 14.0)
    whole.client.enable(True)
    whole.run(1.5)
    whole.set(pre.ENABLE, 0)
    whole.run(1.0)
    assert whole.client.enable_lost
    assert (whole.holds(pre.ENABLE), whole.holds(pre.SET_VOLTS), whole.holds(pre.SET_AMPS)) == (0, 0, 0)


def test_a_refused_setpoint_is_asked_again_and_its_abort_named(without_volts: Desk) -> None:
    without_volts.client.set_target(388.0, 1.0)
    without_volts.client.enable(True)
    without_volts.run(1.5)
    assert without_volts.client.telemetry.set_volts_v is None
    assert without_volts.client.telemetry.set_amps_a == 1.0, "the others go on"
    assert without_volts.sent.count(pre.write_volts(388.0)) > 5
    assert without_volts.client.link.last_abort is not None
    told = str(without_volts.client.link.last_abort)
    assert told == "the converter refuses set_volts (2109.0): object does not exist"


@pytest.mark.parametrize("amps_a", [-16.0, -14.0, -0.2, 0.0, 0.1, 7.5, 14.0, 16.0])
def test_the_independent_server_holds_the_current_that_was_meant(whole: Desk, amps_a: float) -> None:
    whole.client.set_target(410.0, amps_a)
    whole.client.enable(True)
    whole.run(1.0)
    assert whole.holds(pre.SET_AMPS) == round(amps_a * 10)
    assert whole.client.telemetry.set_amps_a == amps_a


def test_the_independent_server_refuses_a_write_it_must_not_take(whole: Desk) -> None:
    request = bytes.fromhex("2B 01 21 00 01 00 00 00")
    whole.bus.send(can.Message(arbitration_id=pre.REQUEST_ID, data=request, is_extended_id=False))
    message = whole.bus.recv(5.0)
    assert message is not None
    answer = pre.parse_answer(bytes(message.data))
    assert isinstance(answer, pre.Aborted)
    assert pre.abort_name(answer.code) == "write to a read-only object"
