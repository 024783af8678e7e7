"""The steps of a first visit, each judged by what is known now."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from v2h.bus.sentences import Sentence, say
from v2h.config.site import Config
from v2h.web.view.figures import NONE

DONE, WAITS, OPEN = "done", "waits", "open"
WORDS = {DONE: say("start_step.done"), WAITS: say("start_step.waits"), OPEN: say("start_step.open")}
NO_ZONE = "UTC"
"""The default, which is also right for a few; those dismiss the assistant."""


class Step(NamedTuple):
    """key: of the step; state: DONE, WAITS or OPEN; why: a sentence."""

    key: str
    title: Sentence
    state: str
    why: Sentence


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
        Step("password", say("start_step.password"), *_password(known)),
        Step("clock", say("start_step.clock"), *_clock(known)),
        Step("meter", say("start_step.meter"), *_meter(known)),
        Step("cable", say("start_step.cable"), *_cable(known)),
        Step("limits", say("start_step.limits"), *_limits(known)),
        Step("check", say("start_step.check"), *_check(known)),
    ]


def _password(known: Known) -> tuple[str, Sentence]:
    if known.has_password:
        return DONE, say("start_step.password_set")
    return OPEN, say("start_step.no_password")


def _clock(known: Known) -> tuple[str, Sentence]:
    zone = (known.settings or {}).get("time_zone")
    if known.settings is None:
        return OPEN, say("start_step.no_settings")
    if known.view["clock"]["tone"] != "good":
        return OPEN, say("start_step.clock_wrong")
    if zone == NO_ZONE:
        return OPEN, say("start_step.zone_default")
    return DONE, say("start_step.clock_right", zone=zone)


def _meter(known: Known) -> tuple[str, Sentence]:
    if known.coming.meter != known.now.meter:
        return WAITS, say("start_step.meter_waits")
    if known.view["grid"] == NONE:
        return OPEN, say("start_step.no_reading")
    return DONE, say("start_step.meter_sends")


def _cable(known: Known) -> tuple[str, Sentence]:
    if (known.coming.cable, known.coming.car) != (known.now.cable, known.now.car):
        return WAITS, say("start_step.cable_waits")
    if known.now.cable.scale_v_per_v and known.now.cable.by == "converter":
        return DONE, say("start_step.cable_by_converter")
    if known.now.cable.scale_v_per_v:
        return DONE, say("start_step.cable_measured")
    if known.now.car.cells_in_series:
        return DONE, say("start_step.cable_assumed")
    return OPEN, say("start_step.cable_missing")


def _limits(known: Known) -> tuple[str, Sentence]:
    if known.coming.limits != known.now.limits:
        return WAITS, say("start_step.limits_wait")
    chosen = known.settings or {}
    missing = [word for key, word in LIMITS if chosen.get(key) is None]
    if missing:
        return OPEN, say("start_step.not_set", missing=missing)
    limits = known.now.limits
    grid = {"fuse_a": chosen["fuse_a"], "export_w": chosen["export_limit_w"]}
    charge_a, discharge_a = limits.max_charge_a, limits.max_discharge_a
    return DONE, say("start_step.limits_set", charge_a=charge_a, discharge_a=discharge_a, **grid)


def _check(known: Known) -> tuple[str, Sentence]:
    if known.failed is None:
        return OPEN, say("start_step.not_run")
    if known.failed:
        return OPEN, say("start_step.found", failed=list(known.failed))
    return DONE, say("start_step.nothing_wrong")


LIMITS = (("fuse_a", say("start_step.main_fuse")), ("export_limit_w", say("start_step.export")))
"""Settings that the owner's house needs, with their words."""
