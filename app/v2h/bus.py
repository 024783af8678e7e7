"""Every topic and message of the bus, in one place.

Units and signs, said once for the whole project: powers in W, grid power + is import, battery power and current +
is charging the car (discharge is negative), times `t` are seconds of CLOCK_MONOTONIC (one machine, so they compare
across programs), `at` is ISO time and present only where the clock is known good.
Messages are JSON objects. A receiver ignores keys it does not know; a missing or mistyped key is a MessageError.
Retained messages on command and setpoint topics are dropped by receivers.
"""

import json
import re
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from functools import cache
from math import isfinite
from typing import Any, ClassVar, Self

SETPOINT_PERIOD_S = 0.25
SETPOINT_LIFE_S = 1.0

MODES = ("idle", "v2h", "solar", "charge", "discharge")
RESTING = ("idle", "fault")
"""ChargerState.state without a session."""
PASSWORD_SET = "password_set"
"""Code of web's event: the owner's password is a new one, and a pairing window is closed by it."""
ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""Of a command and its reply: a part of a topic."""


class MessageError(ValueError):
    """A bus message that cannot be read: names topic class, key and value."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


class _Kind(Enum):
    NUMBER = auto()
    NUMBER_OR_NONE = auto()
    TEXT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages: JSON both ways."""

    TOPIC: ClassVar[str]
    RETAIN: ClassVar[bool] = False

    def to_json(self) -> bytes:
        shape = _shape(type(self))  # type: ignore[arg-type]
        return _ENCODER.encode({name: getattr(self, name) for name in shape}).encode()

    @classmethod
    def from_json(cls, payload: bytes) -> Self:
        shape = _shape(cls)  # type: ignore[arg-type]
        try:
            data = json.loads(payload)
            message = cls(**{name: data[name] for name in shape if name in data})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MessageError(f"{cls.__name__}: {error}; got {payload[:200]!r}") from error
        for name, kind in shape.items():
            if kind is _Kind.OTHER:
                continue
            value = getattr(message, name)
            if kind is _Kind.TEXT:
                if not isinstance(value, str):
                    raise MessageError(f"{cls.__name__}: {name} = {value!r} is no text")
            elif value is None and kind is _Kind.NUMBER_OR_NONE:
                continue
            elif not (isinstance(value, int | float) and isfinite(value)):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is not a finite number")
        message.check()
        return message

    def check(self) -> None:
        """What the types do not say of a message that was read. Raises MessageError."""


@cache
def _shape(cls: type[Message]) -> dict[str, _Kind]:
    """Field name -> what it holds; kept, because many messages a second are read on a small board. (A class is
    hashable; mypy looks at its instances' __hash__, hence the ignores above.)"""
    kinds = {float: _Kind.NUMBER, int: _Kind.NUMBER, float | None: _Kind.NUMBER_OR_NONE, str: _Kind.TEXT}
    return {f.name: kinds.get(f.type, _Kind.OTHER) for f in fields(cls)}


@dataclass(frozen=True, slots=True)
class Alive(Message):
    """Retained on v2h/<program>/alive; the last will is the same with alive = false."""

    TOPIC = "v2h/{}/alive"
    RETAIN = True
    alive: bool
    pid: int
    version: str


@dataclass(frozen=True, slots=True)
class MeterReading(Message):
    """One reading of the meter of one role: "grid" (+ import), "charger" or "solar". power_w: sum of the phases.

    t: time of reading; the power is that of t - lag_s. interval_s: measured time between two new values. lag_known:
    False when nobody said the lag and lag_s is the usual one of such a meter. fresh: False when the meter said exactly
    what it said before, so that it may not have measured anew: to be ignored where own power has moved since then.
    Of a quick meter the values that tell nothing new are left out (v2h.meters.reading.is_news).
    phases: one object a phase with those of power_w, voltage_v and current_a that the meter tells; [] if it tells none.
    """

    TOPIC = "v2h/meter/{}"
    t: float
    power_w: float
    interval_s: float
    lag_s: float
    source: str
    voltage_v: float | None = None
    current_a: float | None = None
    frequency_hz: float | None = None
    import_wh: float | None = None
    export_wh: float | None = None
    lag_known: bool = True
    fresh: bool = True
    phases: list[dict[str, float]] = field(default_factory=list)

    def is_old(self, now: float) -> bool:
        """Older than three of its own intervals and a second: not data."""
        return now - self.t > 3 * self.interval_s + 1.0


@dataclass(frozen=True, slots=True)
class MeterStatus(Message):
    """How a role's meter does, at every change and every 10 s. word: see v2h.meters.health; text: the same as sentences
    for people. source: the meter in use; fallback: it is the second one. other: word of the one not in use ("": none).
    """

    TOPIC = "v2h/meter/{}/status"
    RETAIN = True
    t: float
    word: str
    text: str
    source: str
    interval_s: float
    lag_s: float
    lag_known: bool
    fallback: bool = False
    other: str = ""


@dataclass(frozen=True, slots=True)
class ChargerState(Message):
    """What charger knows, at every change and at 5 Hz in energy flow (1 Hz otherwise). Not retained: old is not data.

    state: session state name ("idle", "wake", ... "energy", ... "fault"). power_w: DC side, + charging; t_power: when
    it was measured. limits: amps the session would accept now, both positive. can_start / refusal: whether a start
    would be accepted and else why. checks: what of insulation, lock and cable voltage is "verified", "assumed" or
    "not fitted". ended_by: who began the end of the last session: "us" (owner, manager or its silence), "car", "fault",
    "" while one runs or before the first. starts: sessions begun since this program started; refusals: how many of the
    last ones in a row ended before energy without our asking. paused: the session sleeps at 0 A and wakes for any
    setpoint. inputs_v: further ADC inputs by name. fan_pct: what the fan is told, None without one.
    """

    TOPIC = "v2h/charger/state"
    t: float
    state: str
    since_t: float
    reason: str
    soc_pct: float | None
    volts_v: float | None
    amps_a: float | None
    power_w: float | None
    t_power: float | None
    setpoint_a: float
    max_charge_a: float
    max_discharge_a: float
    k_on: bool
    outputs: list[str]
    faults: list[str]
    guard: str
    status_109_5: str
    cable_v: float | None
    temperature_c: float | None
    session: int
    ages_s: dict[str, float | None] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    capacity_kwh: float | None = None
    ended_by: str = ""
    starts: int = 0
    refusals: int = 0
    paused: bool = False
    inputs_v: dict[str, float] = field(default_factory=dict)
    fan_pct: float | None = None


@dataclass(frozen=True, slots=True)
class ChargerPower(Message):
    """The PRE's own measurement, at every poll (0.1 s) while the converter runs and order or current
    change, each half second while they do not; t: when it was measured."""

    TOPIC = "v2h/charger/power"
    t: float
    power_w: float
    amps_a: float
    volts_v: float


@dataclass(frozen=True, slots=True)
class Setpoint(Message):
    """Manager's order to charger: power_w (+ charging) until expires_t. wanted: a session shall run (else: stop in
    order). order: counts what owner or schedule asked for; a session that has ended starts again only for a new
    number. Bounded by charger; at most SETPOINT_LIFE_S into the future."""

    TOPIC = "v2h/charger/setpoint"
    t: float
    wanted: bool
    power_w: float
    expires_t: float
    reason: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class ManagerState(Message):
    """Policy: mode, the sentence for people, and what is in force.

    why: what is done, why, and what comes next. grid_w: None when nothing was heard for so long that it is no data
    (grid_age_s goes on telling how long). next_entry: the next change of the schedule in words, None without one.
    chosen_by: who chose the mode, "owner", "schedule", "slot" or "nobody". until: ISO time with offset at which the
    mode ends, None when open. stopped_by_owner: the schedule is suspended until the owner starts something or resumes
    it. clock: {"trusted": bool, "source": "ntp" | "owner" | "rtc" | "none", "age_s": s since that source was last heard
    or None, "zone": name, "local": ISO time of day}. tracking: {"mean_w": mean |grid - target| while matching,
    "over_s": the seconds behind it}, empty before anything was matched, and "lag_s": the meter's lag as learned where
    it refutes the one told. starts: sessions started in the last hour.
    """

    TOPIC = "v2h/manager/state"
    RETAIN = True
    t: float
    mode: str
    why: str
    setpoint_w: float
    grid_w: float | None
    grid_age_s: float | None
    limits: dict[str, float] = field(default_factory=dict)
    config_errors: list[str] = field(default_factory=list)
    next_entry: str | None = None
    chosen_by: str = "nobody"
    until: str | None = None
    stopped_by_owner: bool = False
    clock: dict[str, Any] = field(default_factory=dict)
    tracking: dict[str, float] = field(default_factory=dict)
    starts: int = 0


@dataclass(frozen=True, slots=True)
class ManagerSettings(Message):
    """The owner's settings in force. bounds: key -> {"low", "high", "unit"} for numbers, {"allowed": [..]} for words;
    "null": true where None is allowed. error: why the file of settings is not used, "" when it is."""

    TOPIC = "v2h/manager/settings"
    RETAIN = True
    t: float
    settings: dict[str, Any]
    bounds: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class ManagerSchedule(Message):
    """The schedule in force and what it will do in the next 7 days.

    schedule: the whole document as in schedule.json. source: the file it was read from, "" when there is none.
    preview: parts without gaps, each {"start", "end": ISO with offset, "mode", "why", "entry": name or "", "amps",
    "soc_limit_pct", "keep_soc_pct": not discharged below, for a target, or None}; empty while the clock is not trusted.
    ready_by: {"time": ISO, "soc_pct", "entry", "charge_from": ISO or None}. prices: {"start", "end", "import_price",
    "export_price" per kWh} of the same days. error: why a file was not used, naming entry and field; "" when there is
    nothing to say.
    """

    TOPIC = "v2h/manager/schedule"
    RETAIN = True
    t: float
    schedule: dict[str, Any]
    preview: list[dict[str, Any]] = field(default_factory=list)
    ready_by: list[dict[str, Any]] = field(default_factory=list)
    source: str = ""
    error: str = ""
    prices: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command(Message):
    """An order from a person or neighbour on v2h/command/<name>; answered on v2h/reply/<id>, hence ID.

    Names: "mode" ({"mode": "charge", "amps": 10, "soc_limit_pct": 80, "until": ISO}), "stop" ({}), "clear-fault" ({} or
    {"unlock_confirmed": true}), "capture" ({}: datalog writes the CAN black box to a file),
    "resume" ({}: the schedule goes on after a stop), "settings" (a part of the settings), "schedule" ({"schedule": the
    whole document}), "clock" ({"at": ISO with offset}: the time of a logged-in owner's device), "slot" ({"slot":
    "charge" | "hold" | "none", "until": ISO, "amps", "soc_limit_pct"}: a tariff's cheap slot, or no discharging while
    others draw).
    """

    TOPIC = "v2h/command/{}"
    id: str
    source: str
    values: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        _check_id(self)
        if not isinstance(self.values, dict):
            raise MessageError(f"Command: values = {self.values!r} is no object")


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """Answer to a command: what was applied, or why not. bad_input: the values are to blame, not the moment."""

    TOPIC = "v2h/reply/{}"
    id: str
    ok: bool
    text: str
    applied: dict[str, Any] = field(default_factory=dict)
    bad_input: bool = False

    def check(self) -> None:
        _check_id(self)


def _check_id(message: Command | Reply) -> None:
    if not ID.fullmatch(message.id):
        raise MessageError(f"{type(message).__name__}: id = {message.id!r} is not {ID.pattern}")


@dataclass(frozen=True, slots=True)
class Event(Message):
    """Something worth a line in the log: level "info", "warning" or "fault", a stable code, words, numbers.

    On AGAIN, the same as before, what the log may not have heard (v2h.busclient); nobody else listens there."""

    TOPIC = "v2h/event"
    AGAIN: ClassVar[str] = "v2h/event/again"
    t: float
    level: str
    code: str
    text: str
    source: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pairing(Message):
    """Both buttons were held: the pairing window is open for open_s from t. panel alone may say so; not retained."""

    TOPIC = "v2h/panel/pairing"
    t: float
    open_s: float


MAY_PUBLISH: dict[str, tuple[str, ...]] = {
    "guard": ("v2h/guard/#", "v2h/event/#"),
    "charger": ("v2h/charger/alive", "v2h/charger/state", "v2h/charger/power", "v2h/reply/+", "v2h/event/#"),
    "meter": ("v2h/meter/#", "v2h/event/#"),
    "manager": ("v2h/manager/#", "v2h/charger/setpoint", "v2h/reply/+", "v2h/event/#"),
    "panel": ("v2h/panel/#", "v2h/command/+", "v2h/event/#"),
    "datalog": ("v2h/datalog/#", "v2h/reply/+", "v2h/event/#"),
    "web": ("v2h/web/#", "v2h/command/+", "v2h/event/#"),
    "pulse": ("v2h/pulse/#", "v2h/event/#"),
    "cli": ("v2h/command/+",),
}
"""Who may publish what: the broker's access list is made from this table. Everyone may read v2h/#."""
