"""The rig in real time: one thread, one epoll loop, deadlines instead of polling.

The plant steps every 20 ms (50 ms while nothing is energised), the car's frames are sent at their own times, and every
request is answered when it arrives.
"""

import json
import math
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from v2h.canframe import CAR_BUS, PRE_BUS
from v2h.chademo.frames import EVSE_IDS
from v2h.ports.i2c import ACK
from v2h.pre.objects import ANSWER_ID, REQUEST_ID
from v2h.rig import control
from v2h.rig.ad7327 import CABLE_CHANNEL, CABLE_DIVIDER, Ad7327
from v2h.rig.house import SEEN
from v2h.rig.pca9552 import Pca9552
from v2h.rig.plant import Plant
from v2h.rig.stpm3x import Mains, Stpm3x
from v2h.rig.switchboard import Switchboard, Transaction, spi
from v2h.safety.outputs import Output, line_name

ACTIVE_S = 0.02
QUIET_S = 0.05
PRESS_S = 0.2
"""How long `press` holds a button down."""
PRIORITY = 40
"""SCHED_FIFO above guard and charger: they wait for the chips' answers, and hardware is never late."""
RECORDED = 4000
"""Rows that the record keeps: 80 s of a session."""
NACK = b"\x15"
BUTTONS = ("on_off", "boost")
MAINS_HZ = 50.0
METER_LAG_S = 0.05
"""The metering chip's own filter, as in the stated plant (v2h.energy.bench.plant): its power is that old."""


class Closable(Protocol):
    def close(self) -> None: ...


class Readable(Protocol):
    def fileno(self) -> int: ...


class CanBuses(Closable, Protocol):
    """Both CAN buses, on any transport."""

    def send(self, bus: int, can_id: int, data: bytes) -> None: ...
    def look(self) -> None: ...
    def urls(self) -> tuple[str, str]: ...


class CarDoors(Protocol):
    """The real doors of a car that has more than CAN (ccs/line.py)."""

    def tick(self, now: float) -> None: ...
    def close(self) -> None: ...
    def shown(self) -> dict[str, object]:
        """More for the rig's state."""
        ...

    def settings(self) -> str:
        """More for rig.toml: the addresses of these doors."""
        ...


def be_prompt() -> bool:
    """Switch to real-time scheduling where this process may (root); returns whether it did."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except PermissionError:
        return False
    return True


class Loop:
    """epoll with one callback per socket."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._actions: dict[int, Callable[[], None]] = {}

    def watch(self, readable: Readable, action: Callable[[], None] | None) -> None:
        """Call action() when `readable` has data; None removes the callback (before the socket is closed)."""
        fd = readable.fileno()
        if action is None:
            if self._actions.pop(fd, None) is not None:
                self._epoll.unregister(fd)
        elif fd in self._actions:
            self._actions[fd] = action
        else:
            self._epoll.register(fd, select.EPOLLIN)
            self._actions[fd] = action

    def wait(self, seconds: float) -> None:
        """Serve what is readable, or return after `seconds`."""
        actions = self._actions
        for fd, _ in self._epoll.poll(max(0.0, seconds)):
            action = actions.get(fd)
            if action is not None:  # not closed by a callback that ran before it
                action()


class LedOutputs:
    """The board's outputs read from the kernel's LED nodes, as the emulated board drives them."""

    def __init__(self, leds: Path) -> None:
        self._files = [(o, os.open(leds / line_name(o) / "brightness", os.O_RDONLY)) for o in Output]
        self._levels = [False] * len(self._files)

    def changes(self) -> list[tuple[Output, bool]]:
        """Outputs that changed since the last call."""
        moved = []
        for n, (output, fd) in enumerate(self._files):
            on = os.pread(fd, 4, 0)[:1] != b"0"
            if on != self._levels[n]:
                self._levels[n] = on
                moved.append((output, on))
        return moved


class Rig:
    """The running rig. hold_outputs: an output keeps its level when its last connection closes, as gpio-leds do."""

    def __init__(self, plant: Plant, socket_path: Path, *, leds: LedOutputs | None, hold_outputs: bool) -> None:
        self.loop = Loop()
        self.plant = plant
        self._leds = leds
        self._stpm3x = Stpm3x(self._mains)
        self._ad7327 = Ad7327(self._pins)
        self._pca9552 = Pca9552()
        self._k = plant.k_on
        self._past: deque[tuple[float, float, float]] = deque([(plant.now, plant.grid_w, plant.charger_w)], maxlen=8)
        """(t, grid_w, charger_w) at the last ticks."""
        self._releases: list[tuple[float, str]] = []
        self._stopping = False
        self._record_file = socket_path.with_name("rig-record.json")
        self._record: deque[tuple[float, float, float, int, float]] = deque(maxlen=RECORDED)
        chips: dict[str, Transaction] = {
            "stpm3x": spi(self._stpm3x.transfer),
            "ad7327": spi(self._ad7327.transfer),
            "pca9552": self._i2c,
            "fan": self._fan,
            "buttons": lambda packet: None,
            "k": lambda packet: self._k_level(),
            "control": self._control,
            "house": lambda packet: SEEN.pack(plant.pre.grid_v, MAINS_HZ, plant.grid_w, plant.charger_w),
        }
        for output in Output:
            chips[line_name(output)] = self._output(output)
        self.board = Switchboard(socket_path, chips, self.loop.watch)
        self._output_of = {line_name(output): output for output in Output}
        if not hold_outputs:
            self.board.on_close = self._let_fall
        self.buses: CanBuses | None = None
        self.doors: CarDoors | None = None

    def frame(self, bus: int, can_id: int, data: bytes) -> None:
        """Take a frame from one of the other nodes of a bus."""
        if bus == PRE_BUS:
            if can_id == REQUEST_ID and self.buses is not None:
                now, set_a = time.monotonic(), self.plant.pre.set_a
                answer = self.plant.pre_request(now, data)
                if self.plant.pre.set_a != set_a:
                    self._note(now)
                if answer is not None:
                    self.buses.send(PRE_BUS, ANSWER_ID, answer)
        elif can_id in EVSE_IDS:
            self.plant.evse_frame(time.monotonic(), can_id, data)

    def run(self, buses: CanBuses) -> None:
        """Serve until SIGTERM or SIGINT."""
        self.buses = buses
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        tick_due = time.monotonic()
        plant, loop = self.plant, self.loop
        while not self._stopping:
            now = time.monotonic()
            if now >= tick_due:
                self._tick(now)
                idle = plant.quiet() and plant.next_car_frame() == math.inf and self.doors is None
                period_s = QUIET_S if idle else ACTIVE_S
                tick_due += period_s
                if tick_due <= now:
                    tick_due = now + period_s
            if now >= plant.next_car_frame():
                for can_id, data in plant.car_frames_due(now):
                    buses.send(CAR_BUS, can_id, data)
            loop.wait(min(tick_due, plant.next_car_frame()) - time.monotonic())
        buses.close()
        if self.doors is not None:
            self.doors.close()
        self.board.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _tick(self, now: float) -> None:
        if self.buses is not None:
            self.buses.look()
        if self._leds is not None:
            for output, on in self._leds.changes():
                self.plant.set_output(output, on)
        self.plant.step(now)
        if self.doors is not None:
            self.doors.tick(now)
        self._past.append((now, self.plant.grid_w, self.plant.charger_w))
        if not self.plant.quiet():
            self._note(now)
        self._tell_k()
        while self._releases and self._releases[0][0] <= now:
            self.board.tell("buttons", f"{self._releases.pop(0)[1]} 0".encode())

    def _note(self, now: float) -> None:
        plant = self.plant
        self._record.append((now, plant.pre.set_a, plant.pre.out_a, int(plant.outputs), plant.cable_v))

    def _write_record(self) -> None:
        """[[t, set_a, out_a, outputs, cable_v], ...]: at every tick and every change of the setpoint."""
        rows = [[round(value, 4) for value in row] for row in self._record]
        self._record_file.write_text(json.dumps(rows))

    def _tell_k(self) -> None:
        if self.plant.k_on != self._k:
            self._k = self.plant.k_on
            self.board.tell("k", self._k_level())

    # Chips.

    def _mains(self) -> Mains:
        plant, seen_t = self.plant, time.monotonic() - METER_LAG_S
        _, grid_w, charger_w = next((row for row in reversed(self._past) if row[0] <= seen_t), self._past[0])
        return Mains(plant.pre.grid_v, MAINS_HZ, (grid_w, charger_w), (plant.grid_wh, plant.charger_wh))

    def _pins(self) -> list[float]:
        pins = [0.0] * 8
        pins[CABLE_CHANNEL] = self.plant.sensed_v / CABLE_DIVIDER
        return pins

    def _i2c(self, packet: bytes) -> bytes:
        answer = self._pca9552.transact(time.monotonic(), packet[1:], packet[0])
        return NACK if answer is None else ACK + answer

    def _fan(self, packet: bytes) -> bytes:
        self.plant.pre.fan_duty = packet[0] / 255
        return packet[:1]

    def _k_level(self) -> bytes:
        return b"\x00" if self._k else b"\x01"  # low means "permitted", as the opto coupler pulls the line down

    def _output(self, output: Output) -> Transaction:
        def transact(packet: bytes) -> bytes:
            if packet != b"?" and self._leds is None:
                self.plant.step(time.monotonic())
                self.plant.set_output(output, packet[0] != 0)
            return b"\x01" if output in self.plant.outputs else b"\x00"

        return transact

    def _let_fall(self, chip: str) -> None:
        output = self._output_of.get(chip)
        if output is not None and output in self.plant.outputs:
            self.plant.step(time.monotonic())
            self.plant.set_output(output, False)

    # The control chip.

    def _control(self, packet: bytes) -> bytes:
        try:
            order = json.loads(packet)
            if not isinstance(order, dict) or not all(isinstance(value, str) for value in order.values()):
                raise ValueError("an order is a JSON object of strings")
            self.plant.step(time.monotonic())
            for key, value in order.items():
                self._order(key, value)
        except ValueError as error:
            return json.dumps({"error": str(error)}).encode()
        return json.dumps(self._state()).encode()

    def _order(self, key: str, value: str) -> None:
        if (key, value) == ("record", "write"):
            self._write_record()
            return
        if key not in ("press", "hold", "release"):
            control.apply(self.plant, key, value)
            return
        if value not in BUTTONS:
            raise ValueError(f"{key}={value} is not one of {', '.join(BUTTONS)}")
        self.board.tell("buttons", f"{value} {int(key != 'release')}".encode())
        if key == "press":
            self._releases.append((time.monotonic() + PRESS_S, value))

    def _state(self) -> dict[str, object]:
        lit = self._pca9552.driven(time.monotonic())
        more = {} if self.doors is None else self.doors.shown()
        return control.state(self.plant) | {"panel_low_pins": [n for n, low in enumerate(lit) if low]} | more
