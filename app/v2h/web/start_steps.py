"""The steps of a first visit, each judged by what is known now."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from v2h.config.site import Config
from v2h.web.view.figures import NONE

DONE, WAITS, OPEN = "done", "waits", "open"
WORDS = {DONE: "Done", WAITS: "Waits for the next start", OPEN: "To do"}
NO_ZONE = "UTC"
"""The default, which is also right for a few; those dismiss the assistant."""


class Step(NamedTuple):
    """key: of the step; state: DONE, WAITS or OPEN; why: a sentence."""

    key: str
    title: str
    state: str
    why: str


class Known(NamedTuple):
    """view: the live view of the page. settings: None while `manager` has sent none. now, coming: v2h.toml as
    it was read at the start, and as it will be read at the next one. failed: the parts that the last check found bad;
    None before the first check."""

    has_password: bool
    view: Mapping[str, Any]
    settings: Mapping[str, Any] | None
    now: Config
    coming: Config
    failed: Sequence[str] | None


def steps(known: Known) -> list[Step]:
    """In the order in which they are done."""
    return [
        Step("password", "Password", *_password(known)),
        Step("clock", "Clock and time zone", *_clock(known)),
        Step("meter", "Grid meter", *_meter(known)),
        Step("cable", "The cable’s voltage", *_cable(known)),
        Step("limits", "Limits", *_limits(known)),
        Step("check", "Check without a car", *_check(known)),
    ]


def _password(known: Known) -> tuple[str, str]:
    if known.has_password:
        return DONE, "The owner’s password is set."
    return OPEN, "No password is set, so nothing can be changed yet."


def _clock(known: Known) -> tuple[str, str]:
    zone = (known.settings or {}).get("time_zone")
    if known.settings is None:
        return OPEN, "The manager has not told its settings yet."
    if known.view["clock"]["tone"] != "good":
        return OPEN, "The clock is not known to be right: connect the network, or set it from this device."
    if zone == NO_ZONE:
        return OPEN, "The clock is right. The time zone is still UTC, the default."
    return DONE, f"The clock is right, and the time zone is {zone}."


def _meter(known: Known) -> tuple[str, str]:
    if known.coming.meter != known.now.meter:
        return WAITS, "Your change of the meter takes effect at the next start."
    if known.view["grid"] == NONE:
        return OPEN, "There is no fresh reading of the grid’s power."
    return DONE, "The meter sends. Switch a kettle on: the value must rise by 2 kW; if it falls, the sign is wrong."


def _cable(known: Known) -> tuple[str, str]:
    if (known.coming.cable, known.coming.car) != (known.now.cable, known.now.car):
        return WAITS, "Your change of the cable or the car takes effect at the next start."
    if known.now.cable.scale_v_per_v and known.now.cable.by == "converter":
        return DONE, "The cable’s voltage is measured. It was calibrated by the converter: a meter would be better."
    if known.now.cable.scale_v_per_v:
        return DONE, "The cable’s voltage is measured with the scale in v2h.toml."
    if known.now.car.cells_in_series:
        return DONE, "The cable is not measured. The battery is named, so its voltages are assumed."
    return OPEN, "No session starts until the cable is calibrated or the battery is named."


def _limits(known: Known) -> tuple[str, str]:
    if known.coming.limits != known.now.limits:
        return WAITS, "Your change of [limits] takes effect at the next start."
    missing = [word for key, word in LIMITS if (known.settings or {}).get(key) is None]
    if missing:
        return OPEN, f"Not set yet: {' and '.join(missing)}."
    limits = known.now.limits
    return DONE, f"At most {limits.max_charge_a:g} A to the car and {limits.max_discharge_a:g} A from it."


def _check(known: Known) -> tuple[str, str]:
    if known.failed is None:
        return OPEN, "Not run yet."
    if known.failed:
        return OPEN, f"The last check found: {', '.join(known.failed)}."
    return DONE, "The last check found nothing wrong."


LIMITS = (("fuse_a", "the main fuse"), ("export_limit_w", "what may be exported"))
"""Settings that the owner's house needs, with their words."""
