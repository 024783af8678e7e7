"""What U-Boot finds in front of the card's partitions: one active slot, and the boot loader of the image. If this is
lost, the charger no longer starts, and nobody can tell from the running system."""

from pathlib import Path

from v2h.bus.sentences import Sentence, say
from v2h.slots.card import BLOCKS, NoCardError, disk, read_active
from v2h.slots.loader import OF_SYSTEM, differing
from v2h.slots.mbr import MbrError


def judged(root: Path) -> tuple[bool | None, Sentence]:
    """(whether the card starts again, what was found); None when that was not tested. root: the folder that contains
    dev, sys and usr."""
    try:
        card = root / disk(root.stat().st_dev, root / BLOCKS.relative_to("/")).relative_to("/")
        slot = read_active(card)
        others = list(differing(card, root / OF_SYSTEM.relative_to("/")))
    except NoCardError:
        return None, say("selftest.no_card")
    except PermissionError:
        return None, say("selftest.needs_root")
    except (MbrError, OSError) as error:
        return False, say("selftest.error", what=str(error))
    if others:
        return None, say("selftest.other_loader", slot=slot, names=others)
    return True, say("selftest.boots", slot=slot)
