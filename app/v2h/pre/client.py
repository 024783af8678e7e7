"""The client for the converter: which SDO request goes out next, and what the answers contain.

Sans-IO: no clock, no socket. The caller calls next_request(now) until it returns None, sends each message, and passes
every frame from can0 to answer(). One request is under way at a time; the next may go out as soon as the answer has
come or 100 ms have passed.

The sequence is that of the vendor's firmware (CAP1): identity until it is answered, status every 0.5 s until ready,
then a round every 100 ms (the vendor's takes 104). The current is read in every round. The vendor also reads all other
objects in every round; here a table distributes them over the rounds, because each message costs CPU time in three
programs. Two additions: 2107 is read (the vendor measures the cable itself), and 2100, 2109 and 210A are read back in
turns, because guard may write to the converter at any time and only a read-back is believed. An object in doubt is read
back in every round until it shows the wanted value. A changed value is always written, until the converter has
acknowledged it: a wrong read-back must not suppress a stop.

The client never sends a setpoint other than zero unless the converter reports that it is enabled, never enables before
0 A is read back, and never enables again by itself after another program switched the converter off or it was silent.
A smaller or reversed current does not wait for the round: it is the next message.

An abort is an answer but does not count as a sign of life: a converter that refuses everything counts as silent after
SILENT_S, and refused single objects are noticed by the age of their values. A reading outside the converter's range is
not kept.

If the program ends, the client ends with it: guard then makes safe with the stateless builders of objects.py.
The session's supervision judges status and warning words; here the status only decides when to enable.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

from v2h.pre import objects as pre
from v2h.pre.telemetry import TELEMETRY_FIELDS, PreLink, PreTelemetry

CYCLE_S = 0.1
"""Period of a round in RUN. CAP1 has 103.2 to 120 ms; 100 ms is every second step of `charger`."""
EARLY_S = 0.02
"""A round may begin this much early: the caller calls in steps of 50 or 100 ms, which may be slightly late."""
ANSWER_TIMEOUT_S = 0.100
"""The slowest of 2676 answers in CAP1 took 0.53 ms."""
IDENTIFY_RETRY_S = 1.0
"""CAP1: 1.003 s."""
READY_POLL_S = 0.5
"""CAP1: 0.501 s."""
SILENT_S = 1.0
"""Without any answer for this long the converter counts as silent, and the start sequence begins again."""


class Pace(Enum):
    """The objects that each round reads besides the current, which every round reads."""

    SEQUENCE = (
        (pre.STATUS, pre.ENABLE, pre.SET_AMPS, pre.VOLTS),
        (pre.STATUS, pre.SET_VOLTS, pre.SET_AMPS, pre.VOLTS),
        (pre.STATUS, pre.WARNING, pre.TEMPERATURE, pre.SET_AMPS, pre.VOLTS),
    )
    """The session waits for a change."""
    FLOW = (
        (pre.STATUS, pre.VOLTS),
        (pre.TEMPERATURE, pre.SET_AMPS),
        (pre.STATUS, pre.VOLTS),
        (pre.ENABLE, pre.WARNING, pre.SET_VOLTS),
    )
    """Energy flows. With slower reads a converter error would be noticed later than docs/SAFETY.md says."""


_KINDS = {pre.ReadRequest: (pre.ReadAnswer, pre.Aborted), pre.WriteRequest: (pre.Written, pre.Aborted)}


class Phase(StrEnum):
    """The step of the start sequence."""

    IDENTIFY = "identify"
    WAIT_READY = "wait_ready"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class _Pending:
    request: pre.Request
    deadline: float


class PreClient:
    """The client of one converter. All times are monotonic seconds."""

    def __init__(self) -> None:
        self.phase = Phase.IDENTIFY
        self.telemetry = PreTelemetry()
        self.link = PreLink()
        self.identity: dict[str, str] = {}
        """Object name -> text, for those that answered."""
        self.pace = Pace.SEQUENCE
        """Set by Charger."""
        self.enable_lost = False
        """The converter was enabled as requested, and then was off or silent. Cleared by enable(False)."""
        self._wished_volts_v = 0.0
        self._wished_amps_a = 0.0
        self._wished_enable = False
        self._was_enabled = False
        self._was_silent = False
        self._urgent = False
        self._read_back: dict[str, pre.Value] = {}
        self._taken: dict[str, pre.Value] = {}
        """Object name -> the value that we wrote last and the converter acknowledged."""
        self._pending: _Pending | None = None
        self._steps: deque[Callable[[], bytes | None]] = deque()
        self._round_t = -math.inf
        self._round_number = 0

    # What the charger requests.

    def set_target(self, volts_v: float, amps_a: float) -> None:
        """Set the wanted voltage (0 to 500 V) and current (+-16 A, + charges the car), in steps of 0.1.

        Raises SdoError outside those ranges. The client sends zero until the converter is enabled.
        """
        volts_v = pre.SET_VOLTS.whole(volts_v) / pre.SET_VOLTS.per_unit
        amps_a = pre.SET_AMPS.whole(amps_a) / pre.SET_AMPS.per_unit
        before = self._wished_amps_a
        if abs(amps_a) < abs(before) or amps_a * before < 0:
            self._urgent = True
        self._wished_volts_v, self._wished_amps_a = volts_v, amps_a

    def enable(self, on: bool) -> None:
        """Request the output stage on or off. After enable_lost, enable(True) works only after an enable(False)."""
        if not on:
            self._urgent = self._urgent or self._wished_enable
            self._was_enabled = self.enable_lost = False
        self._wished_enable = on and not self.enable_lost

    # What goes over the wire.

    def next_request(self, now: float) -> bytes | None:
        """Return the next message for REQUEST_ID, or None if there is nothing to send yet (see next_due)."""
        if self._pending is not None:
            if now < self._pending.deadline:
                return None
            self._pending = None
            self.link.missed_in_row += 1
            self.link.timeouts += 1
        if self.phase is not Phase.IDENTIFY and now - self.link.answered_t >= SILENT_S:
            self._lose(now)
        request = self._urgent_request() or self._step(now)
        if request is not None:
            self._pending = _Pending(pre.parse_request(request), now + ANSWER_TIMEOUT_S)
        return request

    @property
    def under_way(self) -> bool:
        """A request waits for its answer, or the next is to follow at once."""
        return self._pending is not None or bool(self._steps) or (self._urgent and self.phase is Phase.RUN)

    def next_due(self, now: float) -> float:
        """The time at which next_request() must be called again if no answer comes before."""
        if self._pending is not None:
            return self._pending.deadline
        return now if self.under_way else max(now, self._round_t)

    def answer(self, data: bytes, now: float, can_id: int = pre.ANSWER_ID) -> bool:
        """Take a frame from can0. Return whether it answers the request under way; other frames are counted."""
        link = self.link
        try:
            answer = pre.parse_answer(data)
            if can_id != pre.ANSWER_ID or self._pending is None or not _answers(self._pending.request, answer):
                raise pre.SdoError("not awaited")
            entry = pre.DICTIONARY[answer.index, answer.sub]
            value = entry.value(answer.raw) if isinstance(answer, pre.ReadAnswer) else None
        except pre.SdoError:
            link.strays += 1
            return False
        if isinstance(answer, pre.Written) and isinstance(self._pending.request, pre.WriteRequest):
            self._taken[entry.name] = entry.value(self._pending.request.raw)
        self._pending = None
        link.missed_in_row = 0
        if isinstance(answer, pre.Aborted):
            link.aborts, link.last_abort = link.aborts + 1, answer
        else:
            link.answered_t = now
        if isinstance(value, float) and not entry.least <= value <= entry.most:
            self.telemetry.odd = f"it tells {value} {entry.unit} ({entry.index:04X}), which it cannot have"
            self.telemetry.odd_t = now
            value = None
        self._learn(entry, value, now)
        return True

    # The rounds of the three phases; a step returns None where there is nothing to do.

    def _step(self, now: float) -> bytes | None:
        if not self._steps and now >= self._round_t - EARLY_S:
            steps, period_s = self._round()
            self._steps.extend(steps)
            on_beat = self._round_t + period_s
            self._round_t = on_beat if on_beat > now + EARLY_S else now + period_s
        while self._steps:
            request = self._steps.popleft()()
            if request is not None:
                return request
        return None

    def _round(self) -> tuple[list[Callable[[], bytes | None]], float]:
        """The steps of this phase's next round, and its period."""
        read, write, read_back = self._read, self._write, self._read_when_due
        match self.phase:
            case Phase.IDENTIFY:
                return [
                    lambda: pre.write_amps(0.0) if self._was_silent else None,  # it may still receive our frames
                    lambda: self._identify(pre.DEVICE_NAME, after=None),
                    lambda: self._identify(pre.HARDWARE, after=pre.DEVICE_NAME),
                    lambda: self._identify(pre.SOFTWARE, after=pre.HARDWARE),
                ], IDENTIFY_RETRY_S
            case Phase.WAIT_READY:
                return [read(pre.STATUS)], READY_POLL_S
            case Phase.RUN:
                self._round_number += 1
                turn = self.pace.value[self._round_number % len(self.pace.value)]
                return [
                    *[read(entry) for entry in (pre.STATUS, pre.WARNING, pre.TEMPERATURE) if entry in turn],
                    read_back(pre.ENABLE, turn),
                    write(pre.SET_AMPS),
                    write(pre.SET_VOLTS),
                    write(pre.ENABLE),
                    read_back(pre.SET_VOLTS, turn),
                    read_back(pre.SET_AMPS, turn),
                    read(pre.AMPS),
                    *([read(pre.VOLTS)] if pre.VOLTS in turn else []),
                ], CYCLE_S

    def _read_back_if_needed(self, entry: pre.Entry, turn: tuple[pre.Entry, ...]) -> bytes | None:
        """Read it in its turn, and in every round until it shows the wanted value."""
        return None if self._is_sure(entry) and entry not in turn else pre.read_request(entry)

    def _is_sure(self, entry: pre.Entry) -> bool:
        """The read-back shows the wanted value, and the last acknowledged write was not another value."""
        wanted = self._wanted(entry)
        return self._read_back.get(entry.name) == wanted == self._taken.get(entry.name, wanted)

    def _read(self, entry: pre.Entry) -> Callable[[], bytes]:
        return lambda: pre.read_request(entry)

    def _read_when_due(self, entry: pre.Entry, turn: tuple[pre.Entry, ...]) -> Callable[[], bytes | None]:
        return lambda: self._read_back_if_needed(entry, turn)

    def _write(self, entry: pre.Entry) -> Callable[[], bytes | None]:
        return lambda: self._write_if_needed(entry)

    def _identify(self, entry: pre.Entry, after: pre.Entry | None) -> bytes | None:
        known = entry.name in self.identity or (after is not None and after.name not in self.identity)
        return None if known else pre.read_request(entry)

    def _urgent_request(self) -> bytes | None:
        if not self._urgent or self.phase is not Phase.RUN:
            return None
        self._urgent = False
        self._steps.appendleft(self._read(pre.SET_AMPS))
        return self._write_if_needed(pre.SET_AMPS)

    def _write_if_needed(self, entry: pre.Entry) -> bytes | None:
        if self._is_sure(entry):
            return None
        wanted = self._wanted(entry)  # a read-back from before this write is stale
        self._read_back.pop(entry.name, None)
        return pre.write_request(entry, wanted)

    def _wanted(self, entry: pre.Entry) -> float:
        """The value that a writable object should have now; evaluated only when it is its turn to be sent."""
        enabled = self._read_back.get(pre.ENABLE.name) == 1
        if entry is pre.ENABLE:
            ready = self._read_back.get(pre.STATUS.name) == 0 and self._read_back.get(pre.SET_AMPS.name) == 0
            return int(self._wished_enable and (enabled or ready))
        if not (self._wished_enable and enabled):
            return 0.0
        return self._wished_amps_a if entry is pre.SET_AMPS else self._wished_volts_v

    # What the answers change.

    def _learn(self, entry: pre.Entry, value: pre.Value | None, now: float) -> None:
        if entry.per_unit == 0:
            self.identity[entry.name] = "" if value is None else str(value)  # a refusal counts as an answer
        if value is not None and entry.name in TELEMETRY_FIELDS:
            self._read_back[entry.name] = value
            name, time_name = TELEMETRY_FIELDS[entry.name]
            setattr(self.telemetry, name, value == 1 if entry is pre.ENABLE else value)
            setattr(self.telemetry, time_name, now)
        if entry is pre.ENABLE and value is not None:
            self._judge_enable(on=value == 1)
        self._advance(now)

    def _judge_enable(self, on: bool) -> None:
        if self._wished_enable and self._was_enabled and not on:
            self._wished_enable, self.enable_lost = False, True
        self._was_enabled = on

    def _advance(self, now: float) -> None:
        if self.phase is Phase.IDENTIFY:
            if all(entry.name in self.identity for entry in (pre.DEVICE_NAME, pre.HARDWARE, pre.SOFTWARE)):
                self._enter(Phase.WAIT_READY, now)
        elif self.phase is Phase.WAIT_READY:
            status = self._read_back.get(pre.STATUS.name)
            if status is not None and pre.unexpected_status(int(status)) == 0:
                self._enter(Phase.RUN, now)

    def _lose(self, now: float) -> None:
        if self._wished_enable and self._was_enabled:
            self._wished_enable, self.enable_lost = False, True
        self._was_enabled, self._was_silent = False, True
        self._read_back.clear()
        self.identity.clear()
        self._enter(Phase.IDENTIFY, now)

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self._steps.clear()
        self._round_t = now


def _answers(request: pre.Request, answer: pre.Answer) -> bool:
    same = request.index == answer.index and request.sub == answer.sub
    return same and isinstance(answer, _KINDS[type(request)])
