"""A CCS car, a pilot box and an insulation monitor with faults in them. Without a fault each behaves as the rig's own
part."""

from collections.abc import Mapping
from typing import Any

from v2h.ccs.messages import Ask, Dialect
from v2h.ccs.pilot import checksum
from v2h.ccs.sequence import RENEGOTIATE, START
from v2h.rig.cable import Circuit
from v2h.rig.ccs.car import CcsCar
from v2h.rig.ccs.evcc import Evcc
from v2h.rig.ccs.insulationmeter import InsulationMeter
from v2h.rig.ccs.pilotbox import PilotBox

NOT_SEEN = ("A", "E", "F")
"""States of the pilot line in which the car itself sees no pulse any more."""


class FaultyBox(PilotBox):
    """reads: the state that the box sees, whatever the car does; "" for the true one. broken_line: the car sees that
    state too. relay_welded: the relay does not open. lies: it reports C with the peaks of B."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = ""
        self.broken_line = self.relay_welded = self.lies = False

    @property
    def pulsed(self) -> bool:
        return super().pulsed and not (self.broken_line and self.reads in NOT_SEEN)

    @property
    def state(self) -> str:
        return self.reads or super().state

    @property
    def relay(self) -> bool:
        return self.relay_welded or super().relay

    def tick(self, now: float) -> bytes:
        line = super().tick(now)
        if not self.lies or not line:
            return line
        body = line.partition(b"*")[0].replace(b" C 6000 ", b" C 9000 ").replace(b" B ", b" C ")
        return body + f"*{checksum(body):02X}\n".encode()


class FaultyMeter(InsulationMeter):
    """garbled: its answers have a wrong check sum. relay_welded: its relay in the outside chain does not open."""

    def __init__(self) -> None:
        super().__init__()
        self.garbled = self.relay_welded = False

    @property
    def good(self) -> bool:
        return self.relay_welded or super().good

    def take(self, data: bytes) -> bytes:
        answer = super().take(data)
        return bytes(len(answer)) if self.garbled else answer


class FaultyEvcc(Evcc):
    """says: element -> what it says there in each request, instead of the true value. again: it renegotiates. deaf: it
    obeys no stop and no emergency of the charger."""

    says: Mapping[str, Any] = {}
    again = deaf = False

    def _fields(self) -> dict[str, Any]:
        fields = super()._fields()
        return _changed(fields, self.says) if self.says else fields

    def take(self, now: float, fields: Mapping[str, Any]) -> None:
        if self.deaf and "DC_EVSEStatus" in fields:
            calm = {**fields["DC_EVSEStatus"], "EVSEStatusCode": "EVSE_Ready"}
            fields = {**fields, "DC_EVSEStatus": calm}
        super().take(now, fields)

    def renegotiate(self) -> None:
        """In the charging loop: 0 A, and the parameters again."""
        if self.ask is Ask.DEMAND:
            self.ask, self._wants, self.again = Ask.POWER, RENEGOTIATE, True

    def _go_on(self, fields: Mapping[str, Any], stop: bool) -> None:
        if self.again and self.ask is Ask.POWER and self._wants == RENEGOTIATE:
            self.ask = Ask.PARAMETERS
        elif self.again and self.ask is Ask.PARAMETERS:
            self.ask, self._wants, self.again = Ask.POWER, START, False
        else:
            super()._go_on(fields, self.stops if self.deaf else stop)


def _changed(fields: Mapping[str, Any], says: Mapping[str, Any]) -> dict[str, Any]:
    changed = {
        name: says[name] if name in says else _changed(value, says) if isinstance(value, dict) else value
        for name, value in fields.items()
    }
    if "EVMaximumCurrentLimit" in fields and "EVMaximumPowerLimit" in says:
        changed["EVMaximumPowerLimit"] = says["EVMaximumPowerLimit"]
    return changed


class FaultyCcsCar(CcsCar):
    """says, deaf: see FaultyEvcc. mute: it asks nothing more. sleeps: it does not begin to match. keeps_c: it shows C
    whatever becomes of its session. shows_b: it shows B, although its contactors are closed. wants_a, max_v: as in
    CarSide."""

    def __init__(self, circuit: Circuit, dialect: Dialect, wants_a: float, max_v: float) -> None:
        super().__init__(circuit, dialect)
        self.box: FaultyBox = FaultyBox()
        self.monitor: FaultyMeter = FaultyMeter()
        self.wants_a, self.max_v = wants_a, max_v
        self.says: dict[str, Any] = {}
        self.mute = self.deaf = self.sleeps = self.keeps_c = self.shows_b = False

    def connect(self) -> None:
        assert self.dialect is not None
        self.evcc, self.failed = FaultyEvcc(self.dialect, wants_a=self.wants_a, max_v=self.max_v), ""

    def step(self, now: float) -> None:
        if isinstance(self.evcc, FaultyEvcc):
            self.evcc.says, self.evcc.deaf = self.says, self.deaf
        super().step(now)
        if self.keeps_c or self.shows_b:
            self.box.wants_energy = self.keeps_c and not self.shows_b

    def leave(self, now: float) -> None:
        """Open the contactors under any load, and end the session (a crash, a driver's emergency)."""
        if self.evcc is not None:
            self.evcc.fail("an emergency of the car")
        self.circuit.set_car_contactors(now, False)
