"""The files of the card that make plc0 of a modem, as far as no network is needed: tests/tree/test_plc.py lets the real
systemd-networkd and the real firewall use them."""

import configparser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from v2h.ports.plc import INTERFACE

ROOT = Path(__file__).resolve().parents[3]
NETWORK = ROOT / "rootfs-overlay" / "etc" / "systemd" / "network"
ON_USB = {"type": "ether", "property": "ID_BUS=usb"}
"""udev finds this property for every device on USB, and for no part of the board."""


def sections(name: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read(NETWORK / name, encoding="utf-8")
    return {section: dict(parser[section]) for section in parser.sections()}


def test_an_ethernet_adapter_on_usb_gets_the_name_that_our_programs_use() -> None:
    assert sections("10-plc0.link") == {"Match": ON_USB, "Link": {"name": INTERFACE}}
    assert sections("15-plc0.network")["Match"] == {"name": INTERFACE}


def test_a_second_adapter_stays_off_and_no_adapter_gets_to_the_network_of_the_house() -> None:
    """The first file whose [Match] fits counts, and that of the house fits every Ethernet."""
    other = sections("18-usb-ethernet.network")
    assert (other["Match"], other["Link"]["unmanaged"]) == (ON_USB, "yes")
    assert sections("20-ethernet.network")["Match"] == {"type": "ether"}
    order = sorted(path.name for path in NETWORK.glob("*.network") if "can" not in path.name)
    assert order == ["15-plc0.network", "18-usb-ethernet.network", "20-ethernet.network"]


@pytest.mark.parametrize(
    "driver",
    [
        *(f"net/usb/{name}" for name in ("usbnet", "asix", "ax88179_178a", "r8152", "cdc_ether", "smsc95xx")),
        *("usb/class/cdc-acm", "usb/serial/ftdi_sio", "usb/serial/ch341", "usb/serial/cp210x", "net/mii"),
    ],
)
def test_the_card_keeps_the_drivers_of_modem_box_and_monitor(driver: str) -> None:
    path = f"/usr/lib/modules/6.12.0/kernel/drivers/{driver}.ko.xz"
    lines = (ROOT / "image" / "dpkg-excludes").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("/") and fnmatch(path, line)] == []
