"""The topics on the broker of the house: what we publish, and what a message there means.

| topic below the base | what | retained |
| --- | --- | --- |
| `status` | `online`, or `offline` as last will | yes |
| `state` | all values as one JSON object | yes |
| KEY | one value: a number, a text, `true` or `false`; empty while unknown | yes |
| NAME`/set` | a command; see v2h.gateway.orders | a retained one is ignored |
| `answer` | what became of a command: {"command", "ok", "text", "applied"} | no |
| `event` | an event: {"at", "level", "code", "text", "source", "left_out"} | no |
| `evcc/`NAME | what evcc reads | yes |
| `evcc/`NAME`/set` | what evcc writes | a retained one is ignored |

Values and `status` are repeated every REPEAT_S, so that a reader with a time limit of 30 s is content, and what
somebody else has written over them or deleted is right again.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from v2h.bus.messages import Event, Reply
from v2h.gateway import evcc
from v2h.gateway.values import SETTING_KEYS, VALUES

REPEAT_S = 10.0
ONLINE, OFFLINE = "online", "offline"
SET = "/set"
EVCC = "evcc/"
QUICK = (
    "mode", "by", "slot", "session", "flowing", "connected", "plugged", "fault", "faults", "stopped", "enabled",
    "status", *SETTING_KEYS,
)  # fmt: skip
"""Values that are published as soon as they change; the others at the next repetition."""


class Publication(NamedTuple):
    topic: str
    payload: str
    retain: bool = True


class Wish(NamedTuple):
    """A message below the base that ends with SET. of_evcc: it belongs to evcc's faces."""

    name: str
    of_evcc: bool


def wish(base: str, topic: str) -> Wish | None:
    """What a topic asks for; None for one that is not ours."""
    if not (topic.startswith(f"{base}/") and topic.endswith(SET)):
        return None
    name = topic[len(base) + 1 : -len(SET)]
    return Wish(name.removeprefix(EVCC), True) if name.startswith(EVCC) else Wish(name, False)


def subscriptions(base: str) -> tuple[str, ...]:
    return f"{base}/+{SET}", f"{base}/{EVCC}+{SET}"


def text(value: Any) -> str:
    """A value alone, as a reader of one topic expects it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class States:
    """Which values must be published now. Bounded: it remembers one value for each key."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._last: dict[str, Any] = {}
        self._repeated_t = float("-inf")

    def forget(self) -> None:
        """Publish everything at the next call: a new connection, or a reader that has started again."""
        self._repeated_t = float("-inf")

    def due(self, now: float, values: Mapping[str, Any], evcc: Mapping[str, Any]) -> list[Publication]:
        """values: for the state and the single topics; evcc: for those of evcc."""
        every = {**values, **{f"{EVCC}{key}": value for key, value in evcc.items()}}
        changed = {key for key, value in every.items() if key not in self._last or self._last[key] != value}
        gone = self._last.keys() - every.keys()
        repeat = now - self._repeated_t >= REPEAT_S
        quick = {key for key in changed if key.rpartition("/")[2] in QUICK}
        if not repeat and not quick and not gone:
            return []
        told = every.keys() if repeat else quick
        self._last = {**self._last, **{key: every[key] for key in told}}
        for key in gone:
            del self._last[key]
        if repeat:
            self._repeated_t = now
        here = [Publication(f"{self._base}/status", ONLINE)] if repeat else []
        state = Publication(f"{self._base}/state", json.dumps(values, separators=(",", ":")))
        singles = [Publication(f"{self._base}/{key}", text(every[key])) for key in every if key in told]
        return [*here, state, *singles, *(Publication(f"{self._base}/{key}", "") for key in sorted(gone))]


def removal(base: str) -> list[Publication]:
    """Takes every retained message below an old base away."""
    names = ("status", "state", *(value.key for value in VALUES), *(f"{EVCC}{key}" for key in evcc.READ))
    return [Publication(f"{base}/{name}", "") for name in names]


def answer(base: str, command: str, reply: Reply | None, why_not: str = "") -> Publication:
    """What became of a command. reply: None when nobody answered, or when it could not be read: then why_not."""
    said: dict[str, Any] = {"command": command, "ok": False, "text": why_not, "applied": {}}
    if reply is not None:
        said |= {"ok": reply.ok, "text": str(reply.text), "applied": reply.applied}
    return Publication(f"{base}/answer", json.dumps(said, separators=(",", ":")), retain=False)


def notice(base: str, told: Event, at: str, left_out: int) -> Publication:
    """at: ISO time, "" while the clock is not right. left_out: events that were not told since the one before."""
    said = {
        "at": at, "level": told.level, "code": told.code, "text": str(told.text), "source": told.source,
        "left_out": left_out,
    }  # fmt: skip
    return Publication(f"{base}/event", json.dumps(said, separators=(",", ":")), retain=False)
