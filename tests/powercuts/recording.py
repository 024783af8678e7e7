"""One run of the emulated board with every write to its card logged: V2H with changes of settings and schedule.

Needs the built image. The log, the data partition as it was before and a time line go into one folder.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "image"))

from card import Card  # noqa: E402
from guest import Guest  # noqa: E402
from owner import Owner  # noqa: E402

from powercuts.cutting import BASE, LOG, PLACE, TIMELINE  # noqa: E402

CARD_BYTES = 8 * 2**30
"""As scripts/emulate makes the card."""
BOOT_S = 600
POLL_S = 0.2
CHANGE_S = 5.0
"""Between two changes of settings or schedule."""


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
    """As data_partition(), of a card that has run, as it is now (qcow2)."""
    start = Card(REPOSITORY / "build" / "v2h.img").partitions()[3].start
    source = f"driver=raw,offset={start},size={CARD_BYTES - start},file.driver=qcow2,file.file.filename={card}"
    subprocess.run(["qemu-img", "convert", "--image-opts", source, "-O", "raw", base], check=True)
    return start


def prepare(folder: Path, card: Path | None = None) -> tuple[str, ...]:
    """Everything of a recording but the run itself, in `folder`, for a new card or this one. Returns the words for
    scripts/emulate."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    log.unlink(missing_ok=True)
    base = folder / BASE
    start = data_partition_of(card, base) if card else data_partition(REPOSITORY / "build" / "v2h.img", base)
    (folder / PLACE).write_text(json.dumps({"start": start}))
    return "--log-writes", str(log.resolve())


@contextmanager
def followed(guest: Guest, owner: Owner, folder: Path) -> Iterator[None]:
    """Note how long the log is at which time of the board, until the block ends: cuts may be made in that time."""
    log, done = folder / LOG, threading.Event()
    with (folder / TIMELINE).open("w") as out:
        out.write(json.dumps({"boot": guest.out("cat /proc/sys/kernel/random/boot_id")}) + "\n")

        def follow() -> None:
            while not done.wait(POLL_S):
                # The board is asked after the look at the log: it is never later than we say.
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
    """Boot, let energy flow, change things, log. Raises what the guest raises."""
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
    """What an owner changes, by the files' own writer."""
    end, n = owner.now_s() + seconds, 0
    write = (
        "cd / && PYTHONDONTWRITEBYTECODE=1 setpriv --reuid v2h-manager --regid v2h --clear-groups python3 -c "
        "'import json, sys; from pathlib import Path; from v2h import durable; "
        'p = Path("/data/v2h") / sys.argv[1]; v = durable.read_json(p); v.update(json.loads(sys.argv[2])); '
        "durable.write_json(p, v)' "
    )
    while (left_s := end - owner.now_s()) > 0:
        n += 1
        name, change = ("settings.json", {"stopped": False}) if n % 2 else ("schedule.json", {"entries": []})
        guest.out(f"{write} {name} '{json.dumps(change)}'")
        guest.sleep(min(CHANGE_S, left_s))
