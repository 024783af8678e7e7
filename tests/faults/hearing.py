"""The traffic on the two buses: the car's frames, our frames to the car, and requests to the converter."""

import math
from collections import deque
from typing import TYPE_CHECKING

from tests.faults.numbers import (
    DEAD_AFTER_S,
    DRIFT_V_PER_S,
    EMPTY_V,
    ENABLE_ON,
    FALL_SEEN_FROM_V,
    LOW_A,
    OBJECT_STALE_S,
    REACTION_S,
    SENSOR_OFF_V,
    SET_AMPS,
    STRANGER_S,
    TOLD_A,
    TOLD_A_S,
    TOLD_FLOW,
    TOLD_V,
)
from tests.faults.record import Record
from v2h.pre import objects as pre
from v2h.pre.objects import Entry
from v2h.safety.outputs import CONTACTORS

if TYPE_CHECKING:
    from tests.faults.board import Board

_OBJECTS = {entry.index: entry for entry in OBJECT_STALE_S}


class Hearing(Record):
    """Reads all frames, and checks the rules that apply to each at once."""

    def __init__(self) -> None:
        """flowed: energy flow was reported to the car (109.5.0)."""
        super().__init__()
        self.flowed = False
        self.car_heard_t = self.pre_heard_t = -math.inf
        """When charger last received a complete 0x102, and a prompt answer of the converter that was no abort."""
        self.stranger_t: float | None = None
        self.stranger_s = STRANGER_S
        self._object_t: dict[Entry, float] = {}
        self._car_stops_t: float | None = None
        self._car_open_t: float | None = None
        self._limits: deque[tuple[float, float, float]] = deque([(-math.inf, 0.0, 0.0)])
        self._car_volts = (0, 0)
        self._trip_t: float | None = None
        self._car_spoke = False
        self._told: dict[int, bytes] = {}
        self._last_id = 0
        self._t_108 = -math.inf
        self._status = 0x20

    def car_said(self, board: "Board", can_id: int, data: bytes) -> None:
        """Take a frame that the car sent; its limits count from here, even if it does not arrive."""
        self._car_spoke = True
        if can_id == 0x102:
            self._limit(board.now, float(data[3]), self._limits[-1][2])
            if data[4] & 0x1F or data[5] & 0x06 or not data[5] & 0x01:
                self._car_stops_t = self._car_stops_t or board.now
            else:
                self._car_stops_t = None
            if data[5] & 0x08 and data[0] >= 2:
                self._car_open_t = self._car_open_t or board.now
            else:
                self._car_open_t = None
        elif can_id == 0x200:
            self._limit(board.now, self._limits[-1][1], float(0xFF - data[0]))
            self._car_volts = (self._car_volts[0], data[4] | data[5] << 8)
        elif can_id == 0x100:
            self._car_volts = (data[4] | data[5] << 8, self._car_volts[1])

    def _limit(self, now: float, charge_a: float, discharge_a: float) -> None:
        limits = self._limits
        if limits[-1][1:] != (charge_a, discharge_a):
            limits.append((now, charge_a, discharge_a))
        while len(limits) > 1 and limits[1][0] < now - REACTION_S:
            limits.popleft()

    def told_car(self, board: "Board", can_id: int, data: bytes) -> None:
        """Take a frame that we send to the car."""
        if not self._car_spoke:
            self.fail(board, "we speak after the car", f"0x{can_id:03X} was sent before the car's first frame")
        if can_id == 0x108:
            gap_s = board.now - self._t_108
            steady = "program" not in self.excused and gap_s < 0.5
            if steady and not 0.09 < gap_s < 0.111:
                self.fail(board, "0x108 every 100 ms", f"{gap_s * 1000:.0f} ms")
            self._t_108 = board.now
        elif can_id == 0x109:
            if self._last_id != 0x108:
                self.fail(board, "108 before 109", f"0x109 after 0x{self._last_id:03X}")
            self._judge_status(board, data[5])
        self._last_id = can_id
        self._told[can_id] = data

    def _judge_status(self, board: "Board", status: int) -> None:
        was, self._status = self._status, status
        self.flowed = self.flowed or bool(status & 0x01)
        if was & 0x21 == 0x01 and status & 0x21 not in (0x01, 0x21) and "program" not in self.excused:
            self.fail(board, "status 25 before 24", f"109.5 went from {was:02x} to {status:02x}")
        amps_a = abs(board.circuit.pre_a) if board.circuit.joined else 0.0
        if was & 0x01 and not status & 0x01 and amps_a > 5.6 and not self.excused & {"pre", "program", "weld"}:
            self.fail(board, "109.5.0 falls at 5 A", f"{amps_a:.1f} A")
        if not status & 0x04 and board.circuit.cable_v > self._highest_v(board, EMPTY_V) + 1.5:
            self.fail(board, "109.5.2 while the cable is live", f"{board.circuit.cable_v:.0f} V, status {status:02x}")

    def wrote(self, board: "Board", data: bytes, by_guard: bool) -> None:
        """Take a request to the converter."""
        if data == ENABLE_ON and not by_guard:
            if board.pre.set_a and not board.pre.enabled and "pre" not in self.excused:
                self.fail(board, "enabled at 0 A only", f"enabled with {board.pre.set_a} A set")
            if self._trip_t is not None and board.now > self._trip_t + 0.005:
                self.fail(board, "nothing but 0 A after a trip", "enabled")
        if data[:4] != SET_AMPS or data[0] == pre.READ:
            return
        amps_a = int.from_bytes(data[4:6], "little", signed=True) / 10
        if not amps_a:
            return
        if by_guard or (self._trip_t is not None and board.now > self._trip_t + 0.005):
            who = "guard" if by_guard else "charger"
            self.fail(board, "nothing but 0 A after a trip", f"{who} wrote {amps_a} A")
        if abs(amps_a) > 1.05 and CONTACTORS not in board.plant.outputs and "mad" not in self.excused:
            self.fail(board, "no current is set with c1/c2 open", f"{amps_a} A")

    def pre_told(self, now: float, answer: bytes) -> None:
        """Take an answer of the converter that holds a value and came in time."""
        self.pre_heard_t = now
        if answer[0] != pre.WRITTEN:
            entry = _OBJECTS.get(answer[1] | answer[2] << 8)
            if entry is not None:
                self._object_t[entry] = now

    def _hidden(self, now: float) -> bool:
        """The converter answers, and one of the values that energy depends on is stale."""
        return any(now - self._object_t.get(entry, now) > limit_s for entry, limit_s in OBJECT_STALE_S.items())

    def _judge_told(self, board: "Board", amps_a: float) -> None:
        if self.excused & {"program", "pre", "told", "weld", "car"}:
            return
        told = self._told.get(0x109)
        if told is None:
            return
        if "adc" not in self.excused:
            volts_v = told[1] | told[2] << 8
            # Where nothing measures the cable, 0 V is reported until c1 and c2 are closed, by design.
            unknown = board.unmeasured and not board.circuit.joined and volts_v == 0
            wrong = abs(volts_v - board.circuit.cable_v) > 12.0 and not unknown
            text = f"{volts_v} V for {board.circuit.cable_v:.0f} V" if wrong else ""
            self._lasts(board, TOLD_V, wrong, 0.6, text)
        self._lasts(board, TOLD_FLOW, not told[5] & 1 and abs(amps_a) > LOW_A, 0.3, "5 A and more")
        discharge = self._told.get(0x208)
        if told[5] & 1 and discharge is not None:
            shown_a = told[3] - (0xFF - discharge[0])
            wrong = abs(shown_a - amps_a) > 2.0
            self._lasts(board, TOLD_A, wrong, TOLD_A_S, f"{shown_a} A for {amps_a:.1f} A" if wrong else "")

    def _highest_v(self, board: "Board", limit_v: float) -> float:
        """The highest true voltage that is allowed where the software must see at most limit_v: the sensor's error is
        added if the software cannot detect it. A single bad reading can always be detected: it adds nothing."""
        how = board.sensor.how
        if how in DEAD_AFTER_S:
            return limit_v if board.sensor.joined else max(limit_v, FALL_SEEN_FROM_V)
        if how == "drift down":
            return limit_v + DRIFT_V_PER_S * (board.now - board.sensor.broke_t) + 1.0
        return limit_v + SENSOR_OFF_V.get(how, 0.0)
