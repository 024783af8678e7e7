"""What datalog tells the owner about this start: /run/v2h-start.json, written by oneshot/confirm_start.py."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from v2h.slots.state import Why

PATH = Path("/run/v2h-start.json")


class News(StrEnum):
    """What this start has shown. NONE: a known version runs, or it is not clear yet."""

    NONE = ""
    IN_FORCE = "in_force"
    """A new version was healthy long enough."""
    THROWN_BACK = "thrown_back"
    """U-Boot could not start the version that was to run, and started the one of before."""
    STILL_BACK = "still_back"
    """That was at an earlier start; the owner has not read it, and the other slot has not been written since."""


class Notice(NamedTuple):
    """t: when it was found, CLOCK_MONOTONIC in s. version: the one that runs. other: the one in the other slot, "" when
    not known. why: for THROWN_BACK and STILL_BACK, why the other one was given up. fallback: U-Boot counts the starts
    and would go to the other slot."""

    t: float = 0.0
    news: News = News.NONE
    version: str = ""
    other: str = ""
    why: Why = Why.NONE
    fallback: bool = True


def encode(notice: Notice) -> dict[str, Any]:
    """The JSON object that decode() reads."""
    return notice._asdict()


def decode(document: Mapping[str, Any]) -> Notice:
    """The notice; of a document without the keys one that says nothing. Never raises."""
    t, news, why = document.get("t"), document.get("news"), document.get("why")
    return Notice(
        float(t) if isinstance(t, int | float) else 0.0,
        News(news) if news in list(News) else News.NONE,
        str(document.get("version", "")),
        str(document.get("other", "")),
        Why(why) if why in list(Why) else Why.NONE,
        document.get("fallback") is not False,
    )
