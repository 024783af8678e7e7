"""The state machine of `guard` in virtual time, with a CCS plug: the row that it has more."""

import pytest

from tests.support.safetypage import limit
from tests.support.virtualguard import ENERGY, ZERO, Bench
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import GuardState, Trip


def ccs_bench(amps: float = 14.0) -> Bench:
    bench = Bench()
    bench.guard.ccs = True
    return bench.energy(amps)


@pytest.mark.parametrize("amps", [14.0, 2.0, 0.0])
def test_ccs_k_off_drops_pre_ac_at_once(amps: float) -> None:
    bench = ccs_bench(amps)
    bench.guard.on_k(False)
    bench.mark = bench.t - 0.001
    bench.act()
    assert bench.guard.trip is Trip.K_OFF_CCS and bench.sent[-1] == (bench.t, ZERO)
    assert bench.fell_at(Output.PRE_AC) - bench.mark <= limit("ccs-k-off", "PRE AC off")
    if amps > 5.0:
        assert CONTACTORS in bench.outputs, "they open when the current is low, or 0.3 s later"
    bench.run(0.5)
    assert bench.fell_at(Output.C1) - bench.mark <= limit("ccs-k-off", "c1/c2 open")
    bench.run(1.0)
    assert bench.guard.state is GuardState.TRIPPED and bench.outputs == Output.PLUG_LOCK


def test_ccs_k_off_in_a_make_safe_that_has_begun_drops_pre_ac_at_once() -> None:
    """charger has fallen silent, and the converter does not obey: PRE AC would go off after 0.8 s."""
    bench = ccs_bench()
    bench.request = None
    bench.run(0.4)
    assert bench.guard.trip is Trip.CHARGER_SILENT and Output.PRE_AC in bench.outputs
    bench.guard.on_k(False)
    bench.mark = bench.t - 0.001
    bench.run(0.4)
    assert bench.fell_at(Output.PRE_AC) - bench.mark <= limit("ccs-k-off", "PRE AC off")
    assert bench.fell_at(Output.C1) - bench.mark <= limit("ccs-k-off", "c1/c2 open")


def test_ccs_k_off_in_a_stop_is_in_order() -> None:
    bench = ccs_bench()
    bench.ask(ENERGY, k_expected=False)
    bench.amps = bench.set_a = 0.0
    bench.run(0.2)
    bench.guard.on_k(False)
    bench.run(1.0)
    assert bench.guard.state is GuardState.READY and Output.PRE_AC in bench.outputs


def test_without_ccs_k_off_leaves_pre_ac_to_charger() -> None:
    bench = Bench().energy()
    bench.guard.on_k(False)
    bench.act()
    assert bench.outputs == ENERGY and bench.guard.trip is Trip.NONE
