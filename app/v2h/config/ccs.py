"""[ccs] of v2h.toml: a CCS car over GreenPHY instead of a CHAdeMO car. Without this table nothing of CCS runs."""

import re
from dataclasses import dataclass

from v2h.config.fields import choice, port, text


def read_monitor(url: str) -> None:
    """Raises ValueError for what is no address of a device on Modbus RTU."""
    if not re.fullmatch(r"serial:/\S+?\?unit=(25[0-5]|2[0-4]\d|1?\d?\d)|rig:\S+", url):
        raise ValueError('an address such as "serial:/dev/v2h-imd?unit=3"')


@dataclass(frozen=True, slots=True)
class Ccs:
    """[ccs]"""

    insulation_monitor: str = text(
        needed="the insulation monitor (Bender isoCHA425HV on Modbus RTU). A CCS car switches its own monitor off and "
        'relies on the charger\'s: without one there is no CCS. Name it, such as "serial:/dev/v2h-imd?unit=3", or '
        "remove [ccs]",
        read=read_monitor,
    )
    pilot_box: str = port("serial:/dev/v2h-pilot")
    protocols: str = choice("both", "both", "din", "iso2")
    """Which are offered to the car: DIN SPEC 70121, ISO 15118-2, or both by the car's own priority."""
