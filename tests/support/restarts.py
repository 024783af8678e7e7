"""A `manager` that dies and comes back on one card, with a person, a clock and a charger that obeys; in virtual time.

`manager` is the real program with real files. The charger obeys as chademo/charger.py does: a stop holds until another
order number, and a session that has ended starts again only for another number.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import v2h.programs.manager
import v2h.runtime.atomic_file
from tests.support.charging import CAR
from tests.support.standin import StandIn
from v2h.bus.messages import ChargerPower, ChargerState, Command, ManagerState, MeterReading, Reply, Setpoint
from v2h.energy.clock_trust import Trust
from v2h.manager import clock_sources
from v2h.manager.clock_setter import ClockSetter
from v2h.programs.manager import Manager

VOLTS_V = 380.0
STEP_S = 0.5
BEGIN = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
WRONG_BY = timedelta(hours=-9)
"""A clock that went on from where it stood at a power cut."""


class ObedientCharger:
    """starts: sessions begun in this boot. flow_w(): what flows, + charging."""

    def __init__(self) -> None:
        self.stop_t: float | None = None
        self.setpoint: Setpoint | None = None
        self.starts = 0
        self._stop_asked, self._order_done, self._runs = False, -1, False

    def take(self, setpoint: Setpoint) -> None:
        self.setpoint = setpoint
        if setpoint.wanted:
            self._stop_asked = self._stop_asked and setpoint.order == self._order_done
        wanted = setpoint.wanted and not self._stop_asked
        if wanted and not self._runs and setpoint.order != self._order_done:
            self._runs, self._order_done = True, setpoint.order
            self.starts += 1
        self._runs = self._runs and wanted

    def stop(self, now: float) -> None:
        self.stop_t, self._stop_asked, self._runs = now, True, False

    def flow_w(self, now: float) -> float:
        live = self.setpoint is not None and now < self.setpoint.expires_t
        return self.setpoint.power_w if self.setpoint is not None and live and self._runs else 0.0

    def state(self, now: float, soc_pct: float) -> ChargerState:
        state, known = ("energy", soc_pct) if self._runs else ("idle", None)
        return replace(CAR, t=now, state=state, soc_pct=known, volts_v=VOLTS_V, stop_t=self.stop_t)


class Restarts:
    """The house draws 1 kW and the schedule wants V2H at any time: without an order, the car is discharged."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self._patch, self._boots = folder / "data", monkeypatch, itertools.count(1)
        self.data.mkdir()
        (self.data / "schedule.json").write_text('{"version": 1, "otherwise": "v2h"}')
        self.order_file = self.data / "order.json"
        self.wall, self.clock_is_right, self.card_is_full, self.soc_pct = BEGIN, True, False, 60.0
        self._boot_id = folder / "boot_id"
        write_text = v2h.runtime.atomic_file.write_text

        def write(path: Path, text: str, mode: int = 0o644) -> None:
            if self.card_is_full:
                raise OSError(28, "No space left on device")
            write_text(path, text, mode)

        monkeypatch.setattr("v2h.runtime.atomic_file.write_text", write)
        monkeypatch.setattr(clock_sources, "BOOT_ID", self._boot_id)
        monkeypatch.setattr(v2h.programs.manager, "DATA", self.data)
        monkeypatch.setattr(v2h.programs.manager, "_wall", self.shown_wall)
        monkeypatch.setattr(ClockSetter, "look", lambda setter: None)
        monkeypatch.setattr(ClockSetter, "trust", lambda setter, wall: Trust(self.clock_is_right, "ntp", 1.0))
        self.now = 1000.0
        self._asked = itertools.count()
        self._begin_boot()
        self.start()
        self.settled_w()

    def shown_wall(self) -> datetime:
        return self.wall if self.clock_is_right else self.wall + WRONG_BY

    # What happens

    def start(self) -> None:
        """Start `manager`, if it is dead."""
        if self.program is None:
            self.program, self._carried = StandIn("manager", self._patch, v2h.programs.manager), 0
            self.program.now = self.now
            self.program.on_stop(Manager(self.program).stop)  # type: ignore[arg-type]

    def kill(self) -> None:
        """kill -9."""
        self.program = None

    def reboot(self, off: timedelta, *, clock_is_right: bool) -> None:
        self.kill()
        self.wall, self.now, self.clock_is_right = self.wall + off, 20.0, clock_is_right
        self._begin_boot()
        self.start()

    def _begin_boot(self) -> None:
        self._boot_id.write_text(f"boot-{next(self._boots)}\n")
        self.charger, self.program = ObedientCharger(), None

    def ask(self, name: str, **values: Any) -> bool:
        """A person's command, which `charger` gets as well; True: `manager` said that it is done."""
        if name == "stop":
            self.charger.stop(self.now)
        if self.program is None:
            return False
        key = f"q{next(self._asked)}"
        self.program.hear(Command(key, "test", values), name)
        self._carry()
        return next(m.ok for _, m in reversed(self.program.published) if isinstance(m, Reply) and m.id == key)

    def pass_time(self, hours: float) -> None:
        """Nothing happens for so long, and nobody looks."""
        self.wall += timedelta(hours=hours)
        self.now += hours * 3600
        if self.program is not None:
            self.program.now = self.now

    def run(self, seconds: float) -> Iterator[float]:
        """Yield what flows, W, + charging, at every step."""
        for _ in range(round(seconds / STEP_S)):
            self.wall += timedelta(seconds=STEP_S)
            self.now += STEP_S
            if self.program is not None:
                self.program.run(STEP_S, step_s=STEP_S)
                self._carry()
                flow_w = self.charger.flow_w(self.now)
                self.program.hear(self.charger.state(self.now, self.soc_pct))
                self.program.hear(ChargerPower(self.now, flow_w, flow_w / VOLTS_V, VOLTS_V))
                grid_w = 1000.0 + flow_w
                self.program.hear(MeterReading(self.now, grid_w, STEP_S, 0.0, "test"), "grid")
                self._carry()
            yield self.charger.flow_w(self.now)

    def settled_w(self, seconds: float = 12.0) -> float:
        """What flows after so long."""
        return list(self.run(seconds))[-1]

    def why(self) -> str:
        assert self.program is not None
        return [message.why for _, message in self.program.published if isinstance(message, ManagerState)][-1]

    def forget_published(self) -> None:
        assert self.program is not None
        self.program.published.clear()
        self._carried = 0

    def codes(self) -> list[str]:
        """The events of the present `manager`."""
        return [] if self.program is None else [code for code, _ in self.program.events()]

    def _carry(self) -> None:
        """Bring the setpoints to the charger."""
        assert self.program is not None
        for _, message in self.program.published[self._carried :]:
            if isinstance(message, Setpoint):
                self.charger.take(message)
        self._carried = len(self.program.published)
