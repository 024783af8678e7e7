#!/usr/bin/env python3
"""Draws docs/architecture.svg: the programs, the two roads, the kernel doors. Run: docs/architecture.py [--check].

Every box and line is a row of a table below.
"""

import sys
from pathlib import Path

from drawing import Box, Line, Picture, Text, run

TREE = Box(20, 92, 1040, 352, "tree", ())
OUTSIDE = (
    Box(40, 20, 200, 46, "outside", ("Browser, v2h, scripts", "HTTP, port 80")),
    Box(275, 20, 200, 46, "outside", ("/data", "settings.json, schedule.json")),
    Box(510, 20, 200, 46, "outside", ("/data", "SQLite log, CAN captures")),
    Box(745, 20, 295, 46, "outside", ("systemd, supervisord", "restart, sweep up, reset the board")),
)
UPPER = (
    Box(40, 112, 200, 58, "program", ("web", "page, REST, live stream")),
    Box(275, 112, 200, 58, "program", ("manager", "mode, schedule, setpoint")),
    Box(510, 112, 200, 58, "program", ("datalog", "log, black box of both CAN buses")),
    Box(825, 112, 215, 58, "program", ("pulse", "watches the heartbeats")),
)
BUS = Box(40, 222, 1000, 40, "bus", ("The bus: MQTT on the loopback (broker = mosquitto)", "JSON; policy, people, log"))
LOWER = (
    Box(40, 320, 180, 64, "program", ("panel", "buttons, light bars")),
    Box(255, 320, 180, 64, "program", ("meter", "grid, charger, solar")),
    Box(470, 320, 225, 64, "program", ("charger", "CHAdeMO session, setpoint", "no policy")),
    Box(825, 320, 215, 64, "safety", ("guard", "owns every output, reads K", "makes safe")),
)
DOORS = (
    Box(40, 468, 84, 44, "door", ("evdev", "gpio-keys")),
    Box(132, 468, 88, 44, "door", ("/dev/i2c-2", "address 0x60")),
    Box(255, 468, 95, 44, "door", ("spidev1.0", "SPI")),
    Box(358, 468, 77, 44, "door", ("TCP", "sockets")),
    Box(470, 468, 68, 44, "door", ("can1", "SocketCAN")),
    Box(546, 468, 80, 44, "door", ("spidev1.1", "SPI")),
    Box(634, 468, 61, 44, "door", ("pwm", "sysfs")),
    Box(712, 468, 95, 44, "door", ("can0", "SocketCAN")),
    Box(825, 468, 125, 44, "door", ("gpio-leds", "7 × brightness")),
    Box(958, 468, 82, 44, "door", ("gpiod", "line K")),
)
HARDWARE = (
    Box(40, 560, 84, 58, "outside", ("2 buttons", "on/off", "boost")),
    Box(132, 560, 88, 58, "outside", ("PCA9552", "LED bars", "logo")),
    Box(255, 560, 95, 58, "outside", ("STPM3x", "metering chip")),
    Box(358, 560, 77, 58, "outside", ("Meters", "Modbus", "MQTT, HTTP")),
    Box(470, 560, 68, 58, "outside", ("The car", "CHAdeMO")),
    Box(546, 560, 80, 58, "outside", ("AD7327", "cable's", "voltage")),
    Box(634, 560, 61, 58, "outside", ("Fan",)),
    Box(712, 560, 95, 58, "outside", ("PRE", "converter", "6 kW")),
    Box(825, 560, 125, 58, "outside", ("Outputs", "d1 d2 c1 c2 lock", "PRE AC, master")),
    Box(958, 560, 82, 58, "outside", ("K", "the car's", "permission")),
)
LINES = (
    Line("", (140, 66, 140, 112), both=True),
    Line("", (375, 66, 375, 112), both=True),
    Line("", (610, 112, 610, 66)),
    *(Line("", (x, 170, x, 222), both=True) for x in (140, 375, 610, 932)),
    *(Line("", (x, 262, x, 320), both=True) for x in (130, 345, 582)),
    Line("", (932, 320, 932, 262)),
    *(
        Line("", (box.x + box.width // 2, 384, box.x + box.width // 2, 468), both=True)
        for box in DOORS
        if box.lines[0] != "can0"
    ),
    Line("", (684, 384, 684, 430, 740, 430, 740, 468), both=True),
    Line("", (850, 384, 850, 430, 780, 430, 780, 468), both=True),
    *(Line("", (box.x + box.width // 2, 512, box.x + box.width // 2, 560), both=True) for box in DOORS),
    Line("wire", (695, 352, 825, 352)),
    Line("beat", (745, 300, 745, 141, 825, 141)),
    Line("beat", (1010, 112, 1010, 66)),
)
NOTES = (
    "Blue: may die at any moment without harm. Red: holds the outputs and makes safe. "
    "Green: the bus can cause nothing dangerous.",
    "can0: charger drives the converter; guard writes 0 A there to make safe; datalog only listens, on both buses.",
    "Outputs keep their level in the kernel, whatever happens to a program; only guard’s user may write them.",
)
TEXTS = (
    Text(703, 343, "wire-text", "safety wire"),
    Text(703, 370, "small", "Unix socket, 10 Hz"),
    Text(753, 196, "beat-text", "heartbeats of all programs"),
    Text(770, 86, "beat-text", "feeds the watchdog while all beat"),
    Text(150, 86, "label", "dashed frame: the tree of programs under supervisord"),
    Text(40, 432, "label", "kernel doors, each for one program’s user:"),
    *(Text(40, 640 + 16 * n, "small", line) for n, line in enumerate(NOTES)),
)

PICTURE = Picture(
    Path(__file__).with_suffix(".svg"),
    "Programs, bus, safety wire and kernel doors of the V2H appliance",
    (1080, 690),
    (TREE, *OUTSIDE, *UPPER, BUS, *LOWER, *DOORS, *HARDWARE, *LINES, *TEXTS),
)

if __name__ == "__main__":
    sys.exit(run(str(__doc__), (PICTURE,)))
