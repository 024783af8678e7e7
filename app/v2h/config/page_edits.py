"""What the owner changed of v2h.toml on the page: laid over the card's file when a program starts.

The page never writes to the card. Its edits are in a file of the data partition, as {"page": {key: value}, "card":
{group: {key: value}}, "gone": {key: {"value", "why"}}}; a key is dotted, as limits.max_charge_a. A group is what has a
meaning only together: a scale without its channel, or a sign without its meter, would be wrong. "card" is what the
card's file said about the group when it was edited. If the card says something else now, the card is newer and its
values hold. "gone" holds the edits that were dropped and why ("": the card is newer), until the owner has read it.

An edit that the loader refuses is not used, so no edit can keep the charger idle.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from v2h.checks import check_texts, utf8
from v2h.config.meter_kinds import DEFAULT_KIND, KINDS, ROLES
from v2h.config.neighbours import HouseBroker, Notices, OldPage

SECRETS = frozenset(
    f.name for kind in (*KINDS.values(), HouseBroker, OldPage, Notices) for f in fields(kind) if "secret" in f.metadata
)
TABLES = ("site", "limits", "car", "cable", "panel")
"""Tables that the page may edit, beside [meter.ROLE]. [hardware] is how the board is built. An error in [web] would
take the page away, or open what the owner has closed. [adc.NAME] is only shown."""
WHOLE = ("car", "cable")
"""Tables whose keys have a meaning only together."""
SOC_WINDOW = ("limits.soc_min_pct", "limits.soc_max_pct")
TOWARDS_SECRET = ("host", "port")
"""Keys of a meter that receives a password: another value would send the password elsewhere."""
NOT_HERE = "it can be changed only in the file on the card"
HAS_SECRET = "the card's file holds a password for this meter, so host and port can be changed only there"
Check = Callable[[Mapping[str, Any]], list[str]]
"""The loader's errors of a file's content."""


@dataclass(frozen=True, slots=True)
class Edits:
    """The content of the file. trouble: why it could not be read, else ""."""

    page: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gone: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""


NO_EDITS = Edits()


class Laid(NamedTuple):
    """data: the card's content with the edits. dropped: group -> why its edits are not used; "": the card is newer."""

    data: Mapping[str, Any]
    dropped: Mapping[str, str]


def read_edits(path: Path) -> Edits:
    """The edits in the file; none when there is no file or it cannot be used. Raises nothing."""
    try:
        said = json.loads(utf8(path.read_bytes()))
        check_texts(said)
        edits = Edits(said["page"], said["card"], said["gone"])
        parts = (edits.page, edits.card, edits.gone, *edits.card.values(), *edits.gone.values())
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError("a part of it is not an object")
    except FileNotFoundError:
        return NO_EDITS
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return Edits(trouble=f"{path.name}: {error!r:.200}")
    return edits


def editable(key: str) -> bool:
    """Whether the page may edit this key."""
    parts = key.split(".")
    if parts[0] == "meter":
        plain = len(parts) == 3 and parts[1] in ROLES
        return plain and parts[2] not in ("fallback", "registers") and parts[2] not in SECRETS
    return len(parts) == 2 and parts[0] in TABLES


def group_of(key: str) -> str:
    """The group of a key: itself, its table, or both ends of the SoC window."""
    parts = key.split(".")
    if parts[0] == "meter":
        return ".".join(parts[:2])
    if key in SOC_WINDOW:
        return "limits.soc"
    return parts[0] if parts[0] in WHOLE else key


def flat(table: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key of a file's content and its value."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{where}{key}.")
        else:
            yield f"{where}{key}", value


def said_of(card: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What the card's content says about a group, without its secrets, which must not leave the card."""
    known = ((key, value) for key, value in flat(card) if group_of(key) == group)
    return {key: value for key, value in known if key.rpartition(".")[2] not in SECRETS}


def lay(card: Mapping[str, Any], edits: Edits, check: Check) -> Laid:
    """The edits over the content of a good card's file. check: the loader's errors of such a content."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in edits.page.items():
        groups.setdefault(group_of(key), {})[key] = value
    dropped = {group: why for group, page in groups.items() if (why := _unfit(card, group, page, edits)) is not None}
    wanted = {group: page for group, page in groups.items() if group not in dropped}
    together = _with(card, wanted)
    if not wanted or not check(together):  # one check is enough nearly always: each costs a program's start some time
        return Laid(together, dropped)
    good: dict[str, dict[str, Any]] = {}
    for group, page in wanted.items():
        errors = check(_with(card, good | {group: page}))
        if errors:
            dropped[group] = errors[0]
        else:
            good[group] = page
    return Laid(_with(card, good), dropped)


def _unfit(card: Mapping[str, Any], group: str, page: Mapping[str, Any], edits: Edits) -> str | None:
    """Why these edits cannot be used, before their values are looked at; None when they can."""
    if not all(map(editable, page)):
        return NOT_HERE
    if said_of(card, group) != edits.card.get(group):
        return ""
    table = _table(card, group.split("."))
    secret = any(table.get(name) for name in SECRETS)
    moved = any(page.get(f"{group}.{name}", table.get(name)) != table.get(name) for name in TOWARDS_SECRET)
    return HAS_SECRET if secret and moved and not _replaces(table, group, page) else None


def _replaces(table: Mapping[str, Any], group: str, page: Mapping[str, Any]) -> bool:
    """Whether the edits make another kind of meter of this table. The card's keys of the old kind then have no
    meaning; its password is gone with them."""
    old = table.get("kind", DEFAULT_KIND)
    return group.startswith("meter.") and page.get(f"{group}.kind", old) != old


def _with(card: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    data = deepcopy(dict(card))
    for group, page in groups.items():
        table = _table(data, group.split("."))
        if _replaces(table, group, page):
            for key in [key for key in table if key != "fallback"]:
                del table[key]
        for key, value in page.items():
            *tables, name = key.split(".")
            into = data
            for each in tables:
                into = into.setdefault(each, {})
            into[name] = value
    return data


def _table(data: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """The table of that dotted name; {} if it does not exist."""
    found: Any = data
    for name in names:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
