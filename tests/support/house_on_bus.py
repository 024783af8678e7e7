"""A small house for tests: load, converter, the metering chip behind the rig's socket, and charger's bus messages.

It replaces rig and charger, so that meter and manager can run for real without the rest of the tree. One thread; the
converter has the dead time and ramps of the stated plant.
"""

import contextlib
import logging
import select
import socket
import threading
import time
from collections import deque
from pathlib import Path

from v2h.bus.client import BusClient
from v2h.bus.messages import ChargerPower, ChargerState, Command, Reply, Setpoint
from v2h.energy.bench.plant import Plant
from v2h.rig.stpm3x import Mains
from v2h.rig.stpm3x import Stpm3x as Chip
from v2h.rig.switchboard import spi

VOLTS_V = 385.0
TICK_S = 0.01


class House(threading.Thread):
    """The test may set load_w, chip_answers, state and faults at any time; log holds (t, grid_w)."""

    def __init__(self, run: Path) -> None:
        super().__init__(daemon=True)
        self.load_w, self.own_w, self.soc_pct = 300.0, 0.0, 60.0
        self.state, self.faults, self.session, self.silent = "idle", list[str](), 1, False
        self.chip_answers = True
        self.setpoints: deque[Setpoint] = deque(maxlen=2000)
        self.log: deque[tuple[float, float]] = deque(maxlen=6000)
        self._plant, self._energy_wh = Plant(), 0.0
        self._due: deque[tuple[float, float]] = deque()
        self._target_w, self._order_done = 0.0, -1
        chip = Chip(lambda: Mains(230.0, 50.0, (self.load_w + self.own_w, 0.0), (self._energy_wh, 0.0)))
        self._spi = spi(chip.transfer)
        self._links: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(str(run / "rig.sock"))
        self._server.listen()
        self._bus = BusClient("charger", run, logging.getLogger("house"))
        self._bus.subscribe(Setpoint.TOPIC, self._on_setpoint, retained=False)
        self._bus.subscribe(Command.TOPIC.format("clear-fault"), self._on_clear_fault, retained=False)
        self._over = threading.Event()

    def run(self) -> None:
        now = time.monotonic()
        next_power = next_state = next_tick = now
        while not self._over.is_set():
            self._serve(max(0.0, next_tick - time.monotonic()))
            now = time.monotonic()
            if now < next_tick:
                continue
            self._step(now, now - next_tick + TICK_S)
            next_tick = now + TICK_S
            self._bus.maintain(now)
            if self.state == "energy" and now >= next_power and not self.silent:
                next_power = now + self._plant.telemetry_s
                amps_a = round(self.own_w / VOLTS_V, 1)
                self._bus.publish(ChargerPower(now, amps_a * VOLTS_V, amps_a, VOLTS_V))
            if now >= next_state and not self.silent:
                next_state = now + 0.2
                self._bus.publish(self._charger_state(now))
        self._bus.close()
        self._server.close()
        for link in self._links:
            link.close()

    def close(self) -> None:
        self._over.set()
        self.join(10)

    def _on_setpoint(self, topic: str, payload: bytes) -> None:
        setpoint = Setpoint.from_json(payload)
        self.setpoints.append(setpoint)
        if setpoint.wanted and self.state == "idle" and setpoint.order != self._order_done:
            self._order_done, self.state, self.session = setpoint.order, "energy", self.session + 1
        elif not setpoint.wanted and self.state == "energy":
            self.state = "idle"
        power_w = setpoint.power_w if setpoint.wanted else 0.0
        self._due.append((time.monotonic() + self._plant.dead_time_s, round(power_w / VOLTS_V, 1) * VOLTS_V))

    def _on_clear_fault(self, topic: str, payload: bytes) -> None:
        if self.silent:
            return
        self.state, self.faults = "idle", []
        command = Command.from_json(payload)
        self._bus.publish(Reply(command.id, True, "cleared"), command.id)

    def _step(self, now: float, seconds: float) -> None:
        while self._due and self._due[0][0] <= now:
            self._target_w = self._due.popleft()[1]
        if not self.setpoints or now > self.setpoints[-1].expires_t or self.state != "energy":
            self._target_w = 0.0
        most_w = self._plant.ramp_up_a_s * VOLTS_V * seconds
        self.own_w += min(most_w, max(-most_w, self._target_w - self.own_w))
        self._energy_wh += (self.load_w + self.own_w) * seconds / 3600
        self.log.append((now, self.load_w + self.own_w))

    def _charger_state(self, now: float) -> ChargerState:
        amps_a = round(self.own_w / VOLTS_V, 1)
        return ChargerState(
            now, self.state, now, "test", self.soc_pct, VOLTS_V, amps_a, amps_a * VOLTS_V, now, amps_a, 15.0, 15.0,
            True, [], self.faults, "ready", "00", None, None, self.session,
        )  # fmt: skip

    def _serve(self, wait_s: float) -> None:
        bus_fd = self._bus.fileno()
        reading: list[socket.socket | int] = [self._server, *self._links]
        if bus_fd is not None:
            reading.append(bus_fd)
        for source in select.select(reading, [], [], wait_s)[0]:
            if source is self._server:
                self._links.append(self._server.accept()[0])
            elif isinstance(source, socket.socket):
                self._answer(source)
            else:
                self._bus.read()
        if self._bus.wants_write():
            self._bus.write()

    def _answer(self, link: socket.socket) -> None:
        packet = link.recv(64)
        if not packet or not self.chip_answers:
            self._links.remove(link)
            link.close()
            return
        with contextlib.suppress(BrokenPipeError):
            link.send(b"ok" if packet == b"stpm3x" else self._spi(packet) or b"")
