"""How much the emulated board writes to its card while it runs, and the predecessor's way of logging in the same time.

The count is of the sectors that reach the block device, including the journal. The predecessor's log (a committed row
every 10 s, rollback journal) is kept on a separate disk in the board's memory, with the same file system and mount
options, so that neither disturbs the other's count.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.guest import Guest
from tests.support.truth import BARE

SECTOR = 512
DAY_S = 86_400.0
PREDECESSOR = """
import sqlite3, time
log = sqlite3.connect("/run/predecessor/log.sqlite3")
log.execute("create table data (id integer primary key, t real, soc real, v real, a real, w real)")
while True:
    log.execute("insert into data (t, soc, v, a, w) values (?, 60.1, 371.2, -3.5, -1299.2)", (time.time(),))
    log.commit()
    time.sleep(10)
"""
PLACE = """set -e
truncate -s 64M /run/predecessor.img
mke2fs -q -t ext4 -b 4096 -i 16384 -I 256 -J size=8 -O '^orphan_file' /run/predecessor.img
disk=$(losetup --find --show /run/predecessor.img)
mkdir -p /run/predecessor
mount -o noatime,commit=60 "$disk" /run/predecessor
sync
echo "${disk#/dev/}"
"""
CHANGED = "find /data -xdev -type f -newer /run/counted -printf '%f\\n'"
"""Names the files behind the count, for a person who wonders about it."""
SETTLED_S = 5.0
"""Time for the predecessor's program to start and create its table before the count begins."""


def written_mb(guest: Guest, disk: str) -> float:
    """MB written since the board's start, by the kernel's count: the disk's seventh number is the sectors written."""
    guest.out("sync")
    return int(guest.out(f"cat /sys/block/{disk}/stat").split()[6]) * SECTOR / 1e6


@contextmanager
def counted(guest: Guest) -> Iterator[dict[str, float]]:
    """Count during the block. After it, "ours" and "predecessor" hold the MB a day, and "s" the block's seconds."""
    disk = guest.out(PLACE)
    pid = guest.out(f"{BARE} '{PREDECESSOR}' >/run/predecessor.log 2>&1 & echo $!")
    guest.sleep(SETTLED_S)
    names = {"ours": "vda", "predecessor": disk}
    before = {name: written_mb(guest, where) for name, where in names.items()}
    began = float(guest.out("touch /run/counted; cut -d' ' -f1 /proc/uptime"))
    found: dict[str, float] = {}
    try:
        yield found
        found["s"] = float(guest.out("cut -d' ' -f1 /proc/uptime")) - began
        for name, where in names.items():
            found[name] = (written_mb(guest, where) - before[name]) * DAY_S / found["s"]
        print("written meanwhile:", guest.out(CHANGED).replace("\n", ", "))
    finally:
        guest.sh(f"kill {pid}; sleep 1; umount /run/predecessor; losetup -d /dev/{disk}; rm /run/predecessor.img")
