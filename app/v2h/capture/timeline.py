"""The times of a capture's frames: what loggers do to them, and the order that the frames had. Pure.

A time that cannot be believed never changes the order of the frames: then the order of the file is kept, and a remark
says so. Only small steps back are sorted: where two buses interleave, vendor capture CAP1 has 198 of them, of up to
9 ms.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter
from statistics import median

from v2h.canframe import Frame
from v2h.capture.lines import Raw
from v2h.chademo.frames import FRAME_TYPE

RESTART_US = 1_000_000
"""A step back of more than this is a clock that was set or restarted, or a counter that has run over."""
CYCLE_US = 100_000
"""From one 0x102 to the next, assumed where the file has no times."""
SLOT_US = 1_000
AT_ONCE = 50
"""More frames than this cannot have come at the same time: they take 12 ms on the bus."""
MILLISECONDS_BELOW = 5_000
"""The spacing of a CHAdeMO id is 41 to 225 ms at the cars that are known. A number below this counts milliseconds."""
STEPS_BACK = 0.05
PROGRESS = 0.2
"""Times that are distances between frames: more than 5 % of the steps go back, and from first to last they advance by
less than a fifth of the way they go up and down. CAP1: 1.8 % of the steps, and nearly all of the way."""


def in_order(raws: Sequence[Raw], *, unit_known: bool = True) -> tuple[list[Frame], list[str]]:
    """(frames in order with t from 0, one remark for each thing that was wrong with the times of the file)."""
    times, remarks = _believable([raw.micros for raw in raws], raws, unit_known)
    ordered = sorted(zip(times, raws, strict=True), key=itemgetter(0))
    start = ordered[0][0] if ordered else 0
    return [Frame((t - start) / 1e6, raw.can_id, raw.data, raw.bus) for t, raw in ordered], remarks


def _believable(given: list[int | None], raws: Sequence[Raw], unit_known: bool) -> tuple[list[int], list[str]]:
    told = [t for t in given if t is not None]
    if len(told) < len(given) or (len(told) > AT_ONCE and len(set(told)) == 1):
        return _counted(raws), [
            "the file has no usable times: the order is that of the file, and 0.1 s is assumed from each 0x102 to the"
            " next"
        ]
    remarks = []
    if not unit_known and _milliseconds(raws):
        told = [t * 1000 for t in told]
    if _distances(told):
        remarks.append("the times are distances from frame to frame (candump -td): they were added up")
        told = _added(told)
    told, restarts = _continued(told)
    if restarts:
        times = "once" if restarts == 1 else f"{restarts} times"
        remarks.append(
            f"the clock of the logger steps back {times}: the order of the file is kept, and time goes on from the last"
            " good value"
        )
    return told, remarks


def _counted(raws: Sequence[Raw]) -> list[int]:
    """Times by position: a cycle begins at each 0x102, and its frames follow at 1 ms."""
    times, cycle_us, slot = [], 0, 0
    for raw in raws:
        if raw.can_id == 0x102:
            cycle_us, slot = cycle_us + CYCLE_US, 0
        times.append(cycle_us + min(slot * SLOT_US, CYCLE_US - SLOT_US))
        slot += 1
    return times


def _milliseconds(raws: Sequence[Raw]) -> bool:
    last: dict[int, int] = {}
    spacings = []
    for raw in raws:
        if raw.can_id in FRAME_TYPE and raw.micros is not None:
            if raw.can_id in last:
                spacings.append(raw.micros - last[raw.can_id])
            last[raw.can_id] = raw.micros
    return bool(spacings) and median(spacings) < MILLISECONDS_BELOW


def _distances(times: list[int]) -> bool:
    steps = [after - before for before, after in pairwise(times)]
    back = sum(step < 0 for step in steps)
    way_us = sum(map(abs, steps))
    return back > STEPS_BACK * len(steps) and abs(times[-1] - times[0]) < PROGRESS * way_us


def _added(distances: list[int]) -> list[int]:
    times, now = [], 0
    for distance in distances:
        now += distance
        times.append(now)
    return times


def _continued(given: list[int]) -> tuple[list[int], int]:
    """(times that go on from the last good value where the clock steps back, how often it does)."""
    times: list[int] = []
    restarts = offset = latest = 0
    for t in given:
        if times and t + offset < latest - RESTART_US:
            offset = latest - t
            restarts += 1
        times.append(t + offset)
        latest = max(latest, times[-1])
    return times, restarts
