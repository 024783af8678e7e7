"""The car of a capture, played to our session by phase: it follows our d1, d2, contactors and 109.5. Pure.

Within a phase the car's frames come as they were recorded. Between phases the last of each id are repeated until our
side has done what the car waits for. K follows 102.5.0. Cable and converter are the rig's. The car's reaction to a stop
of ours is that of vendor capture CAP1 (times of rig/ev.py): the recorded stop may have had another reason.
"""

from collections.abc import Sequence

from v2h.canframe import Frame
from v2h.capture.phases import Phase, phases
from v2h.capture.surroundings import Surroundings
from v2h.chademo import frames
from v2h.chademo.frames import X108, X109
from v2h.rig.battery import LEAF_24, Battery, Pack
from v2h.rig.cable import OPEN_LIMIT_A
from v2h.rig.ev import CABLE_DEAD_V, D1_OFF_S, MATCH_V, OPEN_S, REACT_S, WELD_S
from v2h.rig.habits import LEAF
from v2h.safety.outputs import Output

PERIOD_S = 0.1
LONGER_S = 120.0
"""Our side may take so much longer than the recorded charger."""
SOC_PCT = 50.0
REQUEST, STATUS = 3, 5
PERMITS, OPEN_FLAG = 0x01, 0x08


class ByPhase(Surroundings):
    """One session of a capture. phase: where the car is now."""

    def __init__(self, capture: Sequence[Frame]) -> None:
        self._recording = phases(capture)
        volts_v = self._recording.battery_v
        pack = LEAF_24 if volts_v is None else _steady(volts_v)
        super().__init__(Battery(SOC_PCT, pack), self._recording.lasts_s + LONGER_S)
        self.phase = Phase.HELLO
        self._since: float | None = None  # start of the phase; None before d1
        self._next = 0
        self._last: dict[int, Frame] = {}
        self._repeat_t = 0.0
        self._x108, self._x109 = X108(), X109()
        self._confirmed = False
        self._d2_t = self._told_t = self._d1_off_t = self._opened_t = float("inf")

    def step(self, now: float) -> list[Frame]:
        self._watch_lines(now)
        if self._since is None:
            self.flow(now)
            return []
        self._advance(now)
        self._move_contactors(now)
        self.flow(now)
        if now - self._d1_off_t >= D1_OFF_S and not self.circuit.car_closed:
            return []  # asleep
        return [self._speak(frame, now) for frame in self._due(now)]

    def cable_v(self, now: float) -> float:
        return self.circuit.cable_v

    def hear(self, can_id: int, data: bytes) -> None:
        said = frames.decode(can_id, data)
        if isinstance(said, X109):
            self._x109 = said
        elif isinstance(said, X108):
            self._x108 = said

    def _watch_lines(self, now: float) -> None:
        d1, d2 = Output.D1 in self.outputs, Output.D2 in self.outputs
        if d1 and self._since is None:
            self._since = now + LEAF.wake_s
        self._d1_off_t = float("inf") if d1 else min(self._d1_off_t, now)
        self._d2_t = min(self._d2_t, now) if d2 else float("inf")

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase, self._since, self._next = phase, now, 0

    def _advance(self, now: float) -> None:
        if self.phase is Phase.STOP:
            return
        if self._told_to_stop(now):
            self._enter(Phase.STOP, now)
            return
        following = Phase(self.phase + 1)
        parts = self._recording.parts
        if following not in parts and Phase.STOP in parts:
            following = Phase.STOP
        if not _MAY_ENTER[following](self, now):
            return
        if following in parts:
            self._enter(following, now)
        elif not self._recording.falls_silent:
            self.over = True

    def _told_to_stop(self, now: float) -> bool:
        """109.5 has asked for the end for REACT_S, or d1 is off."""
        x109 = self._x109
        self._confirmed = self._confirmed or (self.phase is Phase.FLOW and x109.charging and not x109.stop_control)
        fault = x109.charger_malfunction or x109.battery_incompatible or x109.system_malfunction
        told = fault or (self._confirmed and x109.stop_control) or self._d1_off_t <= now
        self._told_t = min(self._told_t, now) if told else float("inf")
        return now - self._told_t >= REACT_S

    def _played(self, now: float) -> bool:
        assert self._since is not None
        return now >= self._since and self._next >= len(self._recording.parts.get(self.phase, ()))

    def _may_close(self, now: float) -> bool:
        return now - self._d2_t >= LEAF.close_s and self.circuit.cable_v < CABLE_DEAD_V

    def _may_ask(self, now: float) -> bool:
        return self._played(now) and abs(self._x109.present_v - self.circuit.cable_v) <= MATCH_V

    def _move_contactors(self, now: float) -> None:
        """d2 holds the coils; after a stop the car opens by itself when the current is small."""
        assert self._since is not None
        small = abs(self.circuit.battery_a) <= OPEN_LIMIT_A
        opens = self.phase is Phase.STOP and small and now - self._since >= OPEN_S
        if self.circuit.car_closed and (opens or self._d2_t > now):
            self.circuit.set_car_contactors(now, False)
            self._opened_t = now
        elif self.phase is Phase.CLOSED and self._since == now:
            self.circuit.set_car_contactors(now, True)

    def _due(self, now: float) -> list[Frame]:
        assert self._since is not None
        part = self._recording.parts.get(self.phase, [])
        due = []
        while self._next < len(part) and part[self._next].t <= now - self._since:
            due.append(part[self._next])
            self._next += 1
        if due:
            self._last.update({frame.can_id: frame for frame in due})
            self._repeat_t = now + PERIOD_S
        elif self._played(now) and now >= self._repeat_t and not self._silent():
            due = [self._last[can_id] for can_id in sorted(self._last)]
            self._repeat_t += PERIOD_S
        return [frame._replace(t=now) for frame in due]

    def _silent(self) -> bool:
        return self._recording.falls_silent and self.phase is max(self._recording.parts) and self.phase < Phase.STOP

    def _speak(self, frame: Frame, now: float) -> Frame:
        """The recorded frame with the request and the bits that follow from our side's doing."""
        if frame.can_id != 0x102:
            return frame
        data = bytearray(frame.data)
        flagged = self._recording.flagged or data[0] >= 2  # 102.0, the protocol: 2 and later have the flag
        if self.phase is Phase.FLOW:
            data[REQUEST] = min(data[REQUEST], self._x108.available_a)
        if self.phase is Phase.STOP:
            data[REQUEST], data[STATUS] = 0, data[STATUS] & ~PERMITS
            if flagged:
                opened = not self.circuit.car_closed and not now < self._opened_t + WELD_S
                data[STATUS] = data[STATUS] & ~OPEN_FLAG | (OPEN_FLAG if opened else 0)
        elif self.phase > Phase.HELLO:  # a phase may be so short that it has no frame of its own
            data[STATUS] |= PERMITS
            if self._recording.flagged:
                data[STATUS] = data[STATUS] & ~OPEN_FLAG | (OPEN_FLAG if self.phase is Phase.PERMITTED else 0)
        self.k_on = bool(data[STATUS] & PERMITS)
        return frame._replace(data=bytes(data))


_MAY_ENTER = {
    Phase.PERMITTED: ByPhase._played,
    Phase.CLOSED: ByPhase._may_close,
    Phase.FLOW: ByPhase._may_ask,
    Phase.STOP: ByPhase._played,
}
"""Phase -> what the car waits for before it enters it."""


def _steady(volts_v: float) -> Pack:
    """A battery that has this voltage at any state of charge."""
    return Pack(LEAF_24.nominal_kwh, LEAF_24.usable_wh, (0.0, 100.0), (volts_v, volts_v))
