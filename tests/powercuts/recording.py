"""One run of the emulated board with every write to its card logged: V2H with changes of settings and schedule.

Needs the built image. The log, the data partition as it was before and a time line are stored in one folder.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.powercuts.cutting import BASE, LOG, PLACE, TIMELINE
from tests.support.card import Card
from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.machine import BOOT_S

REPOSITORY = Path(__file__).resolve().parents[2]
CARD_BYTES = 8 * 2**30
"""The same size as scripts/emulate gives the card."""
POLL_S = 0.5
"""Each question costs the board some 30 ms of its time."""
CHANGE_S = 5.0
"""Time between two changes of settings or schedule."""


def data_partition(image: Path, base: Path) -> int:
    """Write the data partition of a card that has never booted, as large as the card is in the emulator, with holes
    for zeros. Returns its first byte on the disk."""
    partition = Card(image).partitions()[3]
    with image.open("rb") as source, base.open("wb") as out:
        source.seek(partition.start)
        left = partition.size
        while left:
            block = source.read(min(left, 1 << 20))
            if not block:
                break
            left -= len(block)
            if block.count(0) == len(block):
                out.seek(len(block), 1)
            else:
                out.write(block)
        out.truncate(CARD_BYTES - partition.start)
    return partition.start


def data_partition_of(card: Path, base: Path) -> int:
    """As data_partition(), but of a card that has run, in its present state (qcow2)."""
    start = Card(REPOSITORY / "build" / "v2h.img").partitions()[3].start
    source = f"driver=raw,offset={start},size={CARD_BYTES - start},file.driver=qcow2,file.file.filename={card}"
    subprocess.run(["qemu-img", "convert", "--image-opts", source, "-O", "raw", base], check=True)
    return start


def prepare(folder: Path, card: Path | None = None) -> tuple[str, ...]:
    """Create everything of a recording except the run itself, in `folder`, for a new card or for `card`. Returns the
    arguments for scripts/emulate."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    log.unlink(missing_ok=True)
    base = folder / BASE
    start = data_partition_of(card, base) if card else data_partition(REPOSITORY / "build" / "v2h.img", base)
    (folder / PLACE).write_text(json.dumps({"start": start}))
    return "--log-writes", str(log.resolve())


@contextmanager
def followed(guest: Guest, owner: Owner, folder: Path) -> Iterator[None]:
    """Record the log's length against the board's time, until the block ends: cuts may be made in that time."""
    log, done = folder / LOG, threading.Event()
    with (folder / TIMELINE).open("w") as out:
        out.write(json.dumps({"boot": guest.out("cat /proc/sys/kernel/random/boot_id")}) + "\n")

        def follow() -> None:
            while not done.wait(POLL_S):
                # The board's time is read after the log's length: the log had this length by then at the latest.
                log_bytes = log.stat().st_size
                out.write(json.dumps({"log_bytes": log_bytes, "t": owner.now_s()}) + "\n")

        follower = threading.Thread(target=follow)
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join()


def record(folder: Path, minutes: float) -> None:
    """Boot, let energy flow, make changes, record the log. Raises what the guest raises."""
    words = prepare(folder)
    with Guest(folder / "run", extra=words) as guest:
        guest.wait_for_shell(BOOT_S)
        guest.wait_for_page(BOOT_S)
        owner = Owner(guest)
        owner.start_energy("v2h")
        guest.sleep(60)  # the first minute is on the card
        with followed(guest, owner, folder):
            change_things(guest, owner, minutes * 60)


def change_things(guest: Guest, owner: Owner, seconds: float) -> None:
    """Change settings and schedule as an owner does, with the files' own writer."""
    end, n = owner.now_s() + seconds, 0
    write = (
        "cd / && PYTHONDONTWRITEBYTECODE=1 setpriv --reuid v2h-manager --regid v2h --init-groups python3 -c "
        "'import json, sys; from pathlib import Path; from v2h.runtime import atomic_file; "
        'p = Path("/data/v2h") / sys.argv[1]; v = atomic_file.read_json(p); v.update(json.loads(sys.argv[2])); '
        "atomic_file.write_json(p, v)' "
    )
    while (left_s := end - owner.now_s()) > 0:
        n += 1
        name, change = ("settings.json", {"stopped": False}) if n % 2 else ("schedule.json", {"entries": []})
        guest.out(f"{write} {name} '{json.dumps(change)}'")
        guest.sleep(min(CHANGE_S, left_s))
