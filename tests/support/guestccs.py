"""The emulated board as a CCS charger: the owner's table [ccs], and the rig with a CCS car in place of the CHAdeMO one.

Pilot box and insulation monitor are serial lines of the rig; modems and car are behind plc0 (rig/ccs/line.py).
"""

from tests.support.guest import Guest
from tests.support.guest_owner import Owner

TABLE = '\n[ccs]\ninsulation_monitor = "serial:/dev/v2h-imd?unit=3"\n'
"""The rig's own rig.toml replaces both addresses."""
UNIT = """[Service]
ExecStart=
ExecStart=/usr/bin/python3 -m v2h.rig.ccs --car {} --profile emulated
"""
MODEMS = """[Match]
Name=modem0 modem1 car0
[Link]
Unmanaged=yes
"""
"""Else the board would look for a DHCP server on the modems' Ethernet. plc0 is configured as on every card."""
RUN = "/run/systemd"


def plug_ccs(guest: Guest, owner: Owner, dialect: str) -> None:
    """Restart rig and tree. dialect: "din" or "iso2". Returns when `ccs` is on the bus and the charger is idle."""
    guest.out("systemctl stop supervisor.service", 900)
    toml = "/boot/firmware/v2h.toml"
    guest.out(
        f"mount -o remount,rw /boot/firmware; cat >>{toml} <<'END'\n{TABLE}\nEND\nmount -o remount,ro /boot/firmware"
    )
    guest.out(f"mkdir -p {RUN}/system/v2h-rig.service.d {RUN}/network")
    guest.out(f"cat >{RUN}/system/v2h-rig.service.d/ccs.conf <<'END'\n{UNIT.format(dialect)}\nEND")
    guest.out(f"cat >{RUN}/network/05-modems.network <<'END'\n{MODEMS}\nEND")
    guest.out("networkctl reload; systemctl daemon-reload; systemctl restart v2h-rig.service", 600)
    guest.out("systemctl restart v2h-site.service v2h-gateway-files.service v2h-firewall.service", 600)
    guest.out("systemctl start supervisor.service", 600)
    owner.wait(
        lambda state: state["programs"].get("ccs", {}).get("alive") and state["charger"]["state"] == "idle",
        120,
        "ccs is on the bus",
    )
    assert owner.state()["config_errors"] == []
