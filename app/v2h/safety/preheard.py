"""What guard and make-safe know of the converter, from the frames on its bus alone: charger's polls and their own.

Only answers are believed: a write that was sent is nothing until it is read back.
"""

import math
from dataclasses import dataclass, field

from v2h.canframe import Frame
from v2h.pre import objects as pre

DEAD_S = 0.22
"""So long after a new order the converter may still follow the one before it, and pass through 0 A on its way to the
other side: its dead time of 0.2 s (CAP1), and one step."""
ASKED_S = 1.0
"""What was replaced longer ago is forgotten: no measurement that is still believed is that old."""

_AMPS_ANSWER = bytes((0x4B, pre.AMPS.index & 0xFF, pre.AMPS.index >> 8, pre.AMPS.sub))
_SET_ANSWER = bytes((0x4B, pre.SET_AMPS.index & 0xFF, pre.SET_AMPS.index >> 8, pre.SET_AMPS.sub))


@dataclass(slots=True)
class PreHeard:
    """amps_a: measured (2108), set_a: current setpoint as read back (210A), + charging; *_t: when heard, monotonic s.

    asked: the currents that somebody else wrote to 210A within ASKED_S and the one before, (when, amps), oldest first.
    The measured current follows them at 30 A/s: a small measurement is no small current while more is asked for.
    answers: how many frames the converter has sent; a change means that it is ready for the next request.
    """

    amps_a: float = math.nan
    amps_t: float = -math.inf
    set_a: float = math.nan
    set_t: float = -math.inf
    asked: list[tuple[float, float]] = field(default_factory=lambda: [(-math.inf, 0.0)])
    answers: int = 0

    def hear(self, frame: Frame) -> float | None:
        """Take one frame of the converter's bus; returns the amps of a write to 210A (anybody's), else None.

        Compares bytes before it parses: six of seven frames on this bus are none of ours, and the emulated board is
        slow.
        """
        if len(frame.data) != pre.LENGTH:
            return None
        if frame.can_id == pre.ANSWER_ID:
            self.answers += 1
            head = frame.data[:4]
            if head == _AMPS_ANSWER:
                self.amps_a, self.amps_t = _tenths(frame.data), frame.t
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
        """Measured current if heard at most max_age_s ago and after `since`; else None: old data is not data."""
        return self.amps_a if self.amps_t > since and now - self.amps_t <= max_age_s else None

    def amps_soon(self, now: float, max_age_s: float) -> float | None:
        """The largest of the measured current and those asked for since DEAD_S before that measurement; None when the
        measured one is too old.

        Asking 0 A is not enough: for its dead time the converter goes on towards the order before, in a reversal
        through 0 A (the campaign's seeds 10525 and 17101 opened c1 and c2 at 5.8 and 6.7 A).
        """
        amps = self.amps(now, max_age_s)
        if amps is None:
            return None
        ends = [ended_t for ended_t, _ in self.asked[1:]] + [math.inf]
        followed = (
            asked_a for (_, asked_a), end_t in zip(self.asked, ends, strict=True) if end_t > self.amps_t - DEAD_S
        )
        return max(amps, *followed, key=abs)


def _is_set_amps(data: bytes) -> bool:
    return data[1] == pre.SET_AMPS.index & 0xFF and data[2] == pre.SET_AMPS.index >> 8 and data[3] == pre.SET_AMPS.sub


def _tenths(data: bytes) -> float:
    return int.from_bytes(data[4:6], "little", signed=True) / pre.AMPS.per_unit
