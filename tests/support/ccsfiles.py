"""Which files of the application only CCS needs: what a card without `[ccs]` carries for nothing.

Half of them are of the simulated car and of the doors for captures; they are on every card, as the rig and `v2h decode`
are.
"""

from pathlib import Path

import v2h

APP = Path(v2h.__file__).parent
ONLY = (
    "ccs/*.py",
    *("capture/pcap.py", "capture/power_line.py", "capture/replay_v2g.py", "capture/v2g.py"),
    *("commands/decode_v2g.py", "commands/exi.py", "commands/replay_v2g.py"),
    *("config/ccs.py", "drivers/imd.py", "drivers/pilotbox.py", "selftest/modem.py"),
    *("ports/carline.py", "ports/ccswire.py", "ports/plc.py", "ports/serialport.py"),
    *("programs/ccs.py", "programs/charger_ccs.py"),
    *("rig/ccs/*.py", "rig/netspace.py"),
)
"""Below app/v2h."""
BOTH = {
    *("capture/recorder.py", "commands/decode.py", "commands/replay.py", "config/building.py", "config/site.py"),
    *("oneshot/firewall.py", "programs/charger.py", "rig/desk.py"),
    "selftest/checks.py",
}
"""The files that import one of them and are there for CHAdeMO as well."""
OVERLAY = (
    "/etc/supervisor/optional.d/ccs.conf",
    *("/etc/systemd/network/10-plc0.link", "/etc/systemd/network/15-plc0.network"),
    "/etc/systemd/network/18-usb-ethernet.network",
)
"""The files of the card's root outside the application."""


def only_ccs() -> list[Path]:
    return sorted(path for pattern in ONLY for path in APP.glob(pattern))


def module(path: Path) -> str:
    """The dotted name of a file below app/v2h."""
    return ".".join(path.relative_to(APP.parent).with_suffix("").parts).removesuffix(".__init__")
