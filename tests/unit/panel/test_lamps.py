"""Panel: registers on the simulated chip, and the lamps for each state."""

import time
from itertools import product

import pytest

from tests.support.messages import charger, manager
from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.states import MODES, State
from v2h.drivers.pca9552 import BLINKERS, Pca9552, Pca9552Error
from v2h.panel.gestures import Situation, situation
from v2h.panel.lamps import DARK_AFTER_S, PanelInputs, activity, dark, picture
from v2h.rig.pca9552 import Pca9552 as Chip

OFF_BAR = 0x55
DARK = dark()


class Wire:
    """The simulated chip behind the port; counts transactions and can lose them."""

    def __init__(self) -> None:
        self.chip = Chip()
        self.writes: list[bytes] = []
        self.deaf = self.absent = self.closed = False

    def write(self, data: bytes) -> None:
        self.write_read(data, 0)

    def write_read(self, data: bytes, count: int) -> bytes:
        if self.absent:
            raise OSError(121, "no acknowledge")
        if count == 0:
            self.writes.append(data)
            if self.deaf:
                return b""
        answer = self.chip.transact(0.0, data, count)
        assert answer is not None
        return answer

    def registers(self) -> bytes:
        return self.write_read(b"\x12", 8)

    def close(self) -> None:
        self.closed = True


def look(c: ChargerState | None = None, m: ManagerState | None = None) -> PanelInputs:
    return PanelInputs(time.monotonic(), c, m)


def shown(**changes: object) -> bytes:
    return picture(look(charger(**changes), manager()))


def test_all_registers_are_written_in_one_transaction_and_read_back() -> None:
    wire = Wire()
    Pca9552(wire, DARK)
    assert wire.writes == [b"\x12" + BLINKERS + DARK]
    assert wire.registers() == bytes((0x2B, 0x80, 0x0A, 0xC0, 0x55, 0x00, 0x55, 0x00))


def test_a_change_is_one_auto_increment_write_and_no_change_is_none() -> None:
    wire = Wire()
    chip = Pca9552(wire, DARK)
    wire.writes.clear()
    assert chip.show(bytes((1, 2, 3, 4)))
    assert not chip.show(bytes((1, 2, 3, 4)))
    assert wire.writes == [b"\x16\x01\x02\x03\x04"]
    assert wire.registers()[4:] == bytes((1, 2, 3, 4))


def test_a_chip_that_lost_its_registers_is_noticed_and_repaired() -> None:
    wire = Wire()
    chip = Pca9552(wire, DARK)
    wire.chip = Chip()
    assert not chip.check()
    chip.refresh()
    assert chip.check()


def test_a_chip_that_does_not_hold_what_is_written_is_refused_and_its_port_given_back() -> None:
    wire = Wire()
    wire.deaf = True
    with pytest.raises(Pca9552Error):
        Pca9552(wire, DARK)
    assert wire.closed


def test_the_port_of_a_chip_that_does_not_answer_is_given_back() -> None:
    """panel tries again every 2 s, and each try opens the bus."""
    wire = Wire()
    wire.absent = True
    with pytest.raises(OSError, match="no acknowledge"):
        Pca9552(wire, DARK)
    assert wire.closed


@pytest.mark.parametrize(
    ("state", "mode", "power_w", "logo"),
    [
        ("idle", "idle", None, 0x01),
        ("idle", "v2h", None, 0x20),
        ("idle", "discharge", None, 0x20),
        ("idle", "charge", None, 0x08),
        ("idle", "solar", None, 0x08),
        ("energy", "charge", 3000.0, 0x04),
        ("energy", "solar", 3000.0, 0x04),
        ("wake", "charge", None, 0x04),
        ("energy", "v2h", -3000.0, 0x10),
        ("energy", "v2h", 3000.0, 0x10),
        ("energy", "discharge", -3000.0, 0x10),
        ("stop", "idle", 500.0, 0x04),
        ("stop", "idle", -500.0, 0x10),
        ("fault", "idle", None, 0x40),
    ],
)
def test_logo_colours(state: str, mode: str, power_w: float | None, logo: int) -> None:
    assert picture(look(charger(state=state, power_w=power_w), manager(mode=mode)))[3] == logo


@pytest.mark.parametrize("silent", ["nobody", "charger", "manager", "both"])
def test_white_and_dark_mean_that_a_press_starts_and_nothing_else_does(silent: str) -> None:
    now = time.monotonic()
    charger_t, manager_t = (now - 9.0 if silent in (name, "both") else now for name in ("charger", "manager"))
    for state, mode, idle_for_s in product(State, MODES, (1.0, 1e6)):
        seen = PanelInputs(
            now, charger(state=str(state), t=charger_t), manager(mode=mode, t=manager_t), now - idle_for_s
        )
        starts = situation(seen) is Situation.IDLE
        assert (picture(seen)[3] in (0x00, 0x01)) is starts, (state, mode, idle_for_s)


def test_no_news_of_the_charger_or_at_rest_of_manager_blinks_red() -> None:
    assert picture(look(None, manager()))[3] == 0x80
    assert picture(look(charger(state="idle"), None))[3] == 0x80
    assert picture(look(charger(t=time.monotonic() - 3.5), manager()))[3] == 0x80


@pytest.mark.parametrize(
    ("power_w", "charging", "discharging"),
    [
        (0, 0x55, 0x55),
        (49, 0x55, 0x55),
        (500, 0x57, 0xD5),
        (1200, 0x54, 0x15),
        (2400, 0x5C, 0x35),
        (3000, 0x50, 0x05),
        (4000, 0x70, 0x0D),
        (5000, 0xC0, 0x03),
        (5600, 0x00, 0x00),
        (9000, 0x00, 0x00),
    ],
)
def test_power_bar_fills_from_its_own_end(power_w: float, charging: int, discharging: int) -> None:
    assert (shown(power_w=float(power_w))[0], shown(power_w=-float(power_w))[0]) == (charging, discharging)


def test_power_bar_is_dark_outside_a_session() -> None:
    assert shown(state="idle", power_w=3000.0)[0] == OFF_BAR
    assert shown(power_w=None)[0] == OFF_BAR


@pytest.mark.parametrize(
    ("soc_pct", "bar"),
    [(None, 0x55), (0, 0x55), (1, 0x56), (25, 0x56), (26, 0x54), (51, 0x50), (76, 0x40), (99, 0x40), (100, 0x00)],
)
def test_soc_bar(soc_pct: float | None, bar: int) -> None:
    assert shown(soc_pct=soc_pct)[2] == bar


@pytest.mark.parametrize(("mode", "lamps"), [("v2h", 0x40), ("charge", 0x50)])
def test_button_lamps_on_off_always_boost_while_it_charges(mode: str, lamps: int) -> None:
    assert picture(look(charger(), manager(mode=mode)))[1] == lamps


def test_the_button_lamps_polarity_is_configuration() -> None:
    assert picture(look(charger(), manager(mode="charge")), inverted=False)[1] == 0x05
    assert dark(inverted=False) == bytes((0x55, 0x55, 0x55, 0x00))


IDLE, RESTS = charger(state="idle", power_w=None, soc_pct=None), manager(mode="idle")


def idle_look(**times: float) -> PanelInputs:
    now = time.monotonic()
    given = {key: now + value for key, value in times.items()}
    return PanelInputs(
        now, charger(state="idle", power_w=None, soc_pct=None, t=now), manager(mode="idle", t=now), **given
    )


def test_dark_after_five_minutes_of_idle_until_something_happens() -> None:
    assert picture(idle_look(active_t=-DARK_AFTER_S + 1)) == bytes((0x55, 0x40, 0x55, 0x01))
    assert picture(idle_look(active_t=-DARK_AFTER_S - 1)) == DARK
    long_ago = time.monotonic() - 1e6
    for state, red_or_blue in (("energy", 0x04), ("fault", 0x40)):
        assert picture(PanelInputs(time.monotonic(), charger(state=state), manager(), long_ago))[3] == red_or_blue
    assert picture(PanelInputs(time.monotonic(), None, None, long_ago))[3] == 0x80


def test_a_waiting_mode_never_goes_dark() -> None:
    """V2H without a car: a press stops it, so the panel must show the running mode."""
    now = time.monotonic()
    waits = PanelInputs(now, charger(state="idle", power_w=None, soc_pct=None), manager(mode="v2h"), now - 1e6)
    assert picture(waits) == bytes((0x55, 0x40, 0x55, 0x20))
    assert picture(waits._replace(pairing_t=now + 60))[3] == 0x20


def test_what_wakes_it() -> None:
    quiet = activity(IDLE, RESTS)
    assert activity(charger(state="idle", power_w=12.0, t=5.0), manager(mode="idle", why="x", t=9.0)) == quiet
    assert activity(charger(state="wake"), RESTS) != quiet
    assert activity(IDLE, manager(mode="v2h")) != quiet
    assert activity(charger(state="idle", k_on=False), RESTS) != quiet


def test_the_logo_blinks_white_while_pairing_and_a_fault_still_shows() -> None:
    assert picture(idle_look(pairing_t=60.0)) == bytes((0x55, 0x40, 0x55, 0x02))
    assert picture(idle_look(pairing_t=60.0)._replace(claim="c1"))[3] == 0x03, "a browser waits: fast"
    assert picture(idle_look(pairing_t=-0.1))[3] == picture(idle_look(pairing_t=-0.1)._replace(claim="c1"))[3] == 0x01
    now = time.monotonic()
    assert picture(PanelInputs(now, charger(state="fault"), manager(mode="idle"), pairing_t=now + 60))[3] == 0x40


@pytest.mark.parametrize(("inverted", "lamps"), [(True, 0x50), (False, 0x05)])
def test_the_lamp_test_lights_everything(inverted: bool, lamps: int) -> None:
    now = time.monotonic()
    assert picture(PanelInputs(now, None, None, test_t=now + 2), inverted) == bytes((0x00, lamps, 0x00, 0x55))
    chip = Chip()
    chip.transact(0.0, b"\x16" + picture(PanelInputs(now, None, None, test_t=now + 2), inverted), 0)
    lit_by_low, lit_by_high = {0, 1, 2, 3, 8, 9, 10, 11}, {12, 13, 14, 15}
    pins = chip.driven(0.0)
    assert all(pins[pin] for pin in lit_by_low)
    assert not any(pins[pin] for pin in lit_by_high)
    assert (pins[6], pins[7]) == (not inverted, not inverted)
