"""`v2h trips`: shows the coming trips, adds one ("Fri 06:00", 90 %), or loads those of a calendar file."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from v2h.arguments import number
from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.commands.clock import time_there
from v2h.commands.schedule import from_file
from v2h.config.bounds import SOC
from v2h.energy.calendar_file import CalendarError, read_trips
from v2h.energy.walltime import DAYS, at_second

NEEDS = {"show": (), "add": ("when", "soc"), "load": ("when",), "clear": ()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h trips`."""
    parser.add_argument("what", choices=NEEDS, nargs="?", default="show", help="clear: no trip of a calendar any more")
    parser.add_argument("when", nargs="?", help="add: “Fri 06:00” or an ISO time; load: an .ics file, - for stdin")
    parser.add_argument("soc", type=number(SOC), nargs="?", help="add: state of charge in %%")
    parser.add_argument("--soc", type=number(SOC), dest="usual", help="load: %% where an event names none")
    parser.add_argument("--name", help="add: name of the trip")
    add_api_arguments(parser, 'v2h trips add "Fri 06:00" 90 && v2h trips load calendar.ics --soc 80')


def run(args: argparse.Namespace) -> int:
    """Run the action. Returns 0. Raises CommandError for a refusal."""
    given = [name for name in ("when", "soc") if getattr(args, name) is not None]
    if given != list(NEEDS[args.what]):
        raise CommandError(f"{args.what} takes {' and '.join(NEEDS[args.what]) or 'nothing else'}", 2)
    api = Api(args.host)
    if args.what == "show":
        known = api.get("schedule", "schedule")["schedule"]
        found = {key: [row for row in known.get(key, []) if "date" in row or "at" in row] for key in KEYS}
        print(json.dumps(found) if args.json else trips_text(found))
        return 0
    answer = _add(api, args) if args.what == "add" else _replace(api, args)
    print(json.dumps(answer) if args.json else answer.get("text", "done"))
    return 0


KEYS = ("ready_by", "trips")


def trips_text(found: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """One line for each trip."""
    rows = [(row["at"] if "at" in row else f"{row['date']}T{row['time']}", row) for key in KEYS for row in found[key]]
    rows.sort(key=itemgetter(0))
    return "\n".join(f"{at:25}  {row['soc_pct']:g} %  {row.get('name', '')}".rstrip() for at, row in rows) or "no trips"


def _add(api: Api, args: argparse.Namespace) -> dict[str, Any]:
    known = api.get("schedule", "schedule")
    document = known["schedule"] or {"version": 1}
    now, tz = time_there(api.get("state", "view"))
    day, clock = moment(args.when, now, tz)
    entry = {"date": day, "time": clock, "soc_pct": args.soc} | ({"name": args.name} if args.name else {})
    ready_by = [*document.get("ready_by", []), entry]
    return api.post(
        "command/schedule",
        {"schedule": {**document, "ready_by": ready_by}, "replaces": known.get("revision")},
    )


def _replace(api: Api, args: argparse.Namespace) -> dict[str, Any]:
    if args.what == "clear":
        return api.post("trips", {"trips": []})
    name, text = from_file(args.when)
    _, tz = time_there(api.get("state", "view"))
    try:
        found = read_trips(text, datetime.now(UTC), tz, args.usual)
    except CalendarError as error:
        raise CommandError(f"{name}: {error}", 2) from error
    answer = api.post("trips", {"trips": [trip.as_json(tz) for trip in found.trips]})
    left_out = [str(why) for why in found.not_used()]
    text = f"{answer.get('text', 'done')} Left out: {', '.join(left_out)}." if left_out else answer.get("text", "done")
    return {**answer, "text": text, "left_out": left_out}


def moment(text: str, now: datetime, tz: ZoneInfo) -> tuple[str, str]:
    """Date and time of day of “Fri 06:00” (its next occurrence after `now`) or of an ISO time, in local time of `tz`.
    Raises CommandError."""
    try:
        day_word, _, clock = text.rpartition(" ")
        if day_word:
            weekday = DAYS.index(day_word[:3].lower())
            time = datetime.strptime(clock, "%H:%M").time()
            today = now.astimezone(tz).date()
            days = [today + timedelta(n) for n in range(8) if (today + timedelta(n)).weekday() == weekday]
            second = time.hour * 3600 + time.minute * 60
            return next((f"{day}", f"{time:%H:%M}") for day in days if at_second(day, second, tz) > now)
        then = datetime.fromisoformat(text)
        there = then if then.tzinfo is None else then.astimezone(tz)
        return f"{there:%Y-%m-%d}", f"{there:%H:%M}"
    except (ValueError, OverflowError):
        raise CommandError(f"{text!r} is neither “Fri 06:00” nor an ISO time such as 2026-12-24T06:00", 2) from None
