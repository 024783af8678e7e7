"""`v2h log` and `v2h energy`: print the events, and the totals of energy per day, also as CSV.

Times and days are local to the charger's zone, which the output names; --json prints the API's UTC.
"""

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from v2h.bus.messages import LEVELS
from v2h.bus.states import STATE_EVENT
from v2h.checks import finite
from v2h.commands import CommandError
from v2h.commands.api import Api, UnansweredError
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.commands.clock import local_text, zone_there
from v2h.web.view.logrows import event_words

TOTALS = (
    ("charged", "charged_wh"),
    ("discharged", "discharged_wh"),
    ("imported", "imported_wh"),
    ("exported", "exported_wh"),
)
COLUMNS = (
    *((f"{name} (kWh)", key, 1000) for name, key in TOTALS),
    ("saved ({currency})", "saved", 1),
    ("energy flow (h)", "energy_s", 3600),
    ("car battery lowest (%)", "soc_min_pct", 1),
    ("car battery highest (%)", "soc_max_pct", 1),
    ("grid not measured (h)", "grid_missed_s", 3600),
    ("charger not measured (h)", "charger_missed_s", 3600),
    ("cost of charging ({currency})", "cost", 1),
    ("into the battery (kWh)", "battery_in_wh", 1000),
    ("out of the battery (kWh)", "battery_out_wh", 1000),
    ("mains side estimated (h)", "estimated_s", 3600),
)
"""Of the CSV, after the day: title, key of the API, and how much of the API's unit makes one of the title's."""


ROWS = ("day", "month", "year", "session")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h log` and `v2h energy`; the parser's name shows which of the two it is."""
    if parser.prog.endswith("log"):
        parser.add_argument("--limit", type=int, default=50, help="how many of the newest events (50)")
        parser.add_argument("--level", choices=LEVELS, help="at least this level")
        add_api_arguments(parser, "v2h log --level fault --limit 10")
    else:
        parser.add_argument("--days", type=int, default=7, help="how many of the last days, or of --by (7)")
        parser.add_argument("--by", choices=ROWS, default=ROWS[0], help="what a row is (day)")
        parser.add_argument("--delete", metavar="DAY", help="delete the totals of this day, such as 2026-11-22")
        parser.add_argument("--csv", metavar="FILE", help="write them as CSV; - is standard output")
        add_api_arguments(
            parser, "v2h energy --days 365 --csv year.csv; v2h energy --by month; v2h energy --by session"
        )


def run(args: argparse.Namespace) -> int:
    """Print the events or the totals. Returns 0. Raises CommandError when the appliance refuses."""
    (_log if args.command == "log" else _energy)(args, Api(args.host))
    return 0


def _log(args: argparse.Namespace, api: Api) -> None:
    answer = api.get("log", "events", limit=args.limit, level=args.level)
    print(json.dumps(answer, indent=1) if args.json else log_text(answer["events"], zone_there(api)))


def _energy(args: argparse.Namespace, api: Api) -> None:
    if args.delete is not None:
        print(api.post("command/delete-day", {"day": args.delete})["text"])
        return
    if args.csv is not None and args.json:
        raise CommandError("--csv and --json are two forms of the same numbers: choose one", 2)
    if args.by == "session":
        answer = api.get("sessions", "sessions", limit=args.days)
        _sessions(args, api, answer)
        return
    answer = api.get("energy", "days", days=args.days, by=None if args.by == "day" else args.by)
    if args.json:
        print(json.dumps(answer, indent=1))
    elif args.csv is None:
        print(energy_text(answer["days"], _currency(api)))
    else:
        _write(args.csv, energy_csv(answer["days"], zone_there(api), _currency(api)))


def _write(name: str, text: str) -> None:
    """To the file, or for - to standard output."""
    if name == "-":
        print(text, end="")
        return
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", 2) from error


def _sessions(args: argparse.Namespace, api: Api, answer: Mapping[str, Any]) -> None:
    if args.json:
        print(json.dumps(answer, indent=1))
    elif args.csv is None:
        print(sessions_text(answer["sessions"], zone_there(api), _currency(api)))
    else:
        _write(args.csv, sessions_csv(answer["sessions"], zone_there(api), _currency(api)))


def log_text(events: Sequence[Mapping[str, Any]], tz: tzinfo) -> str:
    """One line per event, oldest first, as people read a log; ? before a time that was not known to be right."""
    lines = [
        f"{' ' if event.get('synchronised') else '?'}{_local(event.get('at'), tz):24} {event.get('level', ''):8}"
        f"{event.get('source', ''):9}{_said(event)}"
        for event in reversed(events)
    ]
    return "\n".join([f" Times are local to {tz}.", *lines]) if lines else "no events"


def _said(event: Mapping[str, Any]) -> str:
    """Its text; of a session's state what the page shows, since many states have the same reason."""
    text = str(event.get("text", ""))
    if event.get("code") != STATE_EVENT:
        return text
    return event_words(STATE_EVENT, str(event.get("level")), text, event.get("values") or {})


def _local(at: object, tz: tzinfo) -> str:
    """The ISO time `at` in this zone; `at` unchanged if it is not a time."""
    try:
        return local_text(datetime.fromisoformat(str(at)), tz)
    except (ValueError, OverflowError):
        return str(at or "")


def energy_text(days: Sequence[Mapping[str, Any]], currency: str) -> str:
    """A table in kWh and money, in the order of the API (oldest first); "-" where nothing was measured."""
    if not days:
        return "nothing is counted yet"
    saved = f"saved {currency}".rstrip()
    lines = ["kWh         " + "".join(f"{name:>12}" for name in (*(name for name, _ in TOTALS), saved))]
    for day in days:
        cells = [*(_cell(day.get(key), 1000, 2) for _, key in TOTALS), _cell(day.get("saved"), 1, 2)]
        lines.append(f"{day.get('day', ''):12}" + "".join(f"{cell or '-':>12}" for cell in cells))
    return "\n".join(lines)


def sessions_text(sessions: Sequence[Mapping[str, Any]], tz: tzinfo, currency: str) -> str:
    """A line for each session, newest first; ~ before what is estimated."""
    if not sessions:
        return "no session is counted yet"
    lines = [f"{f'began ({tz})':28}{'min':>7}{'in kWh':>10}{'out kWh':>10}{'cost':>9}{'saved':>9} {currency}".rstrip()]
    for row in sessions:
        about = "~" if row.get("estimated") else ""
        cells = [_cell(row.get(key), unit, digits) or "-" for key, unit, digits in SESSION_CELLS]
        marked = [f"{about}{cell}" if cell != "-" else cell for cell in cells]
        numbers = "".join(f"{cell:>{width}}" for cell, width in zip(marked, (10, 10, 9, 9), strict=True))
        lasted = _cell(row.get("lasted_s"), 60, 0) or "-"
        lines.append(f"{_local(row.get('at'), tz):28}{lasted:>7}{numbers} {row.get('why') or ''}".rstrip())
    return "\n".join(lines)


SESSION_CELLS = (("charged_wh", 1000, 2), ("discharged_wh", 1000, 2), ("cost", 1, 2), ("saved", 1, 2))
"""Key, divisor, digits."""


def sessions_csv(sessions: Sequence[Mapping[str, Any]], tz: tzinfo, currency: str) -> str:
    """The same by RFC 4180."""
    text, money = io.StringIO(), currency or "money"
    writer = csv.writer(text)
    titles = ["lasted (s)", "charged (kWh)", "discharged (kWh)", f"cost ({money})", f"saved ({money})", "estimated"]
    writer.writerow([f"began ({tz})", *titles, "car battery at begin (%)", "car battery at end (%)", "modes", "why"])
    for row in sessions:
        cells = [_cell(row.get(key), unit, 3) for key, unit, _ in (("lasted_s", 1, 0), *SESSION_CELLS)]
        socs = [_cell(row.get(key), 1, 0) for key in ("soc_begin_pct", "soc_end_pct")]
        words = [row.get("modes") or "", row.get("why") or ""]
        writer.writerow([_local(row.get("at"), tz), *cells, "yes" if row.get("estimated") else "no", *socs, *words])
    return text.getvalue()


def energy_csv(days: Sequence[Mapping[str, Any]], tz: tzinfo, currency: str) -> str:
    """The same rows with every total, by RFC 4180; an empty cell where nothing was measured."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"day ({tz})", *(title.format(currency=currency or "money") for title, _, _ in COLUMNS)])
    for day in days:
        writer.writerow([day.get("day", ""), *(_cell(day.get(key), unit, 3) for _, key, unit in COLUMNS)])
    return text.getvalue()


def _cell(value: object, unit: float, digits: int) -> str:
    return f"{value / unit:.{digits}f}" if finite(value) else ""


def _currency(api: Api) -> str:
    """The owner's currency; "" while manager is silent, which must not cost the totals."""
    try:
        return str(api.get("settings", "settings")["settings"].get("currency") or "")
    except UnansweredError:
        return ""
