"""The largest legal schedule passes through every door, and one that is larger is refused before it is written."""

import json
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.fullschedule import full
from v2h.bus.messages import MOST_DOCUMENT_B, MOST_MESSAGE_B, Command, ManagerSchedule
from v2h.config.site import Limits
from v2h.energy.readyby import CarNow
from v2h.energy.schedule_json import MOST_PREVIEW_B, MOST_PRICES_B, MOST_TARGETS_B, schedule_parts
from v2h.energy.schedulefile import ScheduleError, read_schedule
from v2h.energy.steps import result

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 29, 11, 20, tzinfo=UTC)


def message_b(document: dict[str, Any]) -> int:
    schedule = read_schedule(document, Limits(), "Europe/London")
    parts = result(schedule_parts(schedule, NOW, CarNow(60.0, 22.4, 15.0, None)))
    return len(ManagerSchedule(1.0, schedule.document, source="schedule.json", **parts).to_json())


@pytest.mark.parametrize("name", ["", "w", "a name of some length"])
def test_every_list_full_is_carried_with_its_preview(name: str) -> None:
    document = full(name)
    assert len(Command("id", "web", {"schedule": document}).to_json()) < MOST_MESSAGE_B
    assert message_b(document) < MOST_MESSAGE_B


def test_a_document_is_measured_as_it_travels_and_refused_with_what_is_too_long() -> None:
    """An emoji is one letter of a name and twelve bytes in a message."""
    document = full("🔌" * 40)
    size_b = len(json.dumps(document, separators=(",", ":")))
    assert size_b > MOST_DOCUMENT_B
    with pytest.raises(ScheduleError, match=f"is {size_b} bytes long, {size_b - MOST_DOCUMENT_B} too many"):
        read_schedule(document, Limits(), "UTC")


@pytest.mark.slow
def test_a_document_nested_a_thousand_times_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ScheduleError, match="nested too deeply"):
        read_schedule({"version": 1, "weekly": deep}, Limits(), "UTC")


def test_a_preview_that_is_too_long_ends_earlier_and_has_no_gap() -> None:
    document = {"version": 1, "weekly": full("🔌" * 30)["weekly"]}
    schedule = read_schedule(document, Limits(), "UTC")
    parts = result(schedule_parts(schedule, NOW, CarNow()))["preview"]
    assert message_b(document) < MOST_MESSAGE_B
    assert parts[0]["start"].startswith("2026-11-29")
    assert all(one["end"] == other["start"] for one, other in pairwise(parts))
    assert parts[-1]["end"] < "2026-12-06T11:20", "not the whole week"


def test_targets_with_long_names_are_carried_too() -> None:
    document = full("")
    for target in document["ready_by"]:
        target["name"] = "🔌" * 40
    for window in document["weekly"]:
        window["name"] = "🔌" * 12
    assert message_b(document) < MOST_MESSAGE_B


def test_48_prices_and_9_windows_are_nothing_special() -> None:
    """This document of 9 kB ended manager for good."""
    document = full("night")
    document["weekly"], document["prices"] = document["weekly"][:9], document["prices"][:48]
    document["overrides"], document["ready_by"] = [], []
    schedule = read_schedule(document, Limits(), "UTC")
    parts = result(schedule_parts(schedule, NOW, CarNow()))
    assert parts["preview"][-1]["end"].startswith("2026-12-06") and parts["prices"][-1]["end"].startswith("2026-12-06")


def test_the_broker_takes_what_a_program_may_send() -> None:
    configuration = (ROOT / "rootfs-overlay" / "etc" / "mosquitto" / "v2h.conf").read_text(encoding="utf-8")
    [most_b] = re.findall(r"^max_packet_size (\d+)$", configuration, re.MULTILINE)
    assert int(most_b) >= MOST_MESSAGE_B + 1024, "a packet has a topic and a header, too"
    assert MOST_DOCUMENT_B + MOST_PREVIEW_B + MOST_PRICES_B + MOST_TARGETS_B + 4096 < MOST_MESSAGE_B
