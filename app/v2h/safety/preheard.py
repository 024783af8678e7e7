"""What guard and make-safe know of the converter, from the frames on its bus alone: charger's polls and their own.

Only answers are believed: a write that was sent is nothing until it is read back.
"""

import math
from dataclasses import dataclass

from v2h.canframe import Frame
from v2h.pre import objects as pre

_AMPS_ANSWER = bytes((0x4B, pre.AMPS.index & 0xFF, pre.AMPS.index >> 8, pre.AMPS.sub))
_SET_ANSWER = bytes((0x4B, pre.SET_AMPS.index & 0xFF, pre.SET_AMPS.index >> 8, pre.SET_AMPS.sub))


@dataclass(slots=True)
class PreHeard:
    """amps_a: measured (2108), set_a: current setpoint as read back (210A), + charging; *_t: when heard, monotonic s.

    asked_a: the newest current that somebody else wrote to 210A. The measured one follows it at 30 A/s: a small
    measurement is no small current while more is asked for.
    answers: how many frames the converter has sent; a change means that it is ready for the next request.
    """

    amps_a: float = math.nan
    amps_t: float = -math.inf
    set_a: float = math.nan
    set_t: float = -math.inf
    asked_a: float = 0.0
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
            self.asked_a = _tenths(frame.data)
            return self.asked_a
        return None

    def amps(self, now: float, max_age_s: float, since: float = -math.inf) -> float | None:
        """Measured current if heard at most max_age_s ago and after `since`; else None: old data is not data."""
        return self.amps_a if self.amps_t > since and now - self.amps_t <= max_age_s else None

    def amps_soon(self, now: float, max_age_s: float) -> float | None:
        """The larger of measured and asked current, or None when the measured one is too old."""
        amps = self.amps(now, max_age_s)
        return None if amps is None else max(amps, self.asked_a, key=abs)


def _is_set_amps(data: bytes) -> bool:
    return data[1] == pre.SET_AMPS.index & 0xFF and data[2] == pre.SET_AMPS.index >> 8 and data[3] == pre.SET_AMPS.sub


def _tenths(data: bytes) -> float:
    return int.from_bytes(data[4:6], "little", signed=True) / pre.AMPS.per_unit
