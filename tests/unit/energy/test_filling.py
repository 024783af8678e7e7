"""What the plan fills of the schedule, and when the schedule takes over again."""

from datetime import UTC, datetime, timedelta

from v2h.energy.filling import filled
from v2h.energy.readyby import CarNow, need_s
from v2h.energy.schedule import Part, Want

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CAR = CarNow(50.0, 40.0)


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def planned(begin: float, end: float, mode: str = "discharge") -> Part:
    return Part(at(begin), at(end), Want(mode), planned=True)


def said(parts: list[Part]) -> list[tuple[float, float, str]]:
    def hour(moment: datetime) -> float:
        return round((moment - NOON) / timedelta(hours=1), 6)

    return [(hour(part.start), hour(part.end), part.want.mode) for part in parts]


def test_it_fills_the_time_without_an_entry_and_nothing_else() -> None:
    schedule = [
        Part(at(0), at(2), Want("v2h")),
        Part(at(2), at(3), Want("solar"), "window"),
        Part(at(3), at(9), Want("v2h")),
    ]
    found = filled(schedule, [planned(1, 4), planned(5, 6, "charge")], CAR)
    assert said(found) == [
        (0, 1, "v2h"), (1, 2, "discharge"), (2, 3, "solar"), (3, 4, "discharge"), (4, 5, "v2h"), (5, 6, "charge"),
        (6, 9, "v2h"),
    ]  # fmt: skip
    assert filled(schedule, [], CAR) == schedule


def test_a_charge_for_a_target_is_the_plans_until_only_just_enough_time_is_left() -> None:
    target = at(8)
    part = Part(at(0), at(8), Want("charge", soc_limit_pct=80.0), "ready by", target=target)
    must = round(8 - need_s(CAR, 80.0, None) / 3600, 6)
    found = filled([part], [planned(0, 9, "idle")], CAR)
    assert said(found) == [(0, must, "idle"), (must, 8, "charge")]
    assert found[1].target == target


def test_a_charge_for_a_target_that_has_begun_goes_on() -> None:
    target = at(8)
    part = Part(at(0), at(8), Want("charge", soc_limit_pct=80.0), "ready by", target=target)
    busy = CarNow(50.0, 40.0, busy_until=target)
    assert filled([part], [planned(0, 9, "idle")], busy) == [part]
