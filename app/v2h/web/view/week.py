"""The next seven days of the schedule as rows of a picture: one row a day, midnight to midnight by the wall clock."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from v2h.bus.sentences import Sentence, say
from v2h.web.view import labels

DAY_S = 86400
DAYS = 7
"""Today and six more. The preview ends in the midst of the eighth day."""


def week(preview: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Days in order, each {"day": text, "parts": [{"x", "width" (s of the day), "mode", "text", "whole", "why"}]}.

    text: what is done at which time of this day. whole: the same with the part's own start and end; "" on the days
    after its first.

    preview: as in ManagerSchedule; a part that cannot be read is left out. On a day when the clocks change, the picture
    keeps the hours of the wall clock: parts in the repeated hour overlap, and the skipped hour stays empty.
    """
    days: dict[date, list[dict[str, Any]]] = {}
    for part in preview:
        try:
            start, end = datetime.fromisoformat(part["start"]), datetime.fromisoformat(part["end"])
        except (KeyError, TypeError, ValueError):
            continue
        mode, why = str(part.get("mode", "")), part.get("why", "")
        for day, from_s, to_s in _by_day(start, end):
            text = _said(part, f"{start:%H:%M}" if from_s else "00:00", f"{end:%H:%M}" if to_s < DAY_S else "24:00")
            until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %H:%M}"
            whole = _said(part, f"{start:%H:%M}", until) if day == start.date() else ""
            row = {"x": from_s, "width": to_s - from_s, "mode": mode, "text": text, "whole": whole, "why": why}
            days.setdefault(day, []).append(row)
    return [
        {"day": say("page.when", when=f"{day:%a} {day.day} {day:%b}"), "parts": parts}
        for day, parts in sorted(days.items())
    ][:DAYS]


def _said(part: Mapping[str, Any], start: str, end: str) -> Sentence:
    mode = str(part.get("mode", ""))
    return say("page.part", start=start, end=end, mode=labels.MODES.get(mode, mode), how=_how(part))


def _how(part: Mapping[str, Any]) -> Sentence | str:
    amps, limit = part.get("amps"), part.get("soc_limit_pct")
    if amps and limit:
        return say("page.part_with_to", amps=amps, soc_pct=limit)
    if amps:
        return say("page.part_with", amps=amps)
    return say("page.part_to", soc_pct=limit) if limit else ""


def _by_day(start: datetime, end: datetime) -> Iterable[tuple[date, int, int]]:
    """(day, first second, last second) for each day that the part touches, by the wall clock."""
    day = start.date()
    while day <= end.date():
        from_s = _second(start) if day == start.date() else 0
        to_s = _second(end) if day == end.date() else DAY_S
        if to_s > from_s:
            yield day, from_s, to_s
        day += timedelta(days=1)


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
