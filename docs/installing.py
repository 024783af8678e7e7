#!/usr/bin/env python3
"""Draws the pictures of docs/install.md: the board, what a power-on starts, where the meter sits. Run:
docs/installing.py [--check].

Every box and line is a row of a table below. The board is a sketch: it shows which end is which, not true positions.
"""

import sys
from pathlib import Path

from drawing import Box, Line, Picture, Text, run

HERE = Path(__file__).parent

PIN, PITCH = 13, 17
P9_X, P8_X, LAST_ROW_Y = 268, 462, 398
"""Left edge of each header's left column, and the upper edge of the row with pins 45 and 46."""


def pins(x: int, wanted: dict[int, str]) -> tuple[Box, ...]:
    """The first row and the last four rows of a header with 46 pins, odd numbers on the left. wanted: pin -> kind."""
    rows = [(1, 92), *((46 - 2 * n - 1, LAST_ROW_Y - PITCH * n) for n in range(4))]
    return tuple(
        Box(x + PITCH * column, y, PIN, PIN, wanted.get(number + column, "outside"), ())
        for number, y in rows
        for column in (0, 1)
    )


GROUND = "bus"
BOARD = Picture(
    HERE / "install-board.svg",
    "The BeagleBone Green from above: network socket, card slot, S2 and the two pins of the jumper",
    (830, 520),
    (
        Box(250, 40, 260, 410, "outside", ()),
        Box(325, 28, 96, 62, "bus", ("Ethernet", "RJ45")),
        Box(322, 116, 34, 26, "outside", ("S1",)),
        Box(362, 116, 34, 26, "outside", ("S3",)),
        *pins(P9_X, {1: GROUND, 2: GROUND, 43: GROUND, 44: GROUND, 45: GROUND, 46: GROUND}),
        *pins(P8_X, {1: GROUND, 2: GROUND, 43: "safety"}),
        *(Text(x + 13, y, "small", "·") for x in (P9_X, P8_X) for y in range(130, 340, 16)),
        Text(P9_X + 4, 84, "small", "P9"),
        Text(P8_X + 4, 84, "small", "P8"),
        Line("wire", (P9_X + PITCH + 7, LAST_ROW_Y - 10, P8_X + 6, LAST_ROW_Y - 10)),
        Text(352, LAST_ROW_Y - 20, "wire-text", "jumper"),
        Box(420, 404, 36, 28, "safety", ("S2",)),
        Box(318, 418, 96, 44, "door", ("card slot", "underside")),
        Line("", (240, 62, 322, 62)),
        Text(30, 58, "title", "Network cable"),
        Text(30, 74, "small", "to the router of the house"),
        Line("", (240, 129, 318, 129)),
        Text(30, 126, "title", "Not these"),
        Text(30, 142, "small", "S1 resets, S3 switches off"),
        Line("", (240, LAST_ROW_Y - 10, 265, LAST_ROW_Y - 10)),
        Text(30, LAST_ROW_Y - 32, "title", "P9.43 to P9.46: ground"),
        Text(30, LAST_ROW_Y - 16, "small", "the four pins at the end of P9"),
        Text(30, LAST_ROW_Y, "small", "next to the card slot (green)"),
        Line("", (560, 370, 478, LAST_ROW_Y - 16)),
        Text(566, 360, "title", "P8.43"),
        Text(566, 376, "small", "inner column of P8, second row"),
        Text(566, 392, "small", "from the card slot’s end (red)"),
        Line("", (560, 422, 460, 420)),
        Text(566, 420, "title", "S2: the boot button"),
        Text(566, 436, "small", "alone at the card slot’s end; held at"),
        Text(566, 452, "small", "power-on, it does what the jumper does"),
        Text(566, 58, "title", "This is a BeagleBone Green"),
        *(
            Text(566, 76 + 16 * n, "small", line)
            for n, line in enumerate(
                ("an Ethernet socket", "two white Grove sockets", "no HDMI socket, no round power socket")
            )
        ),
        Text(30, 486, "small", "A sketch, not to scale, and not yet compared with the board in a charger."),
        Text(30, 504, "small", "What counts is the print beside each part. Pins 1 and 2 are at the Ethernet end."),
    ),
)

POWER_ON = Picture(
    HERE / "install-power-on.svg",
    "What starts when power comes on: S2 or the jumper decides, and again after every power cut",
    (930, 400),
    (
        Box(20, 30, 240, 60, "outside", ("Power comes on", "the switch, or the end of a power cut")),
        Line("", (260, 60, 330, 60)),
        Box(330, 30, 260, 60, "door", ("S2 held, or P8.43 at ground?", "the board looks only at this moment")),
        Line("", (590, 60, 670, 60)),
        Text(622, 52, "label", "no"),
        Box(
            670,
            24,
            240,
            72,
            "outside",
            ("The vendor’s firmware", "from the eMMC; it ignores the card", "no page, no V2H"),
        ),
        Line("", (460, 90, 460, 150)),
        Text(468, 124, "label", "yes"),
        Box(330, 150, 260, 60, "door", ("A written card in the slot?", "the eMMC is not tried any more")),
        Line("", (590, 180, 670, 180)),
        Text(622, 172, "label", "no"),
        Box(
            670,
            144,
            240,
            72,
            "outside",
            ("Nothing starts", "outputs should stay off (check A1)", "not the vendor’s firmware either"),
        ),
        Line("", (460, 210, 460, 270)),
        Text(468, 244, "label", "yes"),
        Box(
            330,
            270,
            260,
            76,
            "program",
            ("This firmware", "all lamps lit for 2 s, then white", "page at http://v2h.local"),
        ),
        Line("", (590, 308, 670, 308)),
        Box(
            670,
            266,
            240,
            84,
            "program",
            ("Idle at first", "contactors open, plug unlocked,", "no start by itself before", "the clock is known"),
        ),
        Box(
            20,
            270,
            240,
            76,
            "outside",
            ("Reboot, watchdog reset", "the power stays on: the board", "does not look again"),
        ),
        Line("", (260, 308, 330, 308)),
        Text(20, 376, "small", "With the jumper fitted, this firmware comes back by itself after a power cut."),
        Text(20, 392, "small", "Without it, the vendor’s firmware starts after a power cut."),
    ),
)

METER = Picture(
    HERE / "install-meter.svg",
    "Where the grid meter sits, and what is on the network of the house",
    (930, 400),
    (
        Box(20, 60, 100, 64, "outside", ("Grid", "+ is import")),
        Line("", (120, 92, 160, 92), both=True),
        Box(160, 60, 150, 64, "outside", ("Supplier’s meter", "main fuse")),
        Line("", (310, 92, 350, 92), both=True),
        Box(350, 50, 170, 84, "bus", ("GRID METER", "or its clamp: here,", "before anything branches")),
        Line("", (520, 92, 570, 92), both=True),
        Box(570, 60, 130, 64, "outside", ("Consumer unit",)),
        Line("", (700, 78, 760, 40)),
        Box(760, 18, 150, 46, "outside", ("The house",)),
        Line("", (760, 92, 700, 92)),
        Box(760, 70, 150, 46, "outside", ("Sun, if any",)),
        Line("", (700, 106, 760, 146), both=True),
        Box(760, 122, 150, 58, "program", ("The charger", "own circuit, own RCD")),
        Line("", (835, 180, 835, 220), both=True),
        Box(760, 220, 150, 46, "program", ("The car",)),
        Box(350, 290, 170, 64, "door", ("Router, switch", "one network for all")),
        Line("beat", (435, 134, 435, 290)),
        Text(445, 206, "label", "Modbus TCP, HTTP or MQTT:"),
        Text(445, 222, "label", "a cable or its own Wi-Fi"),
        Line("beat", (760, 160, 640, 160, 640, 322, 520, 322)),
        Text(530, 314, "label", "Ethernet cable"),
        Box(90, 290, 170, 64, "outside", ("Phone, PC", "page http://v2h.local")),
        Line("beat", (260, 322, 350, 322)),
        Text(20, 376, "small", "Test: with the charger idle, switch a kettle on."),
        Text(20, 392, "small", "“Grid, plus is import” on the page Health must rise by the kettle’s power."),
    ),
)

if __name__ == "__main__":
    sys.exit(run(str(__doc__), (BOARD, POWER_ON, METER)))
