"""What guard and make-safe know about the converter. They use only the frames on its bus: charger's polls and their own
requests, with the answers.

Only answers are believed: a write counts only after its value has been read back.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from v2h.canframe import Frame
from v2h.pre import objects as pre

DEAD_S = 0.22
"""For this time after a new order the converter may still follow the previous order, and may pass through 0 A on its
way to the other sign: its dead time of 0.2 s (CAP1), and one step."""
FALL_A_S = 50.0
"""The slowest fall towards 0 A that was seen (CAP1: 50 to 60 A/s)."""
UNHEARD_A = 15.0
"""The largest current that charger orders."""
ASKED_S = 1.0
"""An order that was replaced longer ago than this is dropped: every measurement that is still used is younger."""

_AMPS_ANSWER = bytes((0x4B, pre.AMPS.index & 0xFF, pre.AMPS.index >> 8, pre.AMPS.sub))
_SET_ANSWER = bytes((0x4B, pre.SET_AMPS.index & 0xFF, pre.SET_AMPS.index >> 8, pre.SET_AMPS.sub))


@dataclass(slots=True)
class ConverterMonitor:
    """amps_a: measured (2108), set_a: current setpoint as read back (210A), + charging; *_t: time of arrival,
    monotonic s. before_a, before_t: the measurement before the last one. A value that the converter cannot have
    measured is ignored.

    asked: the currents that another program wrote to 210A within ASKED_S and the one before, (when, amps), oldest
    first. The measured current follows them at 30 A/s: a small measured current may still rise while the order is
    larger. answers, answered_t: how many frames the converter has sent, and when it sent the last one; a change means
    that it is ready for the next request.
    """

    amps_a: float = math.nan
    amps_t: float = -math.inf
    before_a: float = math.nan
    before_t: float = -math.inf
    set_a: float = math.nan
    set_t: float = -math.inf
    asked: list[tuple[float, float]] = field(default_factory=lambda: [(-math.inf, 0.0)])
    answers: int = 0
    answered_t: float = -math.inf

    @classmethod
    def late(cls) -> "ConverterMonitor":
        """For a program that starts while energy may flow: which current was ordered before is not known, so it counts
        as UNHEARD_A. A measurement that is lower sooner may be a frozen one (the fuzzer's seed 32003736: c1 and c2
        opened at 6.7 A)."""
        return cls(asked=[(-math.inf, UNHEARD_A)])

    def hear(self, frame: Frame) -> float | None:
        """Take one frame of the converter's bus; returns the amps of a write to 210A (by any program), else None.

        Compares bytes before it parses: six of seven frames on this bus do not concern this class, and the emulated
        board is slow.
        """
        if len(frame.data) != pre.LENGTH:
            return None
        if frame.can_id == pre.ANSWER_ID:
            self.answers += 1
            self.answered_t = frame.t
            head = frame.data[:4]
            if head == _AMPS_ANSWER:
                amps = _tenths(frame.data)
                if pre.AMPS.least <= amps <= pre.AMPS.most:
                    self.before_a, self.before_t = self.amps_a, self.amps_t
                    self.amps_a, self.amps_t = amps, frame.t
            elif head == _SET_ANSWER:
                self.set_a, self.set_t = _tenths(frame.data), frame.t
        elif frame.can_id == pre.REQUEST_ID and frame.data[0] in pre.WRITE_REQUEST and _is_set_amps(frame.data):
            amps = _tenths(frame.data)
            if amps != self.asked[-1][1]:
                self.asked.append((frame.t, amps))
                while self.asked[1][0] <= frame.t - ASKED_S:
                    del self.asked[0]
            return amps
        return None

    def amps(self, now: float, max_age_s: float, since: float = -math.inf) -> float | None:
        """The larger of the last two measurements, because contactors must not open on one reading alone. None unless
        both arrived after `since`, the last at most max_age_s ago and the one before at most twice that."""
        if self.before_t <= since or now - self.amps_t > max_age_s or now - self.before_t > 2 * max_age_s:
            return None
        return max(self.amps_a, self.before_a, key=abs)

    def amps_soon(self, now: float, max_age_s: float) -> float | None:
        """The largest of the measured current and the currents ordered since DEAD_S before that measurement; None when
        the measurement is too old.

        An order of 0 A is not enough: during its dead time the converter still moves towards the previous order, in a
        reversal through 0 A (in the campaign's seeds 10525 and 17101, c1 and c2 opened at 5.8 and 6.7 A).
        """
        amps = self.amps(now, max_age_s)
        if amps is None:
            return None
        followed = (asked_a for asked_a, end_t in self._orders() if end_t > self.before_t - DEAD_S)
        return max(amps, *followed, key=abs)

    def may_flow_a(self, now: float, zero_t: float) -> float:
        """The largest current, without its sign, that a converter which follows its orders may still give: it comes
        down from every order that this class heard, the last of which the caller replaced by 0 A at zero_t."""
        last_end_t = zero_t if self.asked[-1][0] <= zero_t else math.inf
        falls_s = ((asked_a, now - DEAD_S - min(end_t, last_end_t)) for asked_a, end_t in self._orders())
        return max(abs(asked_a) - FALL_A_S * max(0.0, fall_s) for asked_a, fall_s in falls_s)

    def _orders(self) -> Iterator[tuple[float, float]]:
        """Each order in A, and when another one replaced it; infinity for the last."""
        ends = [ended_t for ended_t, _ in self.asked[1:]] + [math.inf]
        return zip((asked_a for _, asked_a in self.asked), ends, strict=True)


def _is_set_amps(data: bytes) -> bool:
    return data[1] == pre.SET_AMPS.index & 0xFF and data[2] == pre.SET_AMPS.index >> 8 and data[3] == pre.SET_AMPS.sub


def _tenths(data: bytes) -> float:
    return int.from_bytes(data[4:6], "little", signed=True) / pre.AMPS.per_unit
