"""The charger for a CCS car, without its sockets: what reaches the session, and what `ccs` and the bus read of it."""

from dataclasses import replace

import pytest

from v2h.bus.messages import Setpoint
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.ccs.power_charger import CcsCharger
from v2h.ccs.power_session import PowerSession
from v2h.ccs.record import CarRecord, Isolation, Phase, Pilot
from v2h.chademo.state_message import charger_state
from v2h.safety.outputs import NONE
from v2h.safety.wire import GuardState, Report, Trip

CAR = CarRecord(Phase.NONE, 3, 1, Pilot.B, soc_pct=55)


class Bench:
    """A charger that rests, with guard, a measured empty cable, an insulation monitor and `ccs`. wanted: the owner."""

    def __init__(self) -> None:
        self.now, self.sequence, self.wanted = 50.0, 0, False
        self.charger = CcsCharger(PowerSession(1), max_charge_a=15.0)
        self.record: CarRecord | None = CAR
        self.isolation, self.steps = Isolation.VALID, 0

    def run(self, seconds: float) -> "Bench":
        until = self.now + seconds
        while self.now < until:
            self.step()
        return self

    def step(self, ahead_s: float = 0.05) -> None:
        self.now += ahead_s
        charger, now = self.charger, self.now
        charger.guard_report(Report(NONE, GuardState.READY, Trip.NONE, 1, 1, False, True), now)
        charger.cable_sample(0.2, now)
        charger.isolation(self.isolation, now - 0.5)
        charger.setpoint(Setpoint(now, self.wanted, 6000.0, now + 1.0, "", 1), now)
        if self.record is not None:
            self.sequence += 1
            charger.car_record(replace(self.record, sequence=self.sequence), now)
        turn = charger.turn(now)
        self.steps += turn.stepped
        assert turn.to_car == []


def test_a_session_begins_for_a_plugged_car_and_ccs_reads_that_it_is_wanted() -> None:
    bench = Bench().run(2.0)
    assert not bench.charger.answer(bench.now, 7).wanted
    bench.wanted = True
    bench.run(0.3)
    told = bench.charger.answer(bench.now, 7)
    assert (bench.charger.session.state, told.wanted, told.sequence) == (State.WAKE, True, 7)
    assert told.isolation is Isolation.INVALID, "what was measured without a test voltage is not shown to the car"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda bench: setattr(bench, "record", None), "the program ccs does not answer"),
        (lambda bench: setattr(bench, "record", replace(CAR, pilot=Pilot.A)), "the control pilot is in state A"),
        (lambda bench: setattr(bench, "isolation", Isolation.FAULT), "the insulation monitor reports a fault"),
        (lambda bench: setattr(bench, "isolation", Isolation.INVALID), "the insulation monitor does not measure"),
    ],
)
def test_what_forbids_a_start_stands_in_the_state(spoil: object, why: str) -> None:
    bench = Bench()
    bench.wanted = True
    spoil(bench)  # type: ignore[operator]
    bench.run(2.0)
    assert bench.charger.session.state is State.IDLE
    assert why in charger_state(bench.charger, bench.now, {}, None).reason


def test_the_bus_reads_the_state_of_charge_and_no_discharge() -> None:
    bench = Bench().run(2.0)
    state = charger_state(bench.charger, bench.now, {}, None)
    assert state.soc_pct == 55 and state.max_discharge_a == 0.0 and state.ages_s["car"] == pytest.approx(0.0, abs=0.1)
    bench.record = replace(CAR, pilot=Pilot.A)
    bench.run(2.0)
    state = charger_state(bench.charger, bench.now, {}, None)
    assert state.ages_s["car"] == pytest.approx(2.0, abs=0.2), "the pilot has shown no car since then"
    bench.charger.ccs_gone()
    assert charger_state(bench.charger, bench.now, {}, None).soc_pct is None


def test_a_silent_ccs_is_no_car_after_300_ms() -> None:
    bench = Bench().run(2.0)
    assert bench.charger.inputs(bench.now + 0.29).ccs is not None
    assert bench.charger.inputs(bench.now + 0.31).ccs is None


def test_a_new_record_leads_to_a_step_at_once_and_an_old_one_does_not() -> None:
    bench = Bench().run(2.0)
    steps = bench.steps
    bench.step(0.01)
    assert bench.steps == steps
    bench.record = replace(CAR, pilot=Pilot.C)
    bench.step(0.01)
    assert bench.steps == steps + 1


def test_the_checks_make_the_sentence_of_the_log() -> None:
    bench = Bench().run(2.0)
    checks = bench.charger.session.checks(bench.charger.inputs(bench.now))
    assert checks["insulation"] == "not measured" and "not measured" in say("checks.before_welding", **checks)


def test_no_calibration_with_a_ccs_car() -> None:
    bench = Bench().run(2.0)
    assert "does not calibrate" in bench.charger.calibrate(bench.now)
