"""A stop that is kept until it is acknowledged: to whom it is repeated, how often, and when that is given up."""

from dataclasses import dataclass, field

from tests.support.messages import charger, manager
from tests.support.safetypage import rows
from v2h.bus.messages import ChargerState, ManagerState
from v2h.panel.pending_stop import MOST, REPEAT_S, Finding, PendingStop

TICK_S = 0.1


@dataclass
class Bench:
    """charger and manager, which report once a second on a bus that may be down; each obeys a stop that it receives."""

    now: float = 100.0
    bus_up: bool = True
    charger_speaks: bool = True
    manager_speaks: bool = True
    charger_obeys: bool = True
    manager_obeys: bool = True
    ending: bool = False
    stopped: bool = False
    session: bool = True
    stop: PendingStop = field(default_factory=PendingStop)
    findings: list[Finding] = field(default_factory=list)
    said_t: list[float] = field(default_factory=list)
    heard: tuple[ChargerState | None, ManagerState | None] = (None, None)

    def press(self) -> None:
        self.stop.pressed(self.now)
        self._say()

    def run(self, seconds: float) -> list[Finding]:
        """Every finding other than NOTHING in this time."""
        end, before = self.now + seconds, len(self.findings)
        while self.now < end - TICK_S / 2:
            self.now = round(self.now + TICK_S, 3)
            self._speak()
            finding = self.stop.look(self.now, *self.heard)
            if finding is not Finding.NOTHING:
                self.findings.append(finding)
            if finding is Finding.AGAIN:
                self._say()
        return self.findings[before:]

    def _say(self) -> None:
        self.said_t.append(self.now)
        if self.bus_up:
            self.ending = self.ending or (self.charger_speaks and self.charger_obeys)
            self.stopped = self.stopped or (self.manager_speaks and self.manager_obeys)

    def _speak(self) -> None:
        if not self.bus_up or round(self.now % 1, 3) != 0.3:
            return
        told, ordered = self.heard
        if self.charger_speaks:
            state = "energy" if self.session else "idle"
            told = charger(t=self.now, state=state, ended_by="us" if self.ending else "")
        if self.manager_speaks:
            ordered = manager(t=self.now, mode="idle" if self.stopped else "v2h", stopped_by_owner=self.stopped)
        self.heard = told, ordered


def test_nothing_is_said_without_a_press() -> None:
    assert Bench().run(100) == []


def test_a_stop_that_is_taken_at_once_is_said_once() -> None:
    bench = Bench()
    bench.run(5)
    bench.press()
    assert bench.run(60) == [Finding.TAKEN]
    assert len(bench.said_t) == 1


def test_words_from_before_the_press_prove_nothing() -> None:
    bench = Bench(ending=True, stopped=True)
    bench.run(5)
    bench.bus_up = False
    bench.press()
    assert bench.run(60) == []


def test_a_lost_stop_is_said_again_within_a_second_of_the_bus_and_not_before() -> None:
    bench = Bench()
    bench.run(5)
    bench.bus_up = False
    bench.press()
    assert bench.run(2) == [], "nobody hears it: nothing to say"
    bench.bus_up = True
    back_t = bench.now
    assert bench.run(60) == [Finding.AGAIN, Finding.TAKEN]
    assert bench.said_t[-1] - back_t <= 1.0


def test_a_stop_is_kept_through_an_outage_of_hours() -> None:
    """charger has ended the session by itself, but manager would start the next one."""
    bench = Bench()
    bench.run(5)
    bench.bus_up = False
    bench.press()
    bench.run(7200)
    bench.bus_up, bench.session = True, False
    assert bench.run(60) == [Finding.AGAIN, Finding.TAKEN]


def test_a_hung_manager_is_told_when_it_speaks_again_and_charger_hears_no_repeats_until_then() -> None:
    bench = Bench(manager_speaks=False)
    bench.press()
    assert bench.run(30) == []
    assert bench.ending, "charger has it"
    bench.manager_speaks = True  # a restarted one: its schedule would start the next session
    assert bench.run(30) == [Finding.AGAIN, Finding.TAKEN]


def test_a_hung_charger_is_told_when_it_speaks_again() -> None:
    bench = Bench(charger_speaks=False)
    bench.press()
    assert bench.run(30) == []
    bench.charger_speaks = True
    assert bench.run(30) == [Finding.AGAIN, Finding.TAKEN]


def test_who_does_not_obey_is_told_every_half_second_at_most_and_not_for_ever() -> None:
    bench = Bench(charger_obeys=False)
    bench.press()
    assert bench.run(600) == [Finding.AGAIN] * MOST + [Finding.IN_VAIN]
    assert f"acknowledge it, {MOST} times at most" in rows()["stop-lost"][4]
    assert min(b - a for a, b in zip(bench.said_t, bench.said_t[1:], strict=False)) >= REPEAT_S


def test_a_session_that_must_reach_energy_before_it_can_be_left_is_on_its_way_out() -> None:
    """The state that charger reports between the car's contactors and energy when a stop came there."""
    stop = PendingStop()
    stop.pressed(10.0)
    there = charger(t=10.1, state="car contactors", ended_by="us")
    assert stop.look(10.6, there, manager(t=10.1, mode="idle", stopped_by_owner=True)) is Finding.TAKEN


def test_another_press_that_starts_something_ends_it() -> None:
    bench = Bench(bus_up=False)
    bench.press()
    bench.stop.forget()
    bench.bus_up = True
    assert bench.run(60) == []


def test_who_starts_something_on_the_page_is_not_stopped_by_an_older_press() -> None:
    bench = Bench(charger_speaks=False)
    bench.press()
    bench.run(5)
    bench.stopped = False  # manager had obeyed the stop, and got an order after that
    bench.charger_speaks = True
    assert bench.run(60) == [Finding.OVERRULED]
    assert len(bench.said_t) == 1


def test_a_second_stop_is_kept_as_the_first() -> None:
    bench = Bench()
    bench.press()
    bench.run(5)
    bench.ending = bench.stopped = False
    bench.bus_up = False
    bench.press()
    bench.run(2)
    bench.bus_up = True
    assert bench.run(10) == [Finding.AGAIN, Finding.TAKEN]
