"""The board's device tree on the card and the device tree of the emulated board, against the wiring of the charger.

Pads, modes and lines come from the AM335x data sheet and the charger's wiring; a pad's number is its offset in the
control module. Configuration bits come from the AM335x TRM: 0x08 pull off, 0x10 pull up, 0x20 receiver on, 0x40 slow
edges.
"""

import re

import pytest

from tests.support.card import Root
from v2h.vendor.devicetree import Tree, cells, parse, words

pytestmark = pytest.mark.image

PER = "/ocp/interconnect@48000000"
PINMUX = "/ocp/interconnect@44c00000/segment@200000/target-module@10000/scm@0/pinmux@800"
GPIO = {
    0: "/ocp/interconnect@44c00000/segment@200000/target-module@7000/gpio@0",
    1: f"{PER}/segment@0/target-module@4c000/gpio@0",
    2: f"{PER}/segment@100000/target-module@ac000/gpio@0",
    3: f"{PER}/segment@100000/target-module@ae000/gpio@0",
}
CAN0 = f"{PER}/segment@100000/target-module@cc000/can@0"
CAN1 = f"{PER}/segment@100000/target-module@d0000/can@0"
I2C2 = f"{PER}/segment@100000/target-module@9c000/i2c@0"
SPI1 = f"{PER}/segment@100000/target-module@a0000/spi@0"
PWMSS2 = f"{PER}/segment@300000/target-module@4000/epwmss@0"
UART2 = f"{PER}/segment@0/target-module@24000/serial@0"

# label: (controller, line, pad). All lines are high when on, and all pads are pulled down.
OUTPUTS = {
    "d1": (2, 22, 0x0E0),
    "d2": (2, 23, 0x0E4),
    "pre-ac": (2, 24, 0x0E8),
    "c1": (2, 25, 0x0EC),
    "c2": (0, 11, 0x0DC),
    "plug-lock": (1, 14, 0x038),
    "master": (1, 12, 0x030),
}
IOFPGA = "/bus@40000000/motherboard-bus@40000000/iofpga@7,00000000"


def pads(tree: Tree, node: str) -> dict[int, tuple[int, int]]:
    """Return the pads that a device claims in its default state, as offset: (configuration, mux mode)."""
    handles = {cells(properties["phandle"])[0]: properties for properties in tree.values() if "phandle" in properties}
    claimed = {}
    for handle in cells(tree[node]["pinctrl-0"]):
        numbers = cells(handles[handle]["pinctrl-single,pins"])
        claimed |= {numbers[i]: (numbers[i + 1], numbers[i + 2]) for i in range(0, len(numbers), 3)}
    return claimed


def line(tree: Tree, node: str) -> tuple[int, int, int]:
    """Return the one GPIO of a node: controller number, line, flags (1 = active low)."""
    handle, number, flags = cells(tree[node]["gpios"])
    for controller, path in GPIO.items():
        if cells(tree[path].get("phandle", bytes(4)))[0] == handle:
            return controller, number, flags
    raise AssertionError(f"{node} refers to no GPIO controller")


def labelled(tree: Tree) -> dict[str, str]:
    """Return the path of every LED by its label."""
    return {
        words(properties["label"])[0]: path
        for path, properties in tree.items()
        if "/led" in path and "label" in properties
    }


def test_both_can_controllers_are_on_with_their_pads(board_tree: Tree) -> None:
    for node in (CAN0, CAN1):
        assert words(board_tree[node]["status"]) == ["okay"]
    assert pads(board_tree, CAN0) == {0x17C: (0x30, 2), 0x178: (0x10, 2)}
    assert pads(board_tree, CAN1) == {0x184: (0x30, 2), 0x180: (0x10, 2)}


def test_panel_bus_is_on_its_own_pads_and_uart2_has_let_go_of_them(board_tree: Tree) -> None:
    assert pads(board_tree, I2C2) == {0x150: (0x70, 2), 0x154: (0x70, 2)}
    assert words(board_tree[I2C2]["status"]) == ["okay"]
    assert words(board_tree["/aliases"]["i2c2"]) == [I2C2]
    assert words(board_tree[UART2]["status"]) == ["disabled"]
    # The bus has no node: no kernel driver for the LED chip, and no capes, which this board cannot have.
    assert [path for path in board_tree if path.startswith(f"{I2C2}/")] == []


def test_spi_has_two_chips_of_their_own_mode(board_tree: Tree) -> None:
    assert words(board_tree["/aliases"]["spi1"]) == [SPI1]
    assert words(board_tree[SPI1]["status"]) == ["okay"]
    read, write = (0x30, 3), (0x10, 3)
    expected = {0x190: read, 0x194: read, 0x198: write, 0x19C: write, 0x164: (0x10, 2), 0x1A0: (0x28, 7)}
    assert pads(board_tree, SPI1) == expected
    chips = {cells(board_tree[path]["reg"])[0]: board_tree[path] for path in board_tree if path.startswith(f"{SPI1}/")}
    assert sorted(chips) == [0, 1]
    for chip in chips.values():
        assert words(chip["compatible"]) == ["rohm,dh2228fv"]
        assert cells(chip["spi-max-frequency"]) == (1_000_000,)
        assert "spi-cpol" in chip
    assert "spi-cpha" in chips[0], "STPM3x speaks mode 3"
    assert "spi-cpha" not in chips[1], "AD7327 speaks mode 2"


def test_fan_has_its_pwm(board_tree: Tree) -> None:
    assert words(board_tree[PWMSS2]["status"]) == ["okay"]
    assert words(board_tree[f"{PWMSS2}/pwm@200"]["status"]) == ["okay"]
    assert pads(board_tree, f"{PWMSS2}/pwm@200") == {0x020: (0x00, 4)}


@pytest.mark.parametrize("label", OUTPUTS)
def test_output_is_a_led_that_starts_off_with_no_trigger(board_tree: Tree, label: str) -> None:
    controller, number, pad = OUTPUTS[label]
    path = {words(board_tree[path]["label"])[0]: path for path in board_tree if path.startswith("/outputs/")}[label]
    assert line(board_tree, path) == (controller, number, 0)
    assert words(board_tree[path]["default-state"]) == ["off"]
    assert "linux,default-trigger" not in board_tree[path]
    # The pin controller itself claims the pad, so the pad is pulled down before any driver of an output loads.
    assert pads(board_tree, PINMUX)[pad] == (0x00, 7)


def test_outputs_are_exactly_the_seven_in_the_order_of_a_safe_stop(board_tree: Tree) -> None:
    assert words(board_tree["/outputs"]["compatible"]) == ["gpio-leds"]
    order = [words(properties["label"])[0] for path, properties in board_tree.items() if path.startswith("/outputs/")]
    assert order == ["pre-ac", "c1", "c2", "d2", "d1", "master", "plug-lock"]
    keeps = [path for path, properties in board_tree.items() if "retain-state-shutdown" in properties]
    assert keeps == ["/outputs/output-plug-lock"]


def test_a_broken_k_wire_reads_off(board_tree: Tree) -> None:
    """K low means permitted. With the receiver on and the pad pulled up, an open wire reads high."""
    assert pads(board_tree, PINMUX)[0x04C] == (0x30, 7)


def test_panel_chip_is_let_out_of_reset_by_the_kernel(board_tree: Tree) -> None:
    hog = board_tree[f"{GPIO[0]}/panel-reset-hog"]
    assert {"gpio-hog", "output-high"} <= set(hog)
    assert cells(hog["gpios"]) == (10, 0)
    assert pads(board_tree, PINMUX)[0x0D8] == (0x10, 7)


def test_lines_carry_names(board_tree: Tree) -> None:
    named = {
        name: (controller, number)
        for controller, path in GPIO.items()
        for number, name in enumerate(words(board_tree[path]["gpio-line-names"]))
        if name
    }
    assert named == {label: place[:2] for label, place in OUTPUTS.items()} | {
        "K": (1, 19),
        "panel-reset-n": (0, 10),
        "button-on-off": (1, 17),
        "button-boost": (3, 21),
    }


def test_buttons_are_debounced_keys_and_none_of_them_is_power(board_tree: Tree) -> None:
    buttons = {words(board_tree[path]["label"])[0]: path for path in board_tree if path.startswith("/buttons/")}
    assert sorted(buttons) == ["boost", "on-off"]
    assert cells(board_tree[buttons["on-off"]]["linux,code"]) == (59,)  # KEY_F1
    assert cells(board_tree[buttons["boost"]]["linux,code"]) == (60,)  # KEY_F2
    assert line(board_tree, buttons["on-off"]) == (1, 17, 1)
    assert line(board_tree, buttons["boost"]) == (3, 21, 1)
    assert all(cells(board_tree[path]["debounce-interval"]) == (20,) for path in buttons.values())
    assert pads(board_tree, "/buttons") == {0x044: (0x30, 7), 0x1AC: (0x30, 7)}


def test_no_pad_is_claimed_twice(board_tree: Tree) -> None:
    owners: dict[int, str] = {}
    for path, properties in board_tree.items():
        if "pinctrl-0" not in properties or words(properties.get("status", b"okay\0")) == ["disabled"]:
            continue
        for pad in pads(board_tree, path):
            assert pad not in owners, f"pad {pad:#05x} is claimed by {owners[pad]} and {path}"
            owners[pad] = path


def test_nothing_else_of_debians_tree_is_changed(board_tree: Tree, root: Root) -> None:
    """The merge changes only the listed nodes of the packaged tree."""
    (version,) = (name for name in root.directory("/usr/lib") if re.match("linux-image-.*-armmp", name))
    base = parse(root.read(f"/usr/lib/{version}/am335x-bonegreen.dtb"))
    ours = {PINMUX, CAN0, CAN1, I2C2, SPI1, PWMSS2, f"{PWMSS2}/pwm@200", UART2, *GPIO.values()}
    gone = {path for path in base if path not in board_tree}
    assert all(path.startswith(f"{I2C2}/cape_eeprom") for path in gone)
    assert {path for path in base if path not in gone and base[path] != board_tree[path]} == ours


def test_emulated_outputs_have_the_same_names_and_no_trigger(emulated_tree: Tree, board_tree: Tree) -> None:
    leds = labelled(emulated_tree)
    assert set(OUTPUTS) <= set(leds)
    assert len(leds) == 8
    assert [path for path in emulated_tree if "linux,default-trigger" in emulated_tree[path]] == []
    lines = {cells(emulated_tree[leds[label]]["gpios"]) for label in OUTPUTS}
    assert len(lines) == 7
    assert all(words(emulated_tree[leds[label]]["default-state"]) == ["off"] for label in OUTPUTS)


def test_emulated_panel_bus_is_dev_i2c_2_and_nobody_else_is_on_it(emulated_tree: Tree) -> None:
    assert words(emulated_tree["/aliases"]["i2c2"]) == [f"{IOFPGA}/i2c@16000"]
    assert [path for path in emulated_tree if "i2c@" in path] == [f"{IOFPGA}/i2c@16000"]
    assert [path for path in emulated_tree if "dvi-transmitter" in path] == []


def test_emulated_board_has_a_keyboard_and_only_the_software_watchdog(emulated_tree: Tree) -> None:
    assert f"{IOFPGA}/kmi@6000" in emulated_tree
    assert [path for path in emulated_tree if re.search("wdt|watchdog", path)] == []


def test_emulated_board_is_told_apart_by_its_compatible(emulated_tree: Tree, board_tree: Tree) -> None:
    """The units of the emulation match on this compatible string."""
    assert "arm,vexpress" in words(emulated_tree["/"]["compatible"])
    assert "arm,vexpress" not in words(board_tree["/"]["compatible"])
    assert words(board_tree["/"]["compatible"])[0] == "ti,am335x-bone-green"


def test_emulated_tree_is_not_on_the_card(root: Root) -> None:
    assert [name for name in root.directory("/boot") if name.endswith(".dtb")] == ["am335x-bonegreen-v2h.dtb"]
