"""The independent car: the EVCC of the open package iso15118, with its own state machine and its own timeouts.

    PYTHONPATH=app build/iso15118/bin/python tests/independent_car/car.py din|iso2 RIG_SOCKET CHARGE_S [PAUSE_S]

Runs in the network namespace of the simulated car, beside `python -m v2h.rig.ccs --car outside`: the package does
discovery, TCP and the messages; pilot, contactors and battery are of the rig. Our codec is behind its IEXICodec, so
that no Java is needed. Charges for CHARGE_S, then ends in order, and prints one JSON object: what it asked, each answer
that is not OK, the times from request to answer, and whether the package calls the session successful.

PAUSE_S (0.1): from an answer to the next request, as cars in recordings. The package itself waits for nothing.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
from typing import Any

from iso15118.evcc import EVCCHandler
from iso15118.evcc.controller.simulator import SimEVController
from iso15118.evcc.evcc_config import EVCCConfig
from iso15118.shared.iexi_codec import IEXICodec
from iso15118.shared.messages.datatypes import (
    DCEVChargeParams,
    PVEVEnergyCapacity,
    PVEVMaxCurrentLimit,
    PVEVMaxPowerLimit,
    PVEVMaxVoltageLimit,
    PVEVTargetCurrent,
    PVEVTargetVoltage,
)
from iso15118.shared.messages.enums import UnitSymbol
from iso15118.shared.messages.iso15118_2.datatypes import DCEVPowerDeliveryParameter
from iso15118.shared.settings import load_shared_settings

from v2h.ccs import exi
from v2h.ports.rig import RigLink

INTERFACE = "car0"
PROTOCOLS = {"din": "DIN_SPEC_70121", "iso2": "ISO_15118_2"}
MATCH_S = 60.0
"""Only ends a run that would fail."""
CLOSE_WITHIN_V = 10.0
DEAD_V = 60.0
MAX_V, WANTS_A = 410.0, 16.0


class Codec(IEXICodec):
    """Our codec for the package, which gives and takes JSON. It keeps what passes. times_ms: of each request, from its
    last step here until its answer arrives."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """The names of the requests, each once in a row."""
        self.refused: list[tuple[str, str]] = []
        self.times_ms: dict[str, list[float]] = {}
        self._name, self._sent_t = "", 0.0

    def encode(self, message: str, namespace: str) -> bytes:
        ((name, content),) = json.loads(message).items()
        session = None
        if name == exi.V2G_MESSAGE:
            session = bytes.fromhex(content["Header"]["SessionID"])
            ((name, content),) = content["Body"].items()
        data = exi.encode(namespace, exi.Message(name, session, content))
        if self.asked[-1:] != [name]:
            self.asked.append(name)
        self._name, self._sent_t = name, time.monotonic()
        return data

    def decode(self, stream: bytes, namespace: str) -> str:
        took_ms = (time.monotonic() - self._sent_t) * 1000
        self.times_ms.setdefault(self._name, []).append(round(took_ms, 2))
        message = exi.decode(namespace, stream)
        code = str(message.fields["ResponseCode"])
        if not code.startswith("OK"):
            self.refused.append((message.name, code))
        if message.session is None:
            return json.dumps({message.name: message.fields})
        header = {"SessionID": message.session.hex().upper()}
        return json.dumps({exi.V2G_MESSAGE: {"Header": header, "Body": {message.name: message.fields}}})

    def get_version(self) -> str:
        return "v2h.ccs.exi"


class Body:
    """The simulated car behind the messages: what it measures, and what it is ordered to do."""

    def __init__(self, rig_socket: str) -> None:
        self._link = RigLink(f"{rig_socket}/control")

    def look(self) -> dict[str, Any]:
        return self._transact({})

    def order(self, knob: str, on: bool) -> None:
        self._transact({f"ccs_{knob}": str(int(on))})

    def _transact(self, changes: dict[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._link.transact(json.dumps(changes).encode()))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        ccs: dict[str, Any] = answer["ccs"]
        return ccs


class Car(SimEVController):
    """The package's simulated car with the rig's body: it measures and moves, where the package's own would count."""

    def __init__(self, config: EVCCConfig, body: Body, charge_s: float, pause_s: float) -> None:
        super().__init__(config)
        self._body, self._charge_s, self._pause_s = body, charge_s, pause_s
        self._measured = body.look()["measured"]
        self._closed = False
        self._until = float("inf")

    async def _measure(self) -> None:
        await asyncio.sleep(self._pause_s)
        seen = self._body.look()
        self._measured = seen.get("measured", self._measured)
        self._soc = round(self._measured["soc_pct"])
        if seen.get("stops"):
            self._until = 0.0

    async def get_dc_ev_status_dinspec(self) -> Any:
        await self._measure()
        return await super().get_dc_ev_status_dinspec()

    async def get_dc_ev_status(self) -> Any:
        await self._measure()
        return await super().get_dc_ev_status()

    async def get_dc_charge_params(self) -> DCEVChargeParams:
        """The target is the battery's voltage in the precharge, and our limit afterwards."""
        target_v = MAX_V if self._closed else self._measured["battery_v"]
        volt, ampere = UnitSymbol.VOLTAGE, UnitSymbol.AMPERE
        return DCEVChargeParams(
            dc_max_current_limit=PVEVMaxCurrentLimit(multiplier=0, value=200, unit=ampere),
            dc_max_power_limit=PVEVMaxPowerLimit(multiplier=1, value=8000, unit=UnitSymbol.WATT),
            dc_max_voltage_limit=PVEVMaxVoltageLimit(multiplier=-1, value=round(MAX_V * 10), unit=volt),
            dc_energy_capacity=PVEVEnergyCapacity(multiplier=1, value=2400, unit=UnitSymbol.WATT_HOURS),
            dc_target_current=PVEVTargetCurrent(multiplier=0, value=round(WANTS_A), unit=ampere),
            dc_target_voltage=PVEVTargetVoltage(multiplier=-1, value=round(target_v * 10), unit=volt),
        )

    async def get_charge_params_v2(self, protocol: Any) -> Any:
        self.dc_ev_charge_params = await self.get_dc_charge_params()
        return await super().get_charge_params_v2(protocol)

    async def is_precharged(self, present_voltage_evse: Any) -> bool:
        """Inlet and battery agree, and so does what the charger says: the contactors close."""
        seen_v = (self._measured["inlet_v"], present_voltage_evse.get_decimal_value())
        near = all(abs(volts_v - self._measured["battery_v"]) <= CLOSE_WITHIN_V for volts_v in seen_v)
        if near:
            self._body.order("closed", True)
            self._closed, self._until = True, time.monotonic() + self._charge_s
        return near

    async def get_dc_ev_power_delivery_parameter(self) -> DCEVPowerDeliveryParameter:
        """The package's own counts a cycle of charging here."""
        done = await self.is_charging_complete()
        status = await self.get_dc_ev_status()
        return DCEVPowerDeliveryParameter(dc_ev_status=status, bulk_charging_complete=done, charging_complete=done)

    async def continue_charging(self) -> bool:
        return not await self.is_charging_complete()

    async def is_charging_complete(self) -> bool:
        return self._charging_is_completed or time.monotonic() >= self._until

    async def enable_charging(self, enabled: bool) -> None:
        """Pilot C or B. The package says B as well when it gives up."""
        with contextlib.suppress(RuntimeError):  # the session is over at the rig
            self._body.order("wants_energy", enabled)

    async def welding_detection_has_finished(self) -> bool:
        """The contactors open, and the inlet is dead."""
        if self._closed:
            self._body.order("closed", False)
            self._closed = False
        self._measured = self._body.look().get("measured", self._measured)
        return bool(self._measured["inlet_v"] < DEAD_V)


class Handler(EVCCHandler):
    """Ends when the package would begin again: one plug is one session."""

    failed = ""

    async def restart_sdp(self, new_sdp_cycle: bool) -> None:
        if new_sdp_cycle and self._sdp_retry_cycles == 0:
            self.failed = "the session was not successful, see its reason above"
            raise RuntimeError(self.failed)
        await super().restart_sdp(new_sdp_cycle)


async def matched(body: Body) -> None:
    """Wait until the modems have a key."""
    deadline = time.monotonic() + MATCH_S
    while not body.look()["joined"]:
        if time.monotonic() > deadline:
            raise SystemExit(f"not matched within {MATCH_S:g} s")
        await asyncio.sleep(0.1)


async def main(dialect: str, rig_socket: str, charge_s: float, pause_s: float = 0.1) -> int:
    body = Body(rig_socket)
    config = EVCCConfig(
        supportedProtocols=[PROTOCOLS[dialect]],
        supportedEnergyServices=["DC"],
        energyTransferMode="DC_extended",
        useTls=False,
    )
    config.load_raw_values()
    load_shared_settings()
    await matched(body)
    codec = Codec()
    handler = Handler(config, INTERFACE, codec, Car(config, body, charge_s, pause_s))
    await handler.start()
    with contextlib.suppress(RuntimeError):
        body.order("over", True)
    if not handler.failed and codec.asked[-1:] != ["SessionStopReq"]:
        handler.failed = "the package ended before SessionStopReq"
    found = {"asked": codec.asked, "refused": codec.refused, "failed": handler.failed, "times_ms": codec.times_ms}
    sys.__stdout__.write(json.dumps(found) + "\n")
    return 1 if handler.failed else 0


if __name__ == "__main__":
    for handler in logging.getLogger().handlers:
        handler.setStream(sys.stderr)  # type: ignore[attr-defined]
    words = sys.argv[1:]
    sys.exit(asyncio.run(main(words[0], words[1], *map(float, words[2:]))))
