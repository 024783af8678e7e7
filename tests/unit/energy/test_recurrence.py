"""The days of an event that repeats, and that no rule takes long."""

from datetime import date, timedelta

import pytest

from v2h.energy.recurrence import RuleError, days, read_rule

FIRST = date(2026, 11, 24)  # a Tuesday, the last one of November


def of(text: str, first: date = FIRST, since: date = FIRST, ahead: int = 62) -> list[str]:
    return [f"{day:%m-%d}" for day in days(read_rule(text), first, since, since + timedelta(days=ahead))]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["11-24", "11-25", "11-26"]),
        ("FREQ=DAILY;INTERVAL=20", ["11-24", "12-14", "01-03", "01-23"]),
        ("FREQ=DAILY;BYDAY=MO,SU;COUNT=2", ["11-29", "11-30"]),
        ("FREQ=WEEKLY;COUNT=3", ["11-24", "12-01", "12-08"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=4", ["11-25", "11-27", "11-30", "12-02"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;COUNT=4", ["11-24", "11-29", "12-08", "12-13"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4", ["11-24", "12-06", "12-08", "12-20"]),
        ("FREQ=MONTHLY", ["11-24", "12-24", "01-24"]),
        ("FREQ=MONTHLY;BYDAY=-1TU", ["11-24", "12-29"]),
        ("FREQ=MONTHLY;BYDAY=1MO,+3TH", ["12-07", "12-17", "01-04", "01-21"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15", ["11-30", "12-15", "12-31", "01-15"]),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=1SA", ["12-05"]),
        ("FREQ=YEARLY", ["11-24"]),
        ("FREQ=YEARLY;BYMONTHDAY=30", ["11-30"]),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", []),
    ],
)
def test_the_days_on_which_a_rule_holds(rule: str, expected: list[str]) -> None:
    assert of(rule) == expected


def test_a_count_counts_from_the_first_day_and_not_from_today() -> None:
    assert of("FREQ=WEEKLY;COUNT=3", since=date(2026, 12, 2)) == ["12-08"]
    assert of("FREQ=WEEKLY;COUNT=3", since=date(2027, 12, 2)) == []
    assert of("FREQ=DAILY;COUNT=100000", first=date(1990, 1, 1)) == [], "bounded"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "FREQ = '' is not one of DAILY"),
        ("FREQ=SECONDLY", "FREQ = 'SECONDLY'"),
        ("FREQ=DAILY;BYHOUR=1", "BYHOUR is not one of"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS is not one of"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY = 1MO is not handled with WEEKLY"),
        ("FREQ=YEARLY;BYDAY=MO", "BYDAY = MO is not handled with YEARLY"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL = 0 is not from 1 to 1000"),
        ("FREQ=WEEKLY;BYDAY=XX", "'XX' is not a weekday"),
        ("FREQ=WEEKLY;COUNT=99999999", "COUNT = 99999999 is not from 1"),
    ],
)
def test_a_rule_that_is_not_handled_says_what(rule: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule(rule)
    assert says in str(caught.value)
