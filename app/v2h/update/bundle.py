"""What a bundle says of itself, and whether it is for this card: RAUC checks the same before it writes, but only after
it has set up the bundle's checksums, and in an administrator's words."""

import configparser
import json
from typing import NamedTuple

from v2h.bus.sentences import say
from v2h.update.refusals import RefusedError


class Bundle(NamedTuple):
    """compatible: the board. number: of the version, which can be compared (image/steps/update-number). version: as
    v2h.version() names it."""

    compatible: str
    number: str
    version: str


class Own(NamedTuple):
    """What this card takes: its board, and its own number as the least."""

    compatible: str
    least: str


def read_info(info: str) -> Bundle:
    """The bundle in what `rauc info --output-format=json` prints. Raises RefusedError for anything else."""
    try:
        known = json.loads(info)
        number = str(known["version"])
        return Bundle(str(known["compatible"]), number, str(known.get("build") or number))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(say("update.torn")) from error


def read_own(system_conf: str) -> Own:
    """From the text of /etc/rauc/system.conf. Raises configparser.Error for a file that is not the card's."""
    known = configparser.ConfigParser(interpolation=None)
    known.read_string(system_conf)
    return Own(known.get("system", "compatible"), known.get("system", "min-bundle-version"))


def check_bundle(bundle: Bundle, own: Own) -> None:
    """Raises RefusedError for another board, and for a version before the one in force. The same version again is
    allowed: it mends a slot."""
    if bundle.compatible != own.compatible:
        raise RefusedError(say("update.other_board"))
    if _order(bundle.number) < _order(own.least):
        raise RefusedError(say("update.older"))


def _order(number: str) -> tuple[int, ...]:
    """DAY.SECOND as numbers; () for anything else, which is older than every version."""
    parts = number.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else ()
