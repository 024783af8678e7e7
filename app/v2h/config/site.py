"""v2h.toml -> dataclasses: site and hardware, edited on any PC on the card's FAT partition.

Every key has a default, so an empty file is valid. The bounds of a key are declared with the key. loading.py reads the
file, building.py checks its values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from v2h.chademo.packs import known_packs, pack
from v2h.config.bounds import AMPS, APART_PCT
from v2h.config.ccs import Ccs
from v2h.config.fields import choice, number, port, secret, text, whole
from v2h.config.meter_kinds import Meter, default_meters
from v2h.config.neighbours import Gateway

PASSWORD_LENGTH = (10, 128)
"""Shortest and longest password of the owner, in characters."""


def read_name(words: str) -> str:
    """A name without line ends and control characters. Raises ValueError."""
    if not words.isprintable():
        raise ValueError("a text of printable letters")
    return words


def read_zone(name: str) -> None:
    """Raises ValueError for a name that is no time zone."""
    from v2h.config.zones import ZoneError, zone  # imported only where the key is set: it costs a program's start 5 ms

    try:
        zone(name)
    except ZoneError as error:
        raise ValueError(str(error).partition(" is not ")[2]) from error


def read_listen(words: str) -> str:
    """'0.0.0.0:80', '[::]:80', 'localhost:80'. Raises ValueError."""
    host, _, number = words.rpartition(":")
    if not (re.fullmatch(r"[\w.-]+|\*|\[[0-9a-fA-F:.]+\]", host) and re.fullmatch(r"[1-9]\d{0,4}", number, re.ASCII)):
        host = ""
    if not host or int(number) > 65535:
        raise ValueError('an address and a port such as "0.0.0.0:80"')
    return words


@dataclass(frozen=True, slots=True)
class Site:
    """[site]"""

    name: str = text("V2H", read=read_name)
    timezone: str = text("UTC", read=read_zone)


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits] What the installation allows; the car's and the converter's own limits apply as well."""

    max_charge_a: float = number(15, 0, AMPS.high, "A")
    max_discharge_a: float = number(15, 0, AMPS.high, "A")
    soc_min_pct: float = number(30, 5, 95, "%")
    soc_max_pct: float = number(90, 10, 100, "%")
    grid_target_w: float = number(0, -6000, 6000, "W")

    def wrong(self) -> str:
        """The error sentence for two values that do not go together, else ""."""
        if self.soc_max_pct - self.soc_min_pct >= APART_PCT:
            return ""
        return (
            f"limits.soc_min_pct = {self.soc_min_pct:g} is not at least {APART_PCT:g} % below "
            f"limits.soc_max_pct = {self.soc_max_pct:g}"
        )


@dataclass(frozen=True, slots=True)
class Car:
    """[car]"""

    protocol: float = whole(2, 0, 2, "CHAdeMO protocol number that we announce")
    cells_in_series: float = whole(
        0, 0, 120, "cells of the battery (a Leaf has 96); 0 = no session without a calibrated cable voltage"
    )
    """By naming the battery the owner permits a start on assumed voltages. Without it the voltage that c1/c2 close onto
    cannot be estimated, and an estimate for another pack is wrong by tens of volts."""
    pack_kwh: float = whole(0, 0, 100, "kWh of that battery when new, as it is sold")

    def wrong(self) -> str:
        """The error sentence if no voltages are known for the named battery, else ""."""
        if not self.cells_in_series or pack(int(self.cells_in_series), int(self.pack_kwh)) is not None:
            return ""
        return (
            f"car.cells_in_series = {self.cells_in_series:g} with car.pack_kwh = {self.pack_kwh:g}: no voltages are "
            f"known for such a battery; known here: {known_packs()}. For any other, calibrate [cable]"
        )


@dataclass(frozen=True, slots=True)
class Cable:
    """[cable] The cable-side voltage channel of the AD7327. Calibrated only when scale is set (not 0)."""

    adc_channel: float = whole(0, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(0, -1000, 1000, "V on the cable for 1 V at the ADC pin; 0 = not calibrated")
    offset_v: float = number(0, -50, 50, "V, added after scaling")
    by: str = choice("meter", "meter", "converter")
    """What it was calibrated with. "converter" (`v2h cable calibrate`): sensor and converter are not independent."""


@dataclass(frozen=True, slots=True)
class AdcInput:
    """[adc.NAME] A further input of the AD7327, which is only shown under its name."""

    channel: float = whole(1, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(1, -1000, 1000, "V there for 1 V at the ADC's pin")
    offset_v: float = number(0, -50, 50, "V, added after scaling")


@dataclass(frozen=True, slots=True)
class Hardware:
    """[hardware] Where each chip and line is, as port URLs (see v2h.ports)."""

    pre_can: str = port("can:socketcan/can0")
    car_can: str = port("can:socketcan/can1")
    stpm3x: str = port("spi:/dev/spidev1.0")
    ad7327: str = port("spi:/dev/spidev1.1")
    pca9552: str = port("i2c:/dev/i2c-2?addr=0x60")
    buttons: str = port("keys:gpio-keys")
    k: str = port("gpio:K")
    fan: str = port("pwm:48304200.pwm")
    outputs: str = port("led:")
    """Prefix of the seven outputs: `led:` gives led:d1, led:c1 ...; on the desk `rig:PATH/`."""
    can_identity: bool = True
    """Check that can0 is 481cc000.can and can1 481d0000.can; false only where the rig is."""


@dataclass(frozen=True, slots=True)
class Panel:
    """[panel]"""

    button_lamps_inverted: bool = True
    """The lamps in the buttons light on a high pin, as the logo does; set false if they are on when they should be off.
    """


@dataclass(frozen=True, slots=True)
class Web:
    """[web]"""

    listen: str = text("0.0.0.0:80", read=read_listen)
    host_names: str = ""
    """Names, comma separated, by which browsers may call the page besides addresses, localhost and v2h.local."""
    reading: str = choice("open", "open", "owner")
    """Who may read the page: everyone on the network, or only the owner. Only the owner may change something."""
    password: str = secret(*PASSWORD_LENGTH)
    """The owner's new password. A step at boot takes it out of the file before any program starts."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. errors: one sentence for each error; empty when the files are good."""

    site: Site = field(default_factory=Site)
    limits: Limits = field(default_factory=Limits)
    car: Car = field(default_factory=Car)
    cable: Cable = field(default_factory=Cable)
    adc: Mapping[str, AdcInput] = field(default_factory=dict)
    meter: Mapping[str, Meter] = field(default_factory=default_meters)
    hardware: Hardware = field(default_factory=Hardware)
    panel: Panel = field(default_factory=Panel)
    web: Web = field(default_factory=Web)
    gateway: Gateway = field(default_factory=Gateway)
    ccs: Ccs | None = None
    """None: the plug is CHAdeMO."""
    errors: tuple[str, ...] = ()
    newer: bool = False
    """A newer version has run with these files."""
    aside: tuple[str, ...] = ()
    """The keys that only that version knows."""

    def wrong(self) -> str:
        """The error sentence for tables that do not go together, else "". A charger has one plug at a time."""
        if self.ccs is None:
            return ""
        if self.cable.by == "converter":
            return (
                '[ccs] and cable.by = "converter" do not go together: after a CCS session c1 and c2 open at the '
                "battery's voltage, and then only a sensor that is independent of the converter shows that the cable "
                'is empty. Calibrate it with a meter (cable.by = "meter"), or remove [ccs]'
            )
        if not self.car.cells_in_series:
            return ""
        return (
            f"[ccs] and car.cells_in_series = {self.car.cells_in_series:g} do not go together: a battery is named for "
            "a CHAdeMO car on assumed voltages, and CCS needs a measured cable. Remove one of the two"
        )
