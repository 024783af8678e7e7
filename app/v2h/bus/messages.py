"""Every topic and message of the bus, in one place.

Units and signs for the whole project: powers are in W; grid power + is import; battery power and current + is charging
the car (discharge is negative); times `t` are seconds of CLOCK_MONOTONIC (all programs run on one machine, so these
times can be compared across programs); `at` is ISO time, and present only where the clock is known to be right.
How they become JSON and come back is in v2h.bus.coding. Receivers drop retained messages on command and setpoint
topics.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from v2h.bus.coding import Message, MessageError
from v2h.bus.sentences import say
from v2h.checks import finite

SETPOINT_PERIOD_S = 0.25
SETPOINT_LIFE_S = 1.0

STATE_OLD_S = 3.0
"""charger and manager publish their state at least once a second: a state older than this is stale."""
LEVELS = ("info", "warning", "fault")
"""The levels of events, from what is normal to what stops a session."""
PASSWORD_SET = "password_set"
"""Code of web's event: the owner has set a new password."""
MOST_MESSAGE_B = 260_000
"""No message may be larger. The broker disconnects a client that sends a packet of more than 262,144 bytes."""
MOST_DOCUMENT_B = 49_152
"""A schedule as JSON in ASCII: enough for every list that it may hold, with names."""
ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""The id of a command and of its reply: it is a part of a topic."""


def reading_old_after_s(interval_s: float) -> float:
    """The age in seconds above which a reading is stale, for a meter with a reading every interval_s: three intervals
    and a second."""
    return 3 * interval_s + 1.0


SILENCE_MOST_S = 30.0
"""The longest time for which a value may hold without a new one."""
QUIET_S = 0.45
"""Every value of a meter with one value each half second is published; of a faster meter those that differ, and two a
second in any case."""


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
    False when the lag is not configured and lag_s is the usual one of such a meter. fresh: False when the meter
    reported exactly the same values as before, so it may not have measured again: ignore the reading where our own
    power has moved since then. Values of a quick meter that contain nothing new are not sent
    (v2h.meters.reading.is_news). phases: one object per phase with those of power_w, voltage_v and current_a that the
    meter reports; [] if it reports none. silence_s: the meter speaks only when something changes, and a value holds for
    so long; 0: it is old after three intervals, as usual.
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
    silence_s: float = 0.0

    def old_after_s(self, most_s: float = SILENCE_MOST_S) -> float:
        """The age above which this reading is not used. most_s: silence_s counts up to this."""
        return max(reading_old_after_s(self.interval_s), min(self.silence_s, most_s, SILENCE_MOST_S))

    def is_old(self, now: float, most_s: float = SILENCE_MOST_S) -> bool:
        return now - self.t > self.old_after_s(most_s)

    def is_ageing(self, now: float) -> bool:
        """Older than three intervals, also of a quick meter whose values are not all sent."""
        return now - self.t > 3 * max(self.interval_s, QUIET_S)


@dataclass(frozen=True, slots=True)
class MeterStatus(Message):
    """State of the meter of one role, at every change and every 10 s. word: see v2h.meters.health; text: the same as
    sentences for people. source: the meter in use; fallback: True when it is the second one. other: `word` of the meter
    that is not in use, "" without one.
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


BATTERY_KWH = (5.0, 200.0)
"""Smaller than a plug-in hybrid's worn battery, larger than that of any car with this plug."""


@dataclass(frozen=True, slots=True)
class ChargerState(Message):
    """State of charger, at every change and at 5 Hz in energy flow (1 Hz otherwise). Not retained: old is not data.

    state: session state name ("idle", "wake", ... "energy", ... "fault"). power_w: DC side, + charging; t_power: when
    it was measured. limits: amps the session would accept now, both positive. can_start / refusal: whether a start
    would be accepted and else why. checks: what of insulation, lock and cable voltage is "verified", "assumed" or "not
    fitted"; the cable voltage also "by the converter": its sensor was calibrated against it. ended_by: who began the
    end of the last session: "us" (owner, manager or its silence), "car", "fault", "" while one runs or before the
    first. starts: sessions begun since this program started; refusals: how many of the last sessions in a row ended
    before energy flowed, without a request from us. paused: the session rests at 0 A and resumes at any setpoint.
    inputs_v: further ADC inputs by name. fan_pct: the order to the fan, None without a fan. stop_t: when the last
    command to stop came, None when none came since this program started.
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
    stop_t: float | None = None

    @property
    def battery_kwh(self) -> float | None:
        """capacity_kwh where a battery can have it; None where it is not known: a car was recorded that sends 0.3."""
        least_kwh, most_kwh = BATTERY_KWH
        known = self.capacity_kwh is not None and least_kwh <= self.capacity_kwh <= most_kwh
        return self.capacity_kwh if known else None


@dataclass(frozen=True, slots=True)
class CcsState(Message):
    """State of ccs, at every change and each second. Not retained. Only with [ccs] in v2h.toml.

    pilot: the state of the control pilot, "A" to "F" or "UNKNOWN". link: the matching of the modems (SLAC): "off",
    "key", "listen", "matched", "joined", "failed". phase: how far the car has come ("none", "link", "hello", ...
    "energy", ... "failed"). text: the same as a sentence. protocol: the dialect that was agreed, "" before. soc_pct: as
    the car has last reported it, None before.
    """

    TOPIC = "v2h/ccs/state"
    t: float
    pilot: str
    link: str
    phase: str
    text: str
    protocol: str
    soc_pct: int | None


@dataclass(frozen=True, slots=True)
class CcsTraffic(Message):
    """What a CCS car and we have said since the last one of these, for datalog's black box. At most one a second, and
    none while nothing is said. Not retained. Only with [ccs] in v2h.toml.

    packets: [t, kind, bytes in hexadecimal digits]. kind: "frame", a frame of the matching; "begin", a car has
    connected, without bytes; "car" or "charger", a message (EXI) of this sender.
    """

    TOPIC = "v2h/ccs/traffic"
    KINDS: ClassVar[tuple[str, ...]] = ("frame", "begin", "car", "charger")
    t: float
    packets: list[list[Any]]

    def check(self) -> None:
        for packet in self.packets if isinstance(self.packets, list) else (None,):
            try:
                t, kind, digits = packet
                bytes.fromhex(digits)
            except (TypeError, ValueError) as error:
                raise MessageError(f"CcsTraffic: {packet!r} is not [t, kind, hexadecimal digits]") from error
            if not finite(t) or kind not in self.KINDS:
                raise MessageError(f"CcsTraffic: {packet!r}: t is no number, or kind none of {', '.join(self.KINDS)}")


@dataclass(frozen=True, slots=True)
class ChargerPower(Message):
    """The PRE's own measurement, at every poll (0.1 s) while the converter runs and order or current
    change, each half second while they do not. t: when it was measured."""

    TOPIC = "v2h/charger/power"
    t: float
    power_w: float
    amps_a: float
    volts_v: float


@dataclass(frozen=True, slots=True)
class CableCalibration(Message):
    """What came out of a session that calibrated the cable, once, when it has ended; not retained. scale_v_per_v and
    offset_v: the keys of [cable] for adc_channel, None when there is no result; text: what came out.
    web keeps it for the next start."""

    TOPIC = "v2h/charger/calibration"
    t: float
    adc_channel: int
    scale_v_per_v: float | None
    offset_v: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Setpoint(Message):
    """Manager's order to charger: power_w (+ charging) until expires_t. wanted: a session shall run (else: a normal
    stop). order: counts what owner or schedule asked for; a session that has ended starts again only for a new
    number. charger bounds the power; expires_t is at most SETPOINT_LIFE_S in the future."""

    TOPIC = "v2h/charger/setpoint"
    t: float
    wanted: bool
    power_w: float
    expires_t: float
    reason: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class ManagerState(Message):
    """State of manager: mode, the sentence for people, and what is in force.

    why: what is done, why, and what comes next. grid_w: None when the last reading is stale (grid_age_s still reports
    its age). next_entry: the next change of the schedule as a text, None without one. chosen_by: who chose the mode,
    "owner", "setpoint", "slot", "schedule", "plan" or "nobody". until: ISO time with offset of its end, None when open.
    stopped_by_owner: the schedule is suspended until the owner starts something or resumes it; `why` says whether the
    owner stopped, or a restart lost the owner's charge. clock: {"trusted": bool, "source": "ntp" | "owner" | "rtc" |
    "none", "age_s": s since the last report of that source or None, "zone": name, "local": ISO time of day}. tracking:
    {"mean_w": mean |grid - target| while matching, "over_s": the seconds over which it was taken}, empty before
    anything was matched, and "lag_s": the learned lag of the meter where it contradicts the configured one. starts:
    sessions started in the last hour. external: the setpoint of another program, {"power_w": as it was asked for,
    "by", "until": ISO time or missing, "in_force": False while something stronger applies}, empty without one. by: the
    other controller whose order is in force, "" for none. slot: the kind of the newest announced slot, "" without one;
    something stronger may apply.
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
    external: dict[str, Any] = field(default_factory=dict)
    by: str = ""
    slot: str = ""


@dataclass(frozen=True, slots=True)
class ManagerSettings(Message):
    """The owner's settings in force. bounds: key -> {"low", "high", "unit"} for numbers, {"allowed": [..]} for texts;
    "null": true where None is allowed. error: why the file of settings is not used, "" when it is used."""

    TOPIC = "v2h/manager/settings"
    RETAIN = True
    t: float
    settings: dict[str, Any]
    bounds: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class ManagerSchedule(Message):
    """The schedule in force and what it will do in the next 7 days.

    schedule: the whole document as in schedule.json. source: the file from which it was read, "" without a file.
    preview: parts without gaps, each {"start", "end": ISO with offset, "mode", "why": a sentence as it travels,
    "entry": name or "", "amps", "soc_limit_pct", "keep_soc_pct": no discharge below it, for a target, or None}; empty
    while the clock is not trusted, and fewer days for a schedule full of entries. ready_by: {"time": ISO, "soc_pct",
    "entry", "charge_from": ISO or None}. prices: {"start", "end", "import_price", "export_price" per kWh, or None} of
    the same days, a dated price before a weekly one; of very many prices those of the nearest days.
    error: why a file was not used, with entry and field; "" without an error. assumed: what is not known of the car for
    which a ready-by target is planned, "" when everything is.
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
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class ManagerPrices(Message):
    """The dated prices of one direction, "import" or "export", or the forecast of the "sun", as they were pushed.

    start: ISO time of the first step. step_min: 15, 30 or 60. values: the price of a kWh in each step, for the sun its
    mean power in W, None if unknown; all together at most 16 kB, of the 64 KiB that a message of the bus shall
    not exceed. pushed: ISO time of the last push.
    """

    TOPIC = "v2h/manager/prices/{}"
    RETAIN = True
    t: float
    start: str
    step_min: float
    values: list[float | None]
    pushed: str

    def check(self) -> None:
        good = isinstance(self.values, list) and all(value is None or finite(value) for value in self.values)
        if not good or self.step_min <= 0:
            raise MessageError("ManagerPrices: values is not a list of prices in steps")
        for name in ("start", "pushed"):
            try:
                datetime.fromisoformat(getattr(self, name)).timestamp()
            except (ValueError, OverflowError) as error:
                raise MessageError(f"ManagerPrices: {name} = {getattr(self, name)!r}: {error}") from error

    @property
    def end_s(self) -> float:
        """The end of the last step, s since 1970."""
        return datetime.fromisoformat(self.start).timestamp() + 60 * self.step_min * len(self.values)

    def at(self, wall_s: float) -> float | None:
        """The price at a time (s since 1970); None where no price is known."""
        step = int((wall_s - datetime.fromisoformat(self.start).timestamp()) // (60 * self.step_min))
        return self.values[step] if 0 <= step < len(self.values) else None


SLOT_LISTS = ("power_w", "order_w", "grid_w", "soc_pct", "import_price", "export_price", "load_w", "sun_w")


@dataclass(frozen=True, slots=True)
class ManagerPlan(Message):
    """The plan in money (energy/plan), made again each quarter of an hour while the owner has it on, and when somebody
    asks for it.

    on: it acts; False: it only shows what it would do. made: ISO time. start, step_min: the first slot and the length
    of each. Lists with a value for each slot: acts (energy/plan/problem.Act), order_w (at the battery, + charging; the
    most for cover and solar), power_w and grid_w (expected, at the battery and at the mains), soc_pct (at the end of
    the slot), import_price, export_price (per kWh), load_w and sun_w (the house and the sun, as forecast), bare (the
    mode that the schedule alone would have, apart from its targets) and bare_until_pct (where its charge would end, or
    None), why (sentences). known: of so many slots the price is known; of the others
    it is the mean of the days before. goals: {"slot", "soc_pct"}: the charge that is wanted at the beginning of a slot.
    cost: of grid and wear, less what the battery gains in this time, at the price at which it can be bought again;
    cost_without: the same without a plan; saved: the difference; all in the owner's currency, None without a plan.
    missed_kwh: what goals and trips lack. battery: capacity_kwh, floor_kwh, ceiling_kwh, charge_w, discharge_w, wear,
    and "otherwise": the mode of the schedule when no entry applies. trouble: why there is no plan, "" when there is one
    or it is off. assumed: what is not known.
    """

    TOPIC = "v2h/manager/plan"
    RETAIN = True
    t: float
    on: bool
    made: str = ""
    start: str = ""
    step_min: float = 15.0
    acts: list[str] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    order_w: list[float] = field(default_factory=list)
    grid_w: list[float] = field(default_factory=list)
    soc_pct: list[float] = field(default_factory=list)
    import_price: list[float] = field(default_factory=list)
    export_price: list[float] = field(default_factory=list)
    load_w: list[float] = field(default_factory=list)
    sun_w: list[float] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    bare_until_pct: list[float | None] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    known: float = 0.0
    goals: list[dict[str, float]] = field(default_factory=list)
    cost: float | None = None
    cost_without: float | None = None
    saved: float | None = None
    missed_kwh: float | None = None
    battery: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""
    assumed: str = ""

    def check(self) -> None:
        texts = {name: getattr(self, name) for name in ("acts", "bare", "why")}
        numbers = {name: getattr(self, name) for name in SLOT_LISTS}
        for name, values in (texts | numbers).items():
            if not isinstance(values, list) or len(values) != len(self.acts):
                raise MessageError(f"ManagerPlan: {name} is not a list with a value for each slot")
        for name, values in numbers.items():
            if not all(map(finite, values)):
                raise MessageError(f"ManagerPlan: {name} is not a list of numbers")
        if self.acts:
            try:
                datetime.fromisoformat(self.start).timestamp()
            except (ValueError, OverflowError) as error:
                raise MessageError(f"ManagerPlan: start = {self.start!r}: {error}") from error
        if not isinstance(self.goals, list) or not isinstance(self.battery, dict) or self.step_min <= 0:
            raise MessageError("ManagerPlan: goals, battery or step_min cannot be read")

    @property
    def start_s(self) -> float:
        """The beginning of the first slot, s since 1970; there must be one."""
        return datetime.fromisoformat(self.start).timestamp()

    def at(self, wall_s: float) -> dict[str, Any]:
        """What the log keeps of the slot at a time (s since 1970): "bare_mode", "bare_until_pct", and "goal_pct" at its
        end."""
        slot = int((wall_s - self.start_s) // (60 * self.step_min)) if self.acts else -1
        if not 0 <= slot < len(self.acts):
            return {}
        goals = [goal.get("soc_pct") for goal in self.goals if goal.get("slot") == slot + 1]
        until_pct = self.bare_until_pct[slot] if slot < len(self.bare_until_pct) else None
        return {
            "bare_mode": str(self.bare[slot]),
            "bare_until_pct": until_pct if finite(until_pct) else None,
            "goal_pct": max(filter(finite, goals), default=None),
        }


DAYS_A_WEEK, HOURS_A_DAY = 7, 24


@dataclass(frozen=True, slots=True)
class HouseLoad(Message):
    """What the house draws without the car, learned from the log, once a day; for the plan.

    net_w: the mean power at the mains, import +, as [weekday][hour] of the wall clock; Monday is 0. gross_w: the same
    with the sun's power added, [] while no sun is measured or forecast. days: how many days were seen.
    """

    TOPIC = "v2h/datalog/house"
    RETAIN = True
    t: float
    net_w: list[list[float]]
    gross_w: list[list[float]]
    days: float

    def check(self) -> None:
        for name in ("net_w", "gross_w"):
            week = getattr(self, name)
            good = isinstance(week, list) and len(week) in ((0, DAYS_A_WEEK) if name == "gross_w" else (DAYS_A_WEEK,))
            if not good or not all(_is_day_of_hours(day) for day in week):
                raise MessageError(f"HouseLoad: {name} is not a mean power for each hour of the week")


def _is_day_of_hours(day: object) -> bool:
    return isinstance(day, list) and len(day) == HOURS_A_DAY and all(finite(power_w) for power_w in day)


@dataclass(frozen=True, slots=True)
class ConverterLosses(Message):
    """What the converter loses, as far as the grid meter's steps have shown it; at every change.

    own_w: W while it is on. share, full_share: of the power, and how much more of it at 6 kW; see energy/losses. steps:
    from so many steps it was learned; 0: too few were seen, and the figures are those of a usual converter.
    efficiency_pct: charging with 3 kW, from the mains to the battery.
    """

    TOPIC = "v2h/datalog/losses"
    RETAIN = True
    t: float
    own_w: float
    share: float
    full_share: float
    steps: int
    efficiency_pct: float

    def check(self) -> None:
        for name, most in (("own_w", 1000.0), ("share", 0.5), ("full_share", 0.5)):
            value = getattr(self, name)
            if not (finite(value) and 0 <= value <= most):
                raise MessageError(f"ConverterLosses: {name} = {value!r} is not a number of 0 to {most:g}")


@dataclass(frozen=True, slots=True)
class LogState(Message):
    """What becomes of the log, at every change and once a minute. trouble: why it is not written, or what prevents it
    soon; "" when all is well. unwritten_s: how long nothing could be written. free_bytes: free space of the data
    partition; None when it cannot be read."""

    TOPIC = "v2h/datalog/state"
    RETAIN = True
    t: float
    trouble: str
    unwritten_s: float
    free_bytes: float | None


@dataclass(frozen=True, slots=True)
class Command(Message):
    """An order from a person or neighbour on v2h/command/<name>; answered on v2h/reply/<id>, so the id must match ID.

    Names: "mode" ({"mode": "charge", "amps": 10, "soc_limit_pct": 80, "until": ISO}), "stop" ({}), "clear-fault" ({}),
    "capture" ({}: datalog writes the CAN black box to a file), "delete-day" ({"day": ISO date}: datalog deletes its
    totals), "calibrate" ({}: charger calibrates the cable in a session of its own),
    "resume" ({}: the schedule goes on after a stop), "settings" (a part of the settings), "schedule" ({"schedule": the
    whole document, "replaces": the revision of the one that was edited}: refused when another is in force), "clock"
    ({"at": ISO with offset}: the time of a logged-in owner's device), "slot" ({"slot": "charge" | "discharge" |
    "export" | "cover" | "hold" | "none", "until": ISO, "amps", "soc_limit_pct", "power_w"}; see energy/orders),
    "setpoint" ({"power_w": at the battery, + charging, or null to end it, "lifetime_s", "by"}: another program sets the
    power for that long; see energy/external), "plan" ({}: make a plan now, whether it is on or off; answered when it is
    published), "prices" ({"import": {"start", "step_min", "values"}, "export", "sun": the same}: dated prices, a
    forecast of the sun; see energy/price_shapes), "trips" ({"trips": [{"name", "at": ISO with offset, "soc_pct"}]}:
    replaces the schedule's trips from a calendar). In "mode", "slot" and "setpoint" `lifetime_s` gives the end in s
    from now, and `by` names the controller that gives the order.
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
    """Answer to a command: what was applied, or why not. bad_input: the values are wrong; a later try with them would
    fail as well."""

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
    """An event for the log: level "info", "warning" or "fault", a stable code, a text, and values.

    On the topic AGAIN a program repeats the events that the log may have missed (v2h.bus.client); only the log
    subscribes to it. source: the program on whose topic it came; the broker lets no other program publish there."""

    TOPIC = "v2h/event/{}"
    AGAIN: ClassVar[str] = "v2h/event/{}/again"
    t: float
    level: str
    code: str
    text: str
    source: str
    values: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        if not isinstance(self.values, dict):
            raise MessageError(f"Event: values = {self.values!r} is no object")

    @classmethod
    def heard(cls, topic: str, payload: bytes) -> Self:
        """The event as it came: its source is that of the topic, whatever the body says. Raises MessageError."""
        return replace(cls.from_json(payload), source=topic.split("/")[2])


@dataclass(frozen=True, slots=True)
class Pairing(Message):
    """Both buttons were held: the pairing window is open for open_s from t. Only panel may publish it; not
    retained."""

    TOPIC = "v2h/panel/pairing"
    t: float
    open_s: float


@dataclass(frozen=True, slots=True)
class PairingClaim(Message):
    """A browser waits in the pairing window for the press at the panel; web repeats it every REPEAT_S as long as it
    waits. claim: an id of this claim, which is no secret; "": the window is over, it was used or two browsers asked.
    Only web may publish it; not retained; panel forgets a claim after LIFE_S."""

    TOPIC = "v2h/web/pairing-claim"
    REPEAT_S: ClassVar[float] = 0.5
    LIFE_S: ClassVar[float] = 2.0
    t: float
    claim: str


@dataclass(frozen=True, slots=True)
class PairingPress(Message):
    """A person pressed on/off at t while the panel showed that this claim waits: its browser may set the password.
    Only panel may publish it; not retained."""

    TOPIC = "v2h/panel/pairing-press"
    t: float
    claim: str


@dataclass(frozen=True, slots=True)
class UnlockWord(Message):
    """A person held on/off at the panel for 10 s in a fault: the plug may be unlocked although no reading shows that
    the cable is empty. t: when panel saw it. Only panel may publish it; not retained; charger ignores a word older than
    FRESH_S. The same request from any other place is refused with GIVEN_AT_THE_PANEL."""

    TOPIC = "v2h/panel/unlock"
    FRESH_S: ClassVar[float] = 2.0
    GIVEN_AT_THE_PANEL: ClassVar[str] = say("unlock.given_at_the_panel")
    t: float


MAY_PUBLISH: dict[str, tuple[str, ...]] = {
    "guard": ("v2h/guard/#", "v2h/event/guard/#"),
    "charger": (
        "v2h/charger/alive",
        "v2h/charger/state",
        "v2h/charger/power",
        "v2h/charger/calibration",
        "v2h/reply/+",
        "v2h/event/charger/#",
    ),
    "meter": ("v2h/meter/#", "v2h/event/meter/#"),
    "manager": ("v2h/manager/#", "v2h/charger/setpoint", "v2h/reply/+", "v2h/event/manager/#"),
    "panel": ("v2h/panel/#", "v2h/command/+", "v2h/event/panel/#"),
    "datalog": ("v2h/datalog/#", "v2h/reply/+", "v2h/event/datalog/#"),
    "web": ("v2h/web/#", "v2h/command/+", "v2h/event/web/#"),
    "gateway": ("v2h/gateway/#", "v2h/command/+", "v2h/event/gateway/#"),
    "ccs": ("v2h/ccs/#", "v2h/event/ccs/#"),
    "pulse": ("v2h/pulse/#", "v2h/event/pulse/#"),
    "cli": ("v2h/command/+",),
}
"""Which program may publish what. The broker's access list is made from this table. Every program may read v2h/#."""
