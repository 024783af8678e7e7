"""What the vendor's files say: the shell variables of /etc/default/ssb, totals, calibration, and what of it could stand
in v2h.toml.

Only the names of these files are published, not their form. So values are taken as they stand, by `NAME = NUMBER` and
JSON, and nothing is put into force: the owner reads the snippet and decides.
"""

import json
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

SETTING = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\s*$", re.MULTILINE)
PAIR = re.compile(r"([A-Za-z_][\w.-]*)\s*[=:]\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\b")
POWER_GAIN = re.compile("power_gain$")
NUMBER = re.compile(r"\bversion (\d+)\b(?!\.)")
SHOWN_BYTES = 64
UPDATED, FACTORY = (2, 3), 1
"""The partitions that updates fill in turn, and the one with which the charger was delivered."""


def shell_settings(text: str) -> dict[str, str]:
    """{"SSB_LOG_LEVEL": "info"} of a file in shell style, without quotes. Variables are not expanded."""
    return {name: value.strip("\"'") for name, value in SETTING.findall(text)}


def numbers(text: str) -> dict[str, float]:
    """Every `NAME = NUMBER` and `NAME: NUMBER` of a log that JSON can hold; the last one of a name counts."""
    return {name: number for name, value in PAIR.findall(text) if isfinite(number := float(value))}


def content(data: bytes) -> Any:
    """A small file of unknown form: JSON as it is, else its text, else its first bytes in hex."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"bytes": len(data), "hex": data[:SHOWN_BYTES].hex()}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()


def snippet(time_zone: str, calibration: Mapping[str, float]) -> str:
    """A piece of v2h.toml. What is not proven stands in a comment. time_zone: "" when it was not found."""
    lines = ["# From the dump of the vendor's firmware. Read each line before you copy it into v2h.toml."]
    if time_zone:
        lines += ["[site]", f"timezone = {json.dumps(time_zone)}", ""]
    lines += ["[meter.grid]", 'kind = "stpm3x"']
    for name, value in calibration.items():
        if POWER_GAIN.search(name):
            lines.append(f"# p_lsb_w = {value * 1e-12:.9g}  # if {name} = {value:.0f} counts pW: nobody has proven it")
    lines.append("# The vendor's numbers are of a driver that is not published: v2h meter calibrate is the safe way.")
    return "\n".join(lines) + "\n"


def zone_of(link: str) -> str:
    """The time zone that the target of /etc/localtime or the text of /etc/timezone names, "" for none."""
    name = link.strip().rpartition("zoneinfo/")[2]
    return name if re.fullmatch(r"[A-Za-z][\w+-]*(/[\w+-]+){0,2}", name) else ""


def version_number(version: str) -> int | None:
    """524288 in "version 524288 - version 8.0.0 (...)": U-Boot's log shows that it compares such a number."""
    found = NUMBER.search(version)
    return int(found[1]) if found else None


def likely_slot(usable: Mapping[int, str]) -> int | None:
    """The partition that U-Boot probably starts: the higher version number of UPDATED, else FACTORY. None: unknown.

    usable: partition -> version of each fitImage that can be read. The rule is guessed from one published boot log: it
    loads both, and starts 524288 and not 459266. What /boot/bootstatus adds to it is not known; it was empty there.
    """
    numbered = {place: version_number(version) for place, version in usable.items()}
    known = {place: number for place, number in numbered.items() if place in UPDATED and number is not None}
    if known:
        return max(known, key=lambda place: known[place])
    unknown = any(place in usable for place in UPDATED)
    return FACTORY if FACTORY in usable and not unknown else None


def shown(data: bytes) -> str:
    """A small file as one line: its text, or its first bytes in hex when it is no text."""
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() else f"{len(data)} bytes, {data[:SHOWN_BYTES].hex()}"


def versions(texts: Iterable[str]) -> list[str]:
    """What looks like a version in the strings of a slot: "ovo-ssb-v3.1.0-67", "8.0.0"."""
    found = (match for text in texts for match in re.findall(r"(?:[a-z]+-)*v?\d+\.\d+\.\d+(?:-\d+)?", text))
    return list(dict.fromkeys(found))
