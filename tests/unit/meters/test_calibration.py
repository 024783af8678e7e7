"""One-point calibration: with the values found the chip agrees with the reference; bad readings are refused."""

from dataclasses import replace

import pytest

from v2h.config.meter_kinds import Stpm3xMeter
from v2h.drivers.stpm3x import Stpm3x
from v2h.meters.calibration import CalibrationError, NotNowError, Reference, calibrate, check_situation
from v2h.meters.stpm3x import Stpm3xSource
from v2h.ports.spi import SpiPort
from v2h.rig.stpm3x import I_LSB_A, P_LSB_W, V_LSB_V, Mains
from v2h.rig.stpm3x import Stpm3x as Chip

WRONG = Stpm3xMeter(p_lsb_w=0.0009, v_lsb_v=0.03, i_lsb_a=0.0025)
"""Values that were found on another board."""


class Port(SpiPort):
    """The wire to a chip that sees 230.4 V and 1870 W."""

    def __init__(self, power_w: float = 1870.0) -> None:
        self._chip = Chip(lambda: Mains(230.4, 50.0, (power_w, 0.0), (0.0, 0.0)))

    def transfer(self, mosi: bytes) -> bytes:
        return self._chip.transfer(mosi)

    def close(self) -> None: ...


def shown(spec: Stpm3xMeter, power_w: float = 1870.0) -> tuple[float, float, float]:
    """The readings of the meter with this configuration: W, V, A."""
    (value,) = Stpm3xSource(spec, Stpm3x(Port(power_w))).read(0.0)
    assert value.voltage_v is not None
    assert value.current_a is not None
    return value.power_w, value.voltage_v, value.current_a


@pytest.mark.parametrize(
    "reference",
    [
        Reference(1870.0, 230.4, 1870 / 230.4),
        Reference(watts=1870.0, volts=230.4),
        Reference(watts=1870.0, amps=1870 / 230.4),
        Reference(volts=230.4, amps=1870 / 230.4),
    ],
)
def test_any_two_of_three_make_all_agree(reference: Reference) -> None:
    watts, volts, amps = shown(WRONG)
    assert abs(watts - 1870) > 100
    found = calibrate(WRONG, reference, [watts] * 3, [volts] * 3, [amps] * 3)
    assert found == {
        "p_lsb_w": pytest.approx(P_LSB_W, rel=1e-3),
        "v_lsb_v": pytest.approx(V_LSB_V, rel=1e-3),
        "i_lsb_a": pytest.approx(I_LSB_A, rel=1e-3),
    }
    assert shown(replace(WRONG, **found)) == (
        pytest.approx(1870.0, rel=1e-3),
        pytest.approx(230.4, rel=1e-3),
        pytest.approx(1870 / 230.4, rel=1e-3),
    )


def test_watts_alone_change_the_power_alone() -> None:
    assert calibrate(WRONG, Reference(watts=1870.0), [1500.0], [], []).keys() == {"p_lsb_w"}


def test_a_clamp_the_wrong_way_round_is_found() -> None:
    found = calibrate(WRONG, Reference(watts=1870.0), [-1500.0], [], [])
    assert found == {"p_lsb_w": pytest.approx(0.0009 * 1870 / 1500), "sign": -1.0}
    turned = replace(WRONG, sign=-1.0)
    assert calibrate(turned, Reference(watts=1870.0), [-1500.0], [], [])["sign"] == 1.0


@pytest.mark.parametrize(
    ("reference", "watts", "words"),
    [
        (Reference(), [1500.0], "no reference: say at least one"),
        (Reference(watts=60.0), [55.0, 56.0], "the meter shows 55.5 W: too little"),
        (Reference(watts=1500.0), [1400.0, 1500.0], "the power moved between 1400.0 and 1500.0 W"),
        (Reference(watts=1500.0), [], "the meter told no power"),
        (Reference(watts=0.0), [1500.0], "a reference of 0"),
        (Reference(watts=1.0), [3000.0], "p_lsb_w would be 3e-07, not a number from 1e-06 to 1"),
        (Reference(watts=float("nan")), [3000.0], "p_lsb_w would be nan"),
        (Reference(watts=2000.0), [1500.0], "p_lsb_w would change by .33 %"),
        (Reference(watts=1000.0), [1500.0], "p_lsb_w would change by -33 %"),
    ],
)
def test_what_cannot_be_calibrated_with_is_refused(reference: Reference, watts: list[float], words: str) -> None:
    with pytest.raises(CalibrationError, match=words):
        calibrate(WRONG, reference, watts, [], [])


def test_what_follows_from_two_references_is_bounded_too() -> None:
    with pytest.raises(CalibrationError, match=r"i_lsb_a would change by \+31 %"):
        calibrate(WRONG, Reference(watts=1940.0, volts=170.0), [1500.0], [230.0], [])


WATTS, VOLTS = Reference(watts=2000.0), Reference(volts=230.0)


@pytest.mark.parametrize(
    ("role", "reference", "states", "words"),
    [
        ("grid", WATTS, ["idle"], ""),
        ("grid", WATTS, ["fault"], ""),
        ("grid", WATTS, [], ""),  # the charger's state is not known
        ("grid", WATTS, ["idle", "wake"], "the charger is in state wake; calibrating grid needs the charger idle"),
        ("grid", VOLTS, ["energy"], ""),
        ("charger", WATTS, ["energy"], ""),
        ("charger", WATTS, ["idle"], "needs the charger charging with a steady 1 kW or more"),
        ("charger", VOLTS, ["idle"], ""),
        ("solar", WATTS, ["energy"], ""),
    ],
)
def test_each_role_needs_a_situation(role: str, reference: Reference, states: list[str], words: str) -> None:
    if not words:
        check_situation(role, reference, states)
        return
    with pytest.raises(NotNowError, match=words):
        check_situation(role, reference, states)
