"""panel: the PCA9552's LEDs and the two buttons.

A missing chip or input device is looked for every 2 s and named in the log once a change. When panel dies the LEDs
keep their last picture (the chip blinks by itself), the buttons are dead, nothing else changes; supervisor restarts it.

Without the broker a press reaches nobody, and it is not kept for later: an order belongs to the moment in which it was
given, and one that arrives minutes late might stop or start something else. What the owner wants of a stop happens all
the same: charger has heard no setpoint either, is at 0 A within a second and ends the session in order after 60 s.
The press is logged, and the logo blinks red as soon as nothing is known of the charger.
"""

import sys
import time
import uuid

from v2h.bus import ChargerState, Command, ManagerState, Pairing
from v2h.buttons import Buttons, Order
from v2h.drivers.pca9552 import Pca9552
from v2h.panelview import Look, activity, dark, picture
from v2h.ports.i2c import open_i2c
from v2h.ports.keys import KeyPort, open_keys
from v2h.ports.url import PortUrlError
from v2h.program import SLACK_S, Program

SHOW_S = 0.5
"""For data that grow old and for buttons being held; what arrives is shown at once."""
TEST_S = 2.0
"""All lamps lit at the start, so that a dead one is seen."""
PAIRING_S = 120.0
RETRY_S = 2.0
CHECK_S = 10.0


class Panel:
    """Wiring of one program. All `now` are monotonic seconds."""

    def __init__(self, program: Program) -> None:
        self.program, self.log = program, program.log
        self._chip: Pca9552 | None = None
        self._keys: KeyPort | None = None
        self._buttons = Buttons()
        self._charger: ChargerState | None = None
        self._manager: ManagerState | None = None
        self._troubles: dict[str, str] = {}
        self._inverted = program.config.panel.button_lamps_inverted
        self._active_t = time.monotonic()
        self._test_t = self._active_t + TEST_S
        self._pairing_t = float("-inf")

    def start(self) -> None:
        bus, every = self.program.bus, self.program.every
        bus.subscribe(ChargerState.TOPIC, self._on_charger)
        bus.subscribe(ManagerState.TOPIC, self._on_manager)
        every(RETRY_S, self._open_what_is_missing, slack_s=SLACK_S)
        every(SHOW_S, self._show)
        every(CHECK_S, self._check, slack_s=SLACK_S)
        self.program.at_exit(self._close)

    def _on_charger(self, topic: str, payload: bytes) -> None:
        self._heard(ChargerState.from_json(payload), self._manager)

    def _on_manager(self, topic: str, payload: bytes) -> None:
        self._heard(self._charger, ManagerState.from_json(payload))

    def _heard(self, charger: ChargerState | None, manager: ManagerState | None) -> None:
        now = time.monotonic()
        if activity(charger, manager) != activity(self._charger, self._manager):
            self._active_t = now
        self._charger, self._manager = charger, manager
        self._show(now)

    def _look(self, now: float) -> Look:
        return Look(now, self._charger, self._manager, self._active_t, self._pairing_t, self._test_t)

    def _picture(self, now: float) -> bytes:
        return picture(self._look(now), self._inverted)

    def _open_what_is_missing(self, now: float) -> None:
        hardware = self.program.config.hardware
        if self._chip is None:
            try:
                self._chip = Pca9552(open_i2c(hardware.pca9552), self._picture(now))
                self._trouble("LEDs", "")
            except (OSError, PortUrlError) as error:
                self._trouble("LEDs", str(error))
        if self._keys is None:
            try:
                self._keys = open_keys(hardware.buttons)
                self.program.watch(self._keys, self._on_keys)
                self._trouble("buttons", "")
            except (OSError, PortUrlError) as error:
                self._trouble("buttons", str(error))

    def _show(self, now: float) -> None:
        self._carry_out(self._buttons.tick(self._look(now)))
        if self._chip is not None:
            try:
                self._chip.show(self._picture(now))
            except OSError as error:
                self._lose_chip(error)

    def _check(self, now: float) -> None:
        if self._chip is not None:
            try:
                if not self._chip.check():
                    self.log.warning("LEDs: the chip had lost its registers; written again")
                    self._chip.refresh()
            except OSError as error:
                self._lose_chip(error)

    def _lose_chip(self, error: OSError) -> None:
        self._trouble("LEDs", str(error))
        if self._chip is not None:
            self._chip.close()
        self._chip = None

    def _on_keys(self, now: float) -> None:
        if self._keys is None:
            return
        self._active_t = now
        try:
            for button, pressed in self._keys.events():
                self._carry_out(self._buttons.event(button, pressed, self._look(now)))
        except OSError as error:
            self._trouble("buttons", str(error))
            self.program.unwatch(self._keys.fileno())
            self._keys.close()
            self._keys = None
            self._buttons.forget()
        self._show(now)

    def _carry_out(self, order: Order | None) -> None:
        if order is None:
            return
        bus = self.program.bus
        if order.name == "pairing":
            now = time.monotonic()
            self._pairing_t = now + PAIRING_S
            bus.publish(Pairing(now, PAIRING_S))
        else:
            bus.publish(Command(uuid.uuid4().hex, "panel", order.values), order.name)
        if bus.connected:
            self.log.info("button: %s %s", order.name, order.values)
        else:
            self.log.warning("button: %s reaches nobody, for the bus is away; charger ends by itself", order.name)

    def _close(self) -> None:
        if self._chip is not None:
            try:
                self._chip.show(dark(self._inverted))
                self._chip.close()
            except OSError as error:
                self.log.warning("LEDs: %s", error)

    def _trouble(self, what: str, text: str) -> None:
        if self._troubles.get(what) != text:
            self._troubles[what] = text
            self.log.log(30 if text else 20, "%s: %s", what, text or "found")


def main() -> int:
    program = Program("panel")
    Panel(program).start()
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
