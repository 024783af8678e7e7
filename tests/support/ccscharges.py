"""CCS charges on the bench for the tests of the power session: the invariants of every step, and the ways to stop."""

from collections.abc import Callable

from tests.support.ccsbench import CcsBench
from v2h.bus.states import State
from v2h.ccs.messages import DIN, Dialect
from v2h.ccs.record import Isolation, Pilot
from v2h.safety.outputs import Output

CHARGE = [
    *(State.WAKE, State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN),
    *(State.MATCH, State.READY, State.ENERGY),
]
END = [State.STOP_CURRENT, State.WELDING, State.UNLOCK, State.FAREWELL, State.IDLE]


def holds(bench: CcsBench) -> None:
    """The invariants that hold at every step of every session."""
    act, car, told = bench.actions, bench.car, bench.told
    assert told is not None
    state = bench.session.state
    assert act.pre_amps_a >= 0.0 or (state is State.BLEED and act.pre_amps_a == -0.2 and not car.contactors), state
    if act.pre_amps_a > 0.0:
        assert state in (State.INSULATION, State.MATCH, State.ENERGY)
        assert bench.pilot in (Pilot.C, Pilot.D) or bench.session.state is not State.ENERGY
        assert act.pre_volts_v <= 500.0
    if state in (State.INSULATION, State.MATCH):
        assert act.pre_amps_a <= 2.0
    if state is State.ENERGY:
        volts_v = max(bench.cable_v, bench.pre.volts_v or 0.0)
        assert act.pre_amps_a <= max(0.0, min(car.wants_a, 200.0, bench.max_charge_a, 15.0))
        assert act.pre_amps_a * volts_v <= max(0.0, min(6000.0, bench.setpoint_w)) + 0.1 * volts_v
        assert act.pre_volts_v <= car.max_v
    assert bench.guard.refused == []
    assert all(abs(one - other) <= 20.0 for one, other in bench.closed), bench.closed
    assert told.isolation is not Isolation.VALID or bench.isolation is Isolation.VALID
    assert Output.D2 not in act.outputs


def charge(dialect: Dialect = DIN, **car: object) -> CcsBench:
    bench = CcsBench(dialect, **car)
    bench.watch = holds
    return bench


def owner(bench: CcsBench) -> None:
    bench.wanted = False


def car(bench: CcsBench) -> None:
    bench.car.stops = True


def estop(bench: CcsBench) -> None:
    bench.estop = True


def tcp_loss(bench: CcsBench) -> None:
    if bench.secc is not None:
        bench.secc.lost()


def silence(bench: CcsBench) -> None:
    bench.car.mute = True


def ccs_killed(bench: CcsBench) -> None:
    bench.ccs_dead = True
    bench.pilot_dead = True  # the box hears nothing and opens its relay


def guard_killed(bench: CcsBench) -> None:
    bench.guard_dead = True


def imd(bench: CcsBench) -> None:
    bench.isolation = Isolation.FAULT


def imd_silent(bench: CcsBench) -> None:
    bench.isolation = Isolation.INVALID


def box_silent(bench: CcsBench) -> None:
    bench.pilot_dead = True


def to_pilot(pilot: Pilot) -> Callable[[CcsBench], None]:
    def change(bench: CcsBench) -> None:
        bench.car.pilot = pilot
        bench.car.contactors = False

    change.__name__ = f"pilot_{pilot.name}"
    return change


STOPS = [owner, car, estop, tcp_loss, silence, ccs_killed, imd, imd_silent, box_silent]
STOPS += [to_pilot(pilot) for pilot in (Pilot.A, Pilot.B, Pilot.E, Pilot.F)]
AT = [state for state in CHARGE if state not in (State.WAKE, State.HANDSHAKE)]
