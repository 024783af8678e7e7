"""datalog: samples and events into SQLite, and an ear on both CAN buses.

A sample every 10 s while a session is active, every 60 s otherwise; written once a minute and at the stop; events at
once. When it dies at most a minute of samples is lost and nothing else changes: supervisor restarts it. It never
sends on CAN and works without CAN, without a broker and without a disk, saying so once and trying again.
"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2h import __version__
from v2h.bus import ChargerState, Event, ManagerState
from v2h.paths import DATA
from v2h.ports.canlisten import CanListener, open_listener
from v2h.ports.url import PortUrlError
from v2h.program import Program

if TYPE_CHECKING:
    from v2h.store import Store

ACTIVE_S = 10.0
IDLE_S = 60.0
FLUSH_S = 60.0
DRAIN_S = 0.5
"""50 frames a bus at the car's and converter's pace; the socket's queue holds several hundred."""
RETRY_S = 10.0
FRESH_S = 3.0
RESTING = ("idle", "fault")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd when the clock is right."""


class Datalog:
    """Wiring of one program. All `now` are monotonic seconds."""

    def __init__(self, program: Program) -> None:
        self.program, self.log = program, program.log
        hardware = program.config.hardware
        self._urls = {0: hardware.pre_can, 1: hardware.car_can}
        self._ears: dict[int, CanListener] = {}
        self._frames: dict[int, Counter[int]] = {bus: Counter() for bus in self._urls}
        self._store: Store | None = None
        self._charger: ChargerState | None = None
        self._manager: ManagerState | None = None
        self._unwritten: list[Event] = []
        self._sampled_t = float("-inf")
        self._troubles: dict[str, str] = {}

    def start(self) -> None:
        bus, every = self.program.bus, self.program.every
        bus.subscribe(ChargerState.TOPIC, self._on_charger)
        bus.subscribe(ManagerState.TOPIC, self._on_manager)
        bus.subscribe(Event.TOPIC, self._on_event, retained=False)
        every(RETRY_S, self._open_what_is_missing)
        every(DRAIN_S, self._drain)
        every(1.0, self._sample_when_due)
        every(FLUSH_S, self._flush)
        self.program.at_exit(self._close)

    def _on_charger(self, topic: str, payload: bytes) -> None:
        self._charger = ChargerState.from_json(payload)

    def _on_manager(self, topic: str, payload: bytes) -> None:
        self._manager = ManagerState.from_json(payload)

    def _on_event(self, topic: str, payload: bytes) -> None:
        event = Event.from_json(payload)
        if event.source == self.program.name and event.code == "log-broken":
            return  # our own, already here
        self._unwritten.append(event)
        del self._unwritten[:-1000]
        self._write_events()

    def _open_what_is_missing(self, now: float) -> None:
        for bus in self._urls.keys() - self._ears.keys():
            try:
                self._ears[bus] = open_listener(self._urls[bus])
                self._trouble(f"can{bus}", "")
            except (OSError, PortUrlError) as error:
                self._trouble(f"can{bus}", f"cannot listen on {self._urls[bus]}: {error}")
        if self._store is None:
            self._open_store()

    def _open_store(self) -> None:
        from v2h.store import Store

        try:
            DATA.mkdir(parents=True, exist_ok=True)
            self._store = Store(DATA, BOOT_ID.read_text().strip(), __version__)
            self._store.set_clock(time.time() - time.monotonic(), SYNCHRONISED.exists())
        except OSError as error:
            self._trouble("store", str(error))
            return
        self._trouble("store", "")
        self._tell_broken()
        self._write_events()

    def _tell_broken(self) -> None:
        """An event when the store had to begin afresh."""
        if self._store is not None and self._store.moved_aside is not None:
            name, self._store.moved_aside = self._store.moved_aside.name, None
            text = f"The log could not be read: kept as {name}, a fresh one begun"
            self._unwritten.append(Event(time.monotonic(), "warning", "log-broken", text, self.program.name))
            self.program.bus.event("warning", "log-broken", text)

    def _drain(self, now: float) -> None:
        for bus, ear in list(self._ears.items()):
            try:
                ear.count(self._frames[bus])
            except OSError as error:
                self._trouble(f"can{bus}", f"lost {self._urls[bus]}: {error}")
                ear.close()
                del self._ears[bus]

    def _sample_when_due(self, now: float) -> None:
        charger = self._fresh_charger(now)
        active = charger is not None and charger.state not in RESTING
        if now - self._sampled_t >= (ACTIVE_S if active else IDLE_S) - 0.5:
            self._sample(now)

    def _fresh_charger(self, now: float) -> ChargerState | None:
        return self._charger if self._charger and now - self._charger.t <= FRESH_S else None

    def _sample(self, now: float) -> None:
        if self._store is None:
            return
        charger = self._fresh_charger(now)
        manager = self._manager if self._manager and now - self._manager.t <= FRESH_S else None
        self._sampled_t = now
        frames = {f"{b}:{i:03x}": n for b, counted in self._frames.items() for i, n in sorted(counted.items())}
        for counted in self._frames.values():
            counted.clear()
        values: dict[str, Any] = {"state": None if charger is None else charger.state}
        for key in ("soc_pct", "volts_v", "amps_a", "power_w", "setpoint_a", "temperature_c"):
            values[key] = None if charger is None else getattr(charger, key)
        values["mode"] = None if manager is None else manager.mode
        values["grid_w"] = None if manager is None else manager.grid_w
        self._store.add_sample(round(now, 3), values, frames)

    def _flush(self, now: float) -> None:
        if self._store is None:
            return
        try:
            self._store.set_clock(time.time() - time.monotonic(), SYNCHRONISED.exists())
            self._store.flush()
            self._write_events()
            self._trouble("store", "")
        except OSError as error:
            self._failed(error)

    def _write_events(self) -> None:
        while self._store is not None and self._unwritten:
            try:
                self._store.add_event(self._unwritten[0])
            except OSError as error:
                self._failed(error)
                return
            del self._unwritten[0]

    def _failed(self, error: OSError) -> None:
        """A write failed: say it once; what was not written stays for the next flush."""
        self._trouble("store", str(error))
        self._tell_broken()

    def _close(self) -> None:
        """A last sample, so that what was counted is not lost."""
        now = time.monotonic()
        self._drain(now)
        self._sample(now)
        if self._store is not None:
            try:
                self._store.close()
            except OSError as error:
                self._trouble("store", str(error))
        for ear in self._ears.values():
            ear.close()

    def _trouble(self, what: str, text: str) -> None:
        """Log a change for the better or worse once, not every try."""
        if self._troubles.get(what, "") != text:
            self._troubles[what] = text
            self.log.warning("%s: %s", what, text or "works again")


def main() -> int:
    program = Program("datalog")
    Datalog(program).start()
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
