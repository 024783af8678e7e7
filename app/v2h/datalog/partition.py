"""How the data partition is, and the sentence for the owner: missing, stopped, mended, repaired, made new, or full.

Before it is mounted, /usr/lib/v2h/mend-data checks it and leaves in CHECKED what it found. The functions here are pure;
look() reads the system.
"""

from pathlib import Path
from typing import NamedTuple

from v2h.bus.sentences import Sentence, say
from v2h.runtime.disk_space import FREE_BYTES, SYSFS, free_bytes, writable

CHECKED = Path("/run/v2h-data-check")
"""First line: one of the words of mend-data; then the names of the owner's files that were saved, one a line."""
MIB = 2**20
SETTINGS, SCHEDULE, PASSWORD = "v2h/settings.json", "v2h/schedule.json", "web/"
"""What an owner wants to hear about: a saved file, or a folder with saved files."""


class Partition(NamedTuple):
    """mounted: as the kernel says. writable: as v2h.runtime.disk_space says. free_bytes: for ordinary users; None when
    it cannot be read. checked: the lines of CHECKED, () when there is no such file."""

    mounted: bool
    writable: bool
    free_bytes: float | None
    checked: tuple[str, ...] = ()


def trouble(seen: Partition, unwritten: Sentence | None = None) -> Sentence | None:
    """What is wrong and what to do, the worst first; None when nothing is. unwritten: why the log is not written."""
    return _present(seen) or unwritten or _almost_full(seen) or past(seen)


def past(seen: Partition) -> Sentence | None:
    """What the check at this start did to the partition; None when nothing had to be done."""
    word, *saved = seen.checked or ("",)
    if word == "mended":
        return say("data.mended")
    if word == "repaired":
        return say("data.repaired")
    return say("data.remade", saved=_kept(saved)) if word == "remade" else None


def _present(seen: Partition) -> Sentence | None:
    if not seen.mounted:
        return say("data.broken") if seen.checked[:1] == ("broken",) else say("data.missing")
    return None if seen.writable else say("data.stopped")


def _almost_full(seen: Partition) -> Sentence | None:
    """Less is free than captures and copies leave free."""
    if seen.free_bytes is None or seen.free_bytes >= FREE_BYTES:
        return None
    return say("log.card_full", free_mib=seen.free_bytes / MIB, least_mib=FREE_BYTES / MIB)


def _kept(saved: list[str]) -> Sentence:
    """The saved things of the owner in words."""
    named = {SETTINGS: say("data.settings"), SCHEDULE: say("data.schedule"), PASSWORD: say("data.password")}
    known = [words for start, words in named.items() if any(name.startswith(start) for name in saved)]
    return say("data.kept", what=known) if known else say("data.kept_nothing")


def look(
    mount: Path | None, data: Path, root: Path = Path("/"), checked: Path = CHECKED, sysfs: Path = SYSFS
) -> Partition:
    """The partition that should be mounted at `mount`: without it that folder lies on the root file system. mount: None
    on a desk, where `data` is a folder and any place is right."""
    try:
        free = free_bytes(data if mount is None else mount)
        if mount is None:
            return Partition(True, True, free)
        return Partition(mount.stat().st_dev != root.stat().st_dev, writable(mount, sysfs), free, _lines(checked))
    except OSError:
        return Partition(mount is None, True, None, _lines(checked))


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("utf-8").split("\n"))[:-1]
    except (OSError, ValueError):
        return ()
