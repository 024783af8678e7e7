"""`v2h plan`: shows the plan by prices, or makes one now, also while it is off: a dry run."""

import argparse
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments

ON, OFF = "The plan is on.", "The plan is off; this is what it would do. Turn it on: v2h settings plan=true"
NONE = "No plan was made. Make one: v2h plan run"
HEAD = f"{'from':17}{'to':7}{'the car':11}{'import':>8}{'export':>8}  {'car kW':>7}{'grid kW':>9}{'then %':>8}  why"
EXPECTED = "* not known yet: the mean of the days before"
LEAST_KWH = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h plan`."""
    parser.add_argument("what", choices=("show", "run"), nargs="?", default="show", help="run: make one now")
    add_api_arguments(parser, "v2h plan run")


def run(args: argparse.Namespace) -> int:
    """Run the action. Returns 0. Raises CommandError for a refusal."""
    api = Api(args.host)
    if args.what == "run":
        api.post("command/plan", {})
    known = api.get("plan", "plan")
    print(json.dumps(known) if args.json else plan_text(known["plan"]))
    return 0


def plan_text(plan: Mapping[str, Any]) -> str:
    """A line for each span in which the car does the same at the same price, and the money."""
    if plan["trouble"] or not plan["acts"]:
        return str(plan["trouble"] or NONE)
    lines = [ON if plan["on"] else OFF, *([plan["assumed"]] if plan["assumed"] else []), "", HEAD]
    lines += [_line(plan, first, last) for first, last in _spans(plan)]
    lines += [EXPECTED] if plan["known"] < len(plan["acts"]) else []
    costs = f"expected cost {plan['cost']:.2f}, without a plan {plan['cost_without']:.2f}: saves {plan['saved']:.2f}"
    missed = [f"targets lack {plan['missed_kwh']:.1f} kWh"] if plan["missed_kwh"] >= LEAST_KWH else []
    return "\n".join([*lines, "", costs, *missed])


def _spans(plan: Mapping[str, Any]) -> list[tuple[int, int]]:
    """First and last slot of each span with one act and one price."""
    keys = [*zip(plan["acts"], plan["import_price"], plan["export_price"], strict=True)]
    begins = [n for n in range(len(keys)) if n in (0, plan["known"]) or keys[n] != keys[n - 1]]
    return [(begin, end - 1) for begin, end in zip(begins, [*begins[1:], len(keys)], strict=True)]


def _line(plan: Mapping[str, Any], first: int, last: int) -> str:
    start, step = datetime.fromisoformat(plan["start"]), timedelta(minutes=plan["step_min"])
    begin, end = ((start + step * n).astimezone() for n in (first, last + 1))

    def mean_kw(name: str) -> float:
        return float(sum(plan[name][first : last + 1])) / (last + 1 - first) / 1000

    mark = "*" if first >= plan["known"] else " "
    prices = f"{plan['import_price'][first]:8.3f}{plan['export_price'][first]:8.3f}{mark} "
    powers = f"{mean_kw('power_w'):7.2f}{mean_kw('grid_w'):9.2f}{plan['soc_pct'][last]:8.0f}"
    return f"{begin:%a %d %b %H:%M}  {end:%H:%M}  {plan['acts'][first]:11}{prices}{powers}  {plan['why'][first]}"
