"""The data behind the page: the newest message of each kind, shared between the bus loop and the request threads.

One condition variable guards everything. Writers only store and notify. The first reader that asks for the document for
the browsers renders it, and the others share it; so nothing is rendered while nobody looks, and eight streams cost one
rendering. In each other language that somebody reads, its sentences are made once more.
"""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from v2h import built_s, version
from v2h.bus.coding import Message
from v2h.bus.messages import (
    Alive,
    CcsState,
    ChargerState,
    ConverterLosses,
    Event,
    LogState,
    ManagerPlan,
    ManagerPrices,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterReading,
    MeterStatus,
)
from v2h.bus.sentences import ENGLISH, Language, Sentence, from_json, in_language
from v2h.gateway.house import House
from v2h.web.view.document import view
from v2h.web.view.snapshot import Snapshot

FASTEST_S = 0.25
"""At most four documents a second."""
SLOWEST_S = 1.0
"""At least one a second while somebody looks, because ages grow although nothing arrives."""
EVENTS_KEPT = 60
"""Enough for twenty lines: a start and an end of a session are about twenty events, which the page folds into one."""
FAULTS_KEPT = 200
"""Ids of faults that are counted; there are fewer."""
STATES_KEPT = 24
"""The states of one whole session. They are kept because some are shorter than the interval of a poll."""


class LiveState:
    """The in-process cache. All times are monotonic seconds."""

    def __init__(self, config_errors: tuple[str, ...] = (), site: str = "V2H") -> None:
        self._condition = threading.Condition()
        self._charger: ChargerState | None = None
        self._manager: ManagerState | None = None
        self._ccs: CcsState | None = None
        self._solar: MeterReading | None = None
        self._meters: dict[str, MeterStatus] = {}
        self._settings: ManagerSettings | None = None
        self._plan: ManagerSchedule | None = None
        self._prices: dict[str, ManagerPrices] = {}
        self._money_plan: ManagerPlan | None = None
        self._log: LogState | None = None
        self._losses: ConverterLosses | None = None
        self._calibration: dict[str, Any] | None = None
        self._today: Mapping[str, Any] | None = None
        self._programs: dict[str, Alive] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._states: deque[dict[str, Any]] = deque(maxlen=STATES_KEPT)
        self._faults: Counter[str] = Counter()
        self._totals_wh: tuple[float, float] | None = None
        self._bus_up = False
        self._connection = 0
        self._config_errors, self._site = config_errors, site
        self._software = version(), built_s()  # here: on a desk it starts git
        self._version, self._document_version = 0, -1
        self._document_t = float("-inf")
        self._document: dict[str, Any] = {}
        self._json: dict[str, bytes] = {}
        self._closed = False

    def put_charger(self, message: ChargerState) -> None:
        with self._condition:
            self._charger = message
            if not self._states or self._states[-1]["state"] != message.state:
                self._states.append({"t": message.t, "state": message.state})
            self._changed()

    def put_manager(self, message: ManagerState) -> None:
        with self._condition:
            self._manager = message
            self._changed()

    def put_ccs(self, message: CcsState) -> None:
        with self._condition:
            self._ccs = message
            self._changed()

    def put_solar(self, message: MeterReading) -> None:
        """Store the reading without notifying the readers: it comes often, and they render every second anyway."""
        with self._condition:
            self._solar = message

    def put_meter(self, role: str, message: MeterStatus) -> None:
        with self._condition:
            self._meters[role] = message
            self._changed()

    def put_settings(self, message: ManagerSettings) -> None:
        with self._condition:
            self._settings = message
            self._changed()

    def put_plan(self, message: ManagerSchedule) -> None:
        with self._condition:
            self._plan = replace(message, preview=[_part(part) for part in message.preview])
            self._changed()

    def put_prices(self, direction: str, message: ManagerPrices) -> None:
        with self._condition:
            self._prices = {**self._prices, direction: message}
            self._changed()

    def put_money_plan(self, message: ManagerPlan) -> None:
        with self._condition:
            self._money_plan = replace(message, why=[from_json(why) for why in message.why])
            self._changed()

    def put_log(self, message: LogState) -> None:
        with self._condition:
            self._log = message
            self._changed()

    def put_losses(self, message: ConverterLosses) -> None:
        self._losses = message

    @property
    def losses(self) -> ConverterLosses | None:
        """What the converter loses, as far as datalog has learned it."""
        return self._losses

    def put_calibration(self, t: float, outcome: Sentence) -> None:
        """Store what became of the last calibration of the cable, which ended at t."""
        with self._condition:
            self._calibration = {"t": t, "kept": outcome.id == "calibration.kept", "text": str(outcome)}
            self._changed()

    def put_today(self, counted: Mapping[str, Any] | None) -> None:
        """Store the energy counters of this day, None when nothing is counted."""
        with self._condition:
            self._today = counted
            self._changed()

    def put_totals(self, totals_wh: tuple[float, float] | None) -> None:
        """Store the energy into and out of the car since the log began."""
        self._totals_wh = totals_wh

    @property
    def faults(self) -> Mapping[str, int]:
        """Faults by their id, since this program started."""
        with self._condition:
            return dict(self._faults)

    @property
    def alive(self) -> Mapping[str, bool]:
        """Program -> whether it is on the bus; empty without the bus."""
        with self._condition:
            return {name: told.alive for name, told in self._programs.items()} if self._bus_up else {}

    def house(self) -> House:
        """What other controllers may know."""
        with self._condition:
            return House(
                self._site, version(), self._charger, self._manager, self._settings, self._plan, dict(self._meters),
                self._totals_wh,
            )  # fmt: skip

    @property
    def settings(self) -> ManagerSettings | None:
        return self._settings

    @property
    def plan(self) -> ManagerSchedule | None:
        return self._plan

    @property
    def prices(self) -> Mapping[str, ManagerPrices]:
        """Direction -> its dated prices."""
        return self._prices

    @property
    def money_plan(self) -> ManagerPlan | None:
        """The plan by prices."""
        return self._money_plan

    def put_alive(self, program: str, message: Alive) -> None:
        with self._condition:
            self._programs[program] = message
            self._changed()

    def put_event(self, message: Event) -> None:
        with self._condition:
            self._events.appendleft(message)
            if message.level == "fault":
                self._faults[str(message.values.get("fault", message.code))] += 1
                if len(self._faults) > FAULTS_KEPT:
                    self._faults.popitem()
            self._changed()

    def put_bus(self, up: bool) -> None:
        """Store whether this program is connected to the bus; without the bus all other values are stale."""
        with self._condition:
            if up != self._bus_up:
                self._bus_up = up
                self._changed()

    def put_connection(self, number: int) -> None:
        """Store which connection to the bus this is. Only programs that are seen on this one count: a broker that comes
        back knows nobody, and a program may stay away."""
        with self._condition:
            if number != self._connection:
                self._connection = number
                self._programs.clear()
                self._changed()

    def close(self) -> None:
        """End all streams."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def document(self, now: float | None = None, language: Language = ENGLISH) -> tuple[dict[str, Any], bytes]:
        """The state as a JSON object in English, whose sentences in_language() can say in another one, and as bytes in
        `language`. Both are shared: the caller must not change them."""
        moment = time.monotonic() if now is None else now
        with self._condition:
            age_s = moment - self._document_t
            if age_s >= SLOWEST_S or (self._version != self._document_version and age_s >= FASTEST_S) or age_s < 0:
                self._render(moment)
            return self._document, self._encoded(language)

    def next_json(self, last: bytes | None, language: Language = ENGLISH) -> bytes | None:
        """Wait for a document other than `last` (at most SLOWEST_S) and return it; None after close()."""
        while True:
            now = time.monotonic()
            with self._condition:
                if self._closed:
                    return None
                earliest = self._document_t + FASTEST_S
                due = self._document_t + SLOWEST_S if self._version == self._document_version else earliest
                if now >= due:
                    self._render(now)
                    return self._encoded(language)
                if last is not self._json.get(language.code) or last is None:
                    return self._encoded(language)
                self._condition.wait(due - now)

    def _changed(self) -> None:
        self._version += 1
        if self._version == self._document_version + 1:  # after further changes the readers are awake already
            self._condition.notify_all()

    def _encoded(self, language: Language) -> bytes:
        """The document as JSON; made once for each language that somebody reads."""
        known = self._json.get(language.code)
        if known is None:
            own = {"view": in_language(self._document.get("view"), language)} if language is not ENGLISH else {}
            known = json.dumps({**self._document, **own}, separators=(",", ":")).encode()
            self._json[language.code] = known
        return known

    def _render(self, now: float) -> None:
        seen = Snapshot(
            now, self._charger, self._manager, self._programs, tuple(self._events),
            self._bus_up, self._config_errors, self._site, self._solar, self._settings, self._plan, self._today,
            time.time(), self._meters, self._log, self._prices, self._money_plan,
            *self._software, self._ccs,
        )  # fmt: skip
        self._document = {
            "now_t": round(now, 3),
            "bus": self._bus_up,
            "charger": None if self._charger is None else as_document(self._charger),
            "states": list(self._states),
            "manager": None if self._manager is None else as_document(self._manager),
            "ccs": None if self._ccs is None else as_document(self._ccs),
            "programs": {name: asdict(alive) for name, alive in self._programs.items()},
            "config_errors": list(seen.all_config_errors()),
            "calibration": self._calibration,
            "view": view(seen),
        }
        self._json = {}
        self._document_t, self._document_version = now, self._version


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the schedule's preview, whose reason came as a sentence."""
    return {**part, "why": from_json(part["why"])} if isinstance(part, dict) and "why" in part else part


def as_document(message: Message) -> dict[str, Any]:
    """The fields of a message; beside each sentence `NAME` its id as `NAME_id`, which a script may rely on."""
    fields = asdict(message)
    ids = {f"{name}_id": value.id for name, value in fields.items() if isinstance(value, Sentence)}
    return {**fields, **ids}


def health(document: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the appliance works: {"ok", "problems": [..], "programs": {name: state}}."""
    view_part = document["view"]
    programs = {row["name"]: row["state"] for row in view_part["programs"]}
    problems = [f"{name}: {state}" for name, state in programs.items() if state != "running"]
    problems += [] if document["bus"] else ["the message bus does not answer"]
    problems += list(document["config_errors"])
    problems += [row["text"] for row in view_part["troubles"]]
    problems += [fault["name"] for fault in view_part["faults"]]
    problems += [f"{row['label']}: {row['text']}" for row in view_part["ages"] if row["old"]]
    return {"ok": not problems, "problems": problems, "programs": programs}
