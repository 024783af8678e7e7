"""What the house draws by weekday and hour, from the quarters of the log; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from v2h.bus.messages import HouseLoad
from v2h.datalog.schema import QUARTER_S
from v2h.energy.plan.forecast import Profile, learned

LEAST_SUNNY_DAYS = 3
"""With fewer days whose sun is known, a forecast of the sun would count against a load that is hardly known."""


def house_load(rows: Iterable[Mapping[str, Any]], zone: tzinfo, now: float) -> HouseLoad:
    """rows: of the table quarters. zone: of the owner, by whose clock the house lives. now: monotonic s."""
    net: list[tuple[datetime, float]] = []
    gross: list[tuple[datetime, float]] = []
    for row in rows:
        if row["net_w"] is None:
            continue
        local = datetime.fromtimestamp(row["quarter"] * QUARTER_S, zone)
        net.append((local, row["net_w"]))
        if row["sun_w"] is not None:
            gross.append((local, row["net_w"] + row["sun_w"]))
    whole, sunny = learned(net), learned(gross)
    return HouseLoad(now, _week(whole), _week(sunny) if sunny.days >= LEAST_SUNNY_DAYS else [], whole.days)


def _week(profile: Profile) -> list[list[float]]:
    return [[round(power_w, 1) for power_w in day] for day in profile.means_w]
