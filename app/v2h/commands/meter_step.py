"""`v2h meter step`: measures a meter's lag, average or filter, and noise by a load that a person switches on."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from v2h.bus.messages import ChargerState, MeterReading
from v2h.bus.states import RESTING
from v2h.commands import CommandError
from v2h.config.meter_kinds import ROLES
from v2h.meters.step import AFTER_S, BEFORE_S, MeterStep, StepError, measured

WAIT_S = 120.0
"""How long a person has time to switch the load."""
HAND_S = 0.2
"""How well a person presses Enter and a switch in the same moment."""
Listen = Callable[[float, dict[str, Callable[[str, bytes], None]], Mapping[int, Callable[[], float]]], None]
PROMPT = f"""Recording. Wait {BEFORE_S + 1:.0f} s. Then switch on a load of 1 kW or more (a kettle), and press
Enter in the same moment. Switch nothing else for {AFTER_S:.0f} s."""


def add_arguments(actions: Any) -> None:
    """Add `step` to the actions of `v2h meter`."""
    step = actions.add_parser(
        "step",
        help="measure a meter's lag, average and noise by a load that you switch on",
        description="Records 20 s around the moment at which you switch on a load, and prints what the meter made of "
        "it, with the line for v2h.toml. The charger must not move power meanwhile.",
        epilog="example: v2h meter step grid",
    )
    step.add_argument("role", nargs="?", choices=ROLES, default="grid", help="the meter (default: grid)")
    step.add_argument("--json", action="store_true", help="one JSON object: shape, time_s, lag_s, noise_w, ...")


def run(args: argparse.Namespace, listen: Listen) -> int:
    """Record and print. Returns 0. Raises CommandError when there is no result."""
    readings: list[tuple[float, float]] = []
    states: list[str] = []
    switched: list[float] = []

    def hear(_: str, payload: bytes) -> None:
        reading = MeterReading.from_json(payload)
        readings.append((reading.t, reading.power_w))

    def pressed() -> float:
        """Enter: take what follows, and then stop."""
        if not sys.stdin.readline():
            raise CommandError("standard input has ended, and no Enter came from it: run this in a terminal", 2)
        if not switched:
            switched.append(time.monotonic())
        return max(0.0, switched[0] + AFTER_S - time.monotonic())

    print(PROMPT, file=sys.stderr)
    topics = {
        MeterReading.TOPIC.format(args.role): hear,
        ChargerState.TOPIC: lambda _, payload: states.append(ChargerState.from_json(payload).state),
    }
    listen(WAIT_S, topics, {sys.stdin.fileno(): pressed})
    if not readings:
        raise CommandError(f"the {args.role} meter told nothing", 1)
    if not switched:
        raise CommandError(f"Enter was not pressed within {WAIT_S:.0f} s", 1)
    if any(state not in RESTING for state in states):
        raise CommandError("the charger was in a session, and the meter shows its power as well: v2h stop first", 1)
    try:
        found = measured(sorted(readings), switched[0])
    except StepError as error:
        raise CommandError(str(error), 1) from error
    print(json.dumps(asdict(found)) if args.json else step_text(args.role, found))
    return 0


def step_text(role: str, found: MeterStep) -> str:
    """What was measured, for people, and what to write into v2h.toml."""
    shape = {
        "step": "it shows each power as it is, without an average that can be seen",
        "average": f"it averages over {found.time_s:g} s (v2h match --meter-average {found.time_s:g})",
        "filter": f"it filters with a time constant of {found.time_s:g} s (v2h match --meter-filter {found.time_s:g})",
        "": "whether it averages or filters cannot be told: its readings are too rare, or too noisy",
    }[found.shape]
    return "\n".join(
        [
            f"# a step of {found.step_w:.0f} W, a reading every {found.interval_s:g} s, noise {found.noise_w:g} W",
            f"# {shape}",
            f"# lag {found.least_s:g} to {found.most_s:g} s, and {HAND_S:g} s more or less for your hand",
            "# if that is wider than 0.3 s, leave lag_s out: the charger then learns it; else write into v2h.toml:",
            f"[meter.{role}]",
            f"lag_s = {found.lag_s:g}",
        ]
    )
