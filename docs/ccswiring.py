#!/usr/bin/env python3
"""Draws the pictures of docs/ccs.md: the wires of a CCS plug, and the chain that holds K. Run:
docs/ccswiring.py [--check].

Every box and line is a row of a table below. The pins of the charger's own board are those of docs/bench.md.
"""

import sys
from pathlib import Path

from drawing import Box, Line, Picture, Text, run

HERE = Path(__file__).parent

WIRES = Picture(
    HERE / "ccs-wires.svg",
    "The wires of a CCS plug: power, pilot, modem, insulation monitor, and the three USB lines to the board",
    (960, 560),
    (
        Box(20, 20, 600, 390, "tree", ()),
        Text(34, 40, "label", "dashed frame: the charger’s box, and the plug box beside it"),
        Box(40, 70, 150, 70, "bus", ("Converter (PRE)", "isolated from the", "mains? check D1")),
        Box(270, 70, 110, 70, "safety", ("c1, c2", "guard’s alone")),
        Line("wire", (190, 92, 270, 92)),
        Line("wire", (190, 118, 270, 118)),
        Line("wire", (380, 92, 760, 92)),
        Line("wire", (380, 118, 760, 118)),
        Text(640, 84, "wire-text", "DC+"),
        Text(640, 134, "wire-text", "DC−"),
        Box(
            760, 60, 180, 330, "outside", ("CCS 2 plug", "the car has the lock", "PP: 1.5 kΩ to PE", "inside the plug")
        ),
        Box(430, 170, 150, 62, "safety", ("Insulation monitor", "isoCHA425HV", "relay: see the chain")),
        Line("wire", (455, 118, 455, 170)),
        Line("wire", (545, 92, 545, 170)),
        Box(270, 262, 180, 62, "safety", ("Pilot box", "±12 V, 1 kHz, 5 %", "relay: see the chain")),
        Line("", (450, 284, 760, 284)),
        Text(640, 277, "label", "CP"),
        Box(456, 330, 154, 62, "door", ("GreenPHY modem", "as a charger (PIB)")),
        Line("", (560, 330, 560, 284)),
        Text(572, 318, "label", "1 nF and 150 Ω in series"),
        Line("", (610, 372, 760, 372)),
        Text(640, 365, "label", "PE"),
        Line("", (580, 206, 690, 206, 690, 372)),
        Text(606, 199, "label", "PE"),
        Box(40, 430, 130, 50, "outside", ("House", "router, RJ45")),
        Box(270, 430, 200, 62, "program", ("BeagleBone Green", "one USB socket", "P9.16: K")),
        Line("", (170, 455, 270, 455), both=True),
        Box(530, 430, 110, 62, "door", ("USB hub", "with a supply", "of its own")),
        Line("", (470, 461, 530, 461), both=True),
        Box(690, 430, 250, 24, "door", ("USB Ethernet adapter: plc0",)),
        Box(690, 460, 250, 24, "door", ("USB serial (ACM): pilot box",)),
        Box(690, 490, 250, 24, "door", ("USB to RS-485: monitor",)),
        Line("", (640, 445, 690, 442), both=True),
        Line("", (640, 461, 690, 472), both=True),
        Line("", (640, 477, 690, 502), both=True),
        Text(
            20,
            536,
            "small",
            "From the adapters: Ethernet to the modem, USB to the pilot box, Modbus RTU (19200 baud) to the monitor.",
        ),
        Text(
            20,
            552,
            "small",
            "Red: up to 500 V, or what opens it. The monitor watches the car’s side of c1 and c2.",
        ),
    ),
)

CHAIN = Picture(
    HERE / "ccs-chain.svg",
    "The outside chain: four contacts in series hold K, and each of them opens it without the software",
    (960, 190),
    (
        Box(20, 60, 110, 60, "outside", ("Supply of K", "as the CHAdeMO", "plug had it")),
        Line("", (130, 90, 180, 90)),
        Box(180, 60, 140, 60, "safety", ("Pilot box", "closed in C and D", "with 5 % and a diode")),
        Line("", (320, 90, 346, 90)),
        Box(346, 60, 156, 60, "safety", ("Insulation monitor", "closed while good", "opens below 100 kΩ")),
        Line("", (502, 90, 524, 90)),
        Box(524, 60, 130, 60, "safety", ("Emergency stop", "normally closed")),
        Line("", (654, 90, 680, 90)),
        Box(680, 60, 110, 60, "safety", ("Plug box", "lid switch")),
        Line("", (790, 90, 830, 90)),
        Box(830, 60, 110, 60, "program", ("P9.16: K", "read by guard")),
        Text(20, 30, "title", "K is on while every contact is closed; a broken wire reads as off"),
        Text(
            20,
            156,
            "small",
            "When K falls with c1 or c2 closed, guard switches the converter’s mains off at once and makes safe.",
        ),
        Text(
            20,
            174,
            "small",
            "Whether the current is then below 5 A within the 100 ms of IEC 61851-1 is not measured yet (check D6).",
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(run(str(__doc__), (WIRES, CHAIN)))
