"""A capture cut into the sessions of a car, and a session into the phases that the charger's signals lead to. Pure.

What a car does follows d1, d2, the contactors and 109.5 of its charger, and not a clock. So the frames of a phase can
be played to another charger as soon as that one has led the car to the phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from itertools import pairwise
from statistics import median

from v2h.canframe import Frame
from v2h.chademo import frames
from v2h.chademo.frames import X102, X109

ASLEEP_S = 5.0
"""A car that is silent for longer has ended its session."""
BEFORE_FIRST_S = 1.0
"""Frames of the charger and the converter from this long before the car's first belong to its session."""
HOLE_S = 0.5
"""A logger that records nothing at all for longer than this has lost frames: a bus with a car has 50 a second."""
FIRST_S = 1.0
"""In its first second a car that is just awake neither permits with closed contactors nor sees a live cable."""
LIVE_V = 100.0
EMPTY_V = 20.0
BATTERY_V = 150.0
"""Below: 0x109 does not show a battery."""
LEAST_A = 1
"""An i-MiEV asks for this from its first frame to its last."""
FIRST_READINGS = 10
"""As many readings from the start of the current show nearly the battery's voltage at rest."""
CLOSES_BEFORE_ASKING_S = 1.0
"""Assumed where nothing in the capture shows when the contactors closed."""


class Phase(IntEnum):
    """The phases of a car's session, in order. From each the car may go on to STOP."""

    HELLO = auto()
    """From d1 to its permission (102.5.0 = 1)."""
    PERMITTED = auto()
    """Until it closes its contactors, which d2 asks for."""
    CLOSED = auto()
    """Until it asks for current: 0x109 must show the battery's voltage."""
    FLOW = auto()
    """Until its permission ends: by itself, or because 109.5 asks for it."""
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Recording:
    """One session of a car. parts: phase -> the car's frames, t from the start of the phase; a phase that the capture
    does not contain is missing.

    flagged: 102.5.3 follows the contactors. battery_v: at rest; None where the capture does not show it. falls_silent:
    the car stops sending before the capture ends.
    """

    parts: dict[Phase, list[Frame]]
    flagged: bool
    battery_v: float | None
    falls_silent: bool
    lasts_s: float


def sessions(capture: Sequence[Frame]) -> list[list[Frame]]:
    """The capture, cut where a car wakes up again. t from 0 in each part; at least one part."""
    car_t = [frame.t for frame in capture if frame.can_id in frames.CAR_IDS]
    starts = [after - BEFORE_FIRST_S for before, after in pairwise(car_t) if after - before > ASLEEP_S]
    edges = [float("-inf"), *starts, float("inf")]
    parts = [[frame for frame in capture if begin <= frame.t < end] for begin, end in pairwise(edges)]
    return [list(capture)] if len(parts) == 1 else [_from_zero(part) for part in parts]


def without_holes(capture: Sequence[Frame]) -> tuple[list[Frame], int]:
    """(the frames, as if the logger had lost none where it recorded nothing at all; how many holes there were)."""
    lost_s, holes, whole = 0.0, 0, list(capture[:1])
    for before, after in pairwise(capture):
        if after.t - before.t > HOLE_S:
            lost_s += after.t - before.t - HOLE_S / 5
            holes += 1
        whole.append(after._replace(t=after.t - lost_s))
    return whole, holes


def begins_in_the_middle(capture: Sequence[Frame]) -> bool:
    """The car's contactors are closed, or it asks for current, when the capture begins."""
    car, evse = _heard(capture)
    start = car[0][0] if car else 0.0
    said = [x102 for t, x102 in car if t < start + FIRST_S]
    shown = [x109 for t, x109 in evse if t < start + FIRST_S]
    if not said or not said[0].charging_enabled:
        return False
    closed = said[0].protocol >= 2 and not said[0].contactors_open
    asks = any(x102.charge_current_request_a > LEAST_A for x102 in said)
    return closed or asks or any(x109.charging or x109.present_v > LIVE_V for x109 in shown)


def phases(capture: Sequence[Frame]) -> Recording:
    """Cut one session (see sessions()) into its phases. It must have frames of a car."""
    spoken = [frame for frame in capture if frame.can_id in frames.CAR_IDS]
    car, evse = _heard(capture)
    last_t = spoken[-1].t
    starts: dict[Phase, float] = {Phase.HELLO: spoken[0].t}
    permitted = [(t, x102) for t, x102 in car if x102.charging_enabled]
    flagged = False
    if permitted:
        begin, first = permitted[0]
        starts[Phase.PERMITTED] = begin
        stop = next((t for t, x102 in car if t > begin and not x102.charging_enabled), float("inf"))
        flagged = first.protocol >= 2 and first.contactors_open
        asks = next((t for t, x102 in car if begin <= t < stop and _asks(x102)), None)
        closes = _closes(begin, [(t, x102) for t, x102 in car if begin <= t < stop], evse, flagged, asks)
        if closes is not None:
            starts[Phase.CLOSED] = closes
            asks = next((t for t, x102 in car if closes <= t < stop and _asks(x102)), None)
            if asks is not None:
                starts[Phase.FLOW] = asks
        if stop < float("inf"):
            starts[Phase.STOP] = stop
    begun = sorted(starts.items())
    ends = [t for _, t in begun[1:]] + [float("inf")]
    parts = {
        phase: _from_zero([frame for frame in spoken if begin <= frame.t < end], begin)
        for (phase, begin), end in zip(begun, ends, strict=True)
    }
    falls_silent = capture[-1].t - last_t > BEFORE_FIRST_S
    battery_v = _battery_v(evse, starts.get(Phase.CLOSED), starts.get(Phase.FLOW))
    return Recording(parts, flagged, battery_v, falls_silent, last_t - spoken[0].t)


def _heard(capture: Sequence[Frame]) -> tuple[list[tuple[float, X102]], list[tuple[float, X109]]]:
    """(0x102 of the car, 0x109 of its charger), each with its time."""
    car: list[tuple[float, X102]] = []
    evse: list[tuple[float, X109]] = []
    for frame in capture:
        if frame.can_id in (0x102, 0x109):
            said = frames.decode(frame.can_id, frame.data)
            if isinstance(said, X102):
                car.append((frame.t, said))
            elif isinstance(said, X109):
                evse.append((frame.t, said))
    return car, evse


def _asks(x102: X102) -> bool:
    return x102.charge_current_request_a > 0


def _closes(
    begin: float,
    car: Sequence[tuple[float, X102]],
    evse: Sequence[tuple[float, X109]],
    flagged: bool,
    asks: float | None,
) -> float | None:
    """When the contactors close: by the car's flag; else when the cable is live again after the insulation test; else
    shortly before the car asks for current. None: the capture does not contain it."""
    if flagged:
        return next((t for t, x102 in car if not x102.contactors_open), None)
    t: float | None = begin
    for live in (True, False, True):
        t = _first(evse, t, live) if t is not None else None
    if t is not None:
        return t
    return None if asks is None else max(begin, asks - CLOSES_BEFORE_ASKING_S)


def _first(evse: Sequence[tuple[float, X109]], begin: float, live: bool) -> float | None:
    """When 0x109 first shows a live (or an empty) cable from `begin` on."""
    return next(
        (t for t, x109 in evse if t >= begin and (x109.present_v > LIVE_V if live else x109.present_v < EMPTY_V)), None
    )


def _battery_v(evse: Sequence[tuple[float, X109]], closes: float | None, asks: float | None) -> float | None:
    seen = [(t, x109) for t, x109 in evse if x109.present_v > BATTERY_V]
    flowing = [x109.present_v for t, x109 in seen if asks is not None and t >= asks and x109.present_a > 0]
    standing = [x109.present_v for t, x109 in seen if closes is not None and t >= closes]
    readings = (flowing or standing)[:FIRST_READINGS]
    return float(median(readings)) if readings else None


def _from_zero(part: Sequence[Frame], begin: float | None = None) -> list[Frame]:
    start = begin if begin is not None else part[0].t if part else 0.0
    return [frame._replace(t=frame.t - start) for frame in part]
