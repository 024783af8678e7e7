"""The modem of a CCS plug, as the kernel shows its interface: is it there, does it have a link, and its address?

Reads files of /sys and /proc only. A modem restarts when it gets a new key, at each plug-in, and has no link meanwhile.
"""

from pathlib import Path

from v2h.bus.sentences import Sentence, say
from v2h.ports.plc import INTERFACE, link_local


def judged(root: Path) -> tuple[bool, Sentence]:
    """(whether a car can be spoken to, what was found and what to do). root: the folder that contains sys and proc."""
    interface = root / "sys/class/net" / INTERFACE
    if not interface.exists():
        return False, say("selftest.modem_missing", name=INTERFACE)
    try:
        linked = (interface / "carrier").read_text(encoding="ascii").strip() == "1"
    except OSError:  # the kernel's answer while the interface is down
        linked = False
    if not linked:
        return False, say("selftest.modem_dead", name=INTERFACE)
    try:
        link_local(INTERFACE, root / "proc/net/if_inet6")
    except OSError:
        return False, say("selftest.modem_no_address", name=INTERFACE)
    return True, say("selftest.modem_there", name=INTERFACE)
