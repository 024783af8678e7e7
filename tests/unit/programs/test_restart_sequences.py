"""After any sequence of orders, stops, crashes, reboots, clocks, full cards and spoilt files: nothing starts after a
stop, and a car that a person wants charged is not discharged."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.restarts import VOLTS_V, Restarts

SPOILT = ("", "[]", "{half", '{"mode": "discharge"}', '{"mode": "charge"}', "\0")
STARTS = ("v2h", "discharge", "resume")


class Person:
    """What the person wants, beside the world: "stop", "charge", "idle" when an order is lost, "" for all the rest, in
    which the schedule or another mode may discharge and charge."""

    def __init__(self, world: Restarts) -> None:
        self.world, self.wants = world, ""
        self.amps, self.end = 0.0, datetime.max.replace(tzinfo=world.wall.tzinfo)
        self.written = True
        """The last order or stop could be written at once."""

    # Steps

    def charge(self, amps: int, hours: int) -> None:
        world = self.world
        end = world.wall + timedelta(hours=hours)
        until = {"until": end.isoformat()} if hours and world.clock_is_right else {}
        if world.ask("mode", mode="charge", amps=amps, soc_limit_pct=80, **until):
            self.wants, self.amps, self.written = "charge", amps, not world.card_is_full
            self.end = end if until else datetime.max.replace(tzinfo=end.tzinfo)

    def start(self, what: str) -> None:
        values = {} if what == "resume" else {"mode": what}
        if self.world.ask("resume" if what == "resume" else "mode", **values):
            self.wants, self.written = "", not self.world.card_is_full

    def stop(self) -> None:
        taken = self.world.ask("stop")
        self.wants, self.written = "stop", taken and not self.world.card_is_full

    def kill(self) -> None:
        """An order that could not be written is forgotten, and the answer said so. A stop is not: `charger` knows."""
        self.world.kill()
        if self.wants == "charge" and not self.written:
            self.wants = ""

    def restart(self) -> None:
        self.world.start()
        if self.wants == "stop" and not self.world.card_is_full:
            self.written = True  # `charger` tells of it

    def reboot(self, hours: int, clock_is_right: bool) -> None:
        self.kill()
        if self.wants == "stop" and not self.written:
            self.wants = ""  # the answer said so, or none came
        open_end = self.end.year == datetime.max.year
        self.world.reboot(timedelta(hours=hours), clock_is_right=clock_is_right)
        if self.wants == "charge" and open_end:
            self.wants = "idle"

    def spoil(self, text: str) -> None:
        if self.world.program is None and self.world.order_file.exists():
            self.world.order_file.write_text(text)
            if self.wants == "charge":
                self.wants = "idle"

    def set_card(self, full: bool) -> None:
        self.world.card_is_full = full

    def set_clock(self) -> None:
        self.world.clock_is_right = True

    def wait(self, hours: int) -> None:
        self.world.pass_time(hours)

    def fill(self, soc_pct: float) -> None:
        self.world.soc_pct = soc_pct

    # Judgement

    def judge(self) -> None:
        world, starts = self.world, self.world.charger.starts
        for flow_w in world.run(3):
            if self.wants == "charge" and (world.wall >= self.end or world.soc_pct >= 80):
                self.wants = ""
            if self.wants in ("stop", "idle"):
                assert (flow_w, world.charger.starts) == (0.0, starts), self.wants
            if self.wants == "charge":
                assert 0.0 <= flow_w <= self.amps * VOLTS_V + 1.0, flow_w

    def judge_end(self) -> None:
        """When all is well again, a charge that is still wanted flows."""
        self.restart()
        self.set_card(False)
        self.set_clock()
        self.judge()
        for _ in range(5):
            self.judge()
        if self.wants == "charge" and self.amps:
            assert self.world.charger.flow_w(self.world.now) > 0.0, self.world.why()


Step = tuple[str, tuple[Any, ...]]
STEPS: st.SearchStrategy[Step] = st.sampled_from(
    [
        *(("charge", (amps, hours)) for amps in (0, 6, 15) for hours in (0, 2, 9)),
        *(("start", (what,)) for what in STARTS),
        *(("reboot", (hours, right)) for hours in (0, 1, 30) for right in (True, False)),
        *(("spoil", (text,)) for text in SPOILT),
        *(("set_card", (full,)) for full in (True, False)),
        *(("wait", (hours,)) for hours in (1, 8)),
        *(("fill", (soc_pct,)) for soc_pct in (40.0, 85.0)),
        *[("stop", ()), ("kill", ()), ("restart", ())] * 4,
        ("set_clock", ()),
    ]
)
"""Method of Person, arguments."""


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(STEPS, max_size=14))
def test_nothing_starts_after_a_stop_and_a_wanted_charge_is_no_discharge(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        person = Person(Restarts(Path(folder), patch))
        for name, values in steps:
            getattr(person, name)(*values)
            person.judge()
        person.judge_end()
