"""Panel: registers on the simulated chip, the picture for each state, and what the buttons order."""

import time

import pytest

from messages import charger, manager
from v2h.bus import ChargerState, ManagerState
from v2h.buttons import Buttons, Order
from v2h.drivers.pca9552 import BLINKERS, Pca9552, Pca9552Error
from v2h.panelview import DARK, Look, picture
from v2h.rig.pca9552 import Pca9552 as Chip

OFF_BAR = 0x55


class Wire:
    """The simulated chip behind the port; counts transactions and may lose them."""

    def __init__(self) -> None:
        self.chip = Chip()
        self.writes: list[bytes] = []
        self.deaf = self.absent = False

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
        self.absent = True


def look(c: ChargerState | None = None, m: ManagerState | None = None) -> Look:
    return Look(time.monotonic(), c, m)


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


def test_a_chip_that_does_not_hold_what_is_written_is_refused() -> None:
    wire = Wire()
    wire.deaf = True
    with pytest.raises(Pca9552Error):
        Pca9552(wire, DARK)


@pytest.mark.parametrize(
    ("state", "mode", "power_w", "logo"),
    [
        ("idle", "idle", None, 0x01),
        ("idle", "v2h", None, 0x01),
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


def test_no_news_of_the_charger_blinks_red() -> None:
    assert picture(look(None, manager()))[3] == 0x80
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


def press(buttons: Buttons, button: str, pressed: bool, after_s: float = 0.0, **changes: str) -> Order | None:
    now = time.monotonic()
    c = charger(state=changes.get("state", "idle"), t=now + after_s)
    m = manager(mode=changes.get("mode", "idle"), t=now + after_s)
    return buttons.event(button, pressed, Look(now + after_s, c, m))


@pytest.mark.parametrize(
    ("state", "mode"), [("energy", "v2h"), ("wake", "v2h"), ("stop", "idle"), ("idle", "v2h"), ("make-safe", "idle")]
)
def test_on_off_stops_at_the_press_and_its_release_starts_nothing(state: str, mode: str) -> None:
    buttons = Buttons()
    assert press(buttons, "on_off", True, state=state, mode=mode) == Order("stop", {})
    assert press(buttons, "on_off", False, 0.2) is None


def test_on_off_stops_when_nothing_is_known() -> None:
    assert Buttons().event("on_off", True, look(None, manager(mode="idle"))) == Order("stop", {})
    assert Buttons().event("on_off", True, look(charger(state="idle"), None)) == Order("stop", {})


@pytest.mark.parametrize(("held_s", "order"), [(0.3, Order("mode", {"mode": "v2h"})), (1.2, None)])
def test_on_off_in_idle_starts_v2h_on_a_short_release(held_s: float, order: Order | None) -> None:
    buttons = Buttons()
    assert press(buttons, "on_off", True) is None
    assert press(buttons, "on_off", False, held_s) == order


def test_boost_toggles_charge_and_returns_to_what_it_interrupted() -> None:
    for before in ("idle", "v2h"):
        buttons = Buttons()
        state = "idle" if before == "idle" else "energy"
        press(buttons, "boost", True, state=state, mode=before)
        assert press(buttons, "boost", False, 0.2, state=state, mode=before) == Order("mode", {"mode": "charge"})
        press(buttons, "boost", True, state="energy", mode="charge")
        assert press(buttons, "boost", False, 0.2, state="energy", mode="charge") == Order("mode", {"mode": before})


def test_a_release_without_a_press_means_nothing() -> None:
    assert press(Buttons(), "on_off", False) is None
    assert press(Buttons(), "boost", False) is None
