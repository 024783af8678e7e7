"""panel: the PCA9552's LEDs and the two buttons.

panel retries a missing chip or input device every 2 s and logs each change once. When panel dies, the LEDs keep their
last picture (the chip blinks by itself), the buttons do not work, and nothing else changes; supervisor restarts it.

Without the broker a press reaches no program. It is logged but not kept for later, because an order is valid only at
the moment of the press. The exception is a stop: it is repeated until charger and manager acknowledge it
(pending_stop.py), or until the owner starts something. The logo blinks red as soon as there is no data from the charger
program; after 60 s without the bus charger ends the session by itself. A kept stop is lost when panel itself dies.
"""

import sys
import time
import uuid

from v2h.bus.messages import (
    ChargerState,
    Command,
    ManagerState,
    Pairing,
    PairingClaim,
    PairingPress,
    UnlockWord,
)
from v2h.drivers.pca9552 import Pca9552
from v2h.panel.gestures import STOP, Buttons, PanelCommand
from v2h.panel.lamps import PanelInputs, activity, dark, picture
from v2h.panel.pending_stop import Finding, PendingStop
from v2h.ports.i2c import open_i2c
from v2h.ports.keys import KeyPort, open_keys
from v2h.ports.url import PortUrlError
from v2h.runtime.program import SLACK_S, Program

SHOW_S = 0.5
"""Period for data that become stale and for buttons that are held; a new message is shown at once."""
TEST_S = 2.0
"""All lamps are lit for this time at the start, so that a person sees a dead one."""
PAIRING_S = 120.0
RETRY_S = 2.0
CHECK_S = 10.0
FOUND = {
    Finding.AGAIN: "not taken yet, said again",
    Finding.TAKEN: "taken by charger and manager",
    Finding.OVERRULED: "taken by manager, but something else was started since",
    Finding.IN_VAIN: "heard many times and not taken; not said again",
}
"""Texts for the log about a stop that had to be repeated."""


class Panel:
    """Wiring of one program. All `now` are monotonic seconds."""

    def __init__(self, program: Program) -> None:
        self.program, self.log = program, program.log
        self._chip: Pca9552 | None = None
        self._keys: KeyPort | None = None
        self._buttons, self._stop = Buttons(), PendingStop()
        self._charger: ChargerState | None = None
        self._manager: ManagerState | None = None
        self._inverted = program.config.panel.button_lamps_inverted
        self._active_t = time.monotonic()
        self._test_t = self._active_t + TEST_S
        self._pairing_t = self._claim_t = float("-inf")
        self._claim = ""

    def start(self) -> None:
        bus, every = self.program.bus, self.program.every
        bus.subscribe(ChargerState.TOPIC, self._on_charger)
        bus.subscribe(ManagerState.TOPIC, self._on_manager)
        bus.subscribe(PairingClaim.TOPIC, self._on_claim, retained=False)
        every(RETRY_S, self._open_what_is_missing, slack_s=SLACK_S)
        every(SHOW_S, self._show)
        every(CHECK_S, self._check, slack_s=SLACK_S)
        self.program.at_exit(self._close)

    def _on_charger(self, topic: str, payload: bytes) -> None:
        self._heard(ChargerState.from_json(payload), self._manager)

    def _on_manager(self, topic: str, payload: bytes) -> None:
        self._heard(self._charger, ManagerState.from_json(payload))

    def _on_claim(self, topic: str, payload: bytes) -> None:
        said, now = PairingClaim.from_json(payload), time.monotonic()
        if now >= self._pairing_t:
            return
        if not said.claim:
            self._pairing_t = now
        self._claim, self._claim_t = said.claim, now + PairingClaim.LIFE_S
        self._show(now)

    def _heard(self, charger: ChargerState | None, manager: ManagerState | None) -> None:
        now = time.monotonic()
        if activity(charger, manager) != activity(self._charger, self._manager):
            self._active_t = now
        self._charger, self._manager = charger, manager
        self._show(now)

    def _look(self, now: float) -> PanelInputs:
        claim = self._claim if now < self._claim_t else ""
        return PanelInputs(now, self._charger, self._manager, self._active_t, self._pairing_t, self._test_t, claim)

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
        self._carry_out(self._buttons.tick(self._look(now)), now)
        self._follow_stop(now)
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
                self._carry_out(self._buttons.event(button, pressed, self._look(now)), now)
        except OSError as error:
            self._trouble("buttons", str(error))
            self.program.unwatch(self._keys.fileno())
            self._keys.close()
            self._keys = None
            self._buttons.forget()
        self._show(now)

    def _carry_out(self, order: PanelCommand | None, now: float) -> None:
        if order is None:
            return
        bus = self.program.bus
        if order.name == "pairing":
            self._pairing_t, self._claim = now + PAIRING_S, ""
            bus.publish(Pairing(now, PAIRING_S))
        elif order.name == "pairing-press":
            bus.publish(PairingPress(now, order.values["claim"]))
            self._claim = ""
        elif order.name == "unlock-word":
            bus.publish(UnlockWord(now))
        else:
            self._command(order)
        if order == STOP:
            self._stop.pressed(now)
        elif bus.connected and order.starts:
            self._stop.forget()
        if bus.connected:
            self.log.info("button: %s %s", order.name, order.values)
        elif order == STOP:
            self.log.warning("button: stop, but the bus is away: kept; charger ends by itself after 60 s without it")
        else:
            self.log.warning("button: %s reaches nobody, for the bus is away", order.name)

    def _follow_stop(self, now: float) -> None:
        found = self._stop.look(now, self._charger, self._manager)
        if found is Finding.AGAIN:
            self._command(STOP)
        if found in FOUND and self._stop.repeats:
            self.log.warning("stop: %s", FOUND[found])

    def _command(self, order: PanelCommand) -> None:
        self.program.bus.publish(Command(uuid.uuid4().hex, "panel", order.values), order.name)

    def _close(self) -> None:
        if self._chip is not None:
            try:
                self._chip.show(dark(self._inverted))
                self._chip.close()
            except OSError as error:
                self.log.warning("LEDs: %s", error)

    def _trouble(self, what: str, text: str) -> None:
        if self.program.is_news(what, text):
            self.log.log(30 if text else 20, "%s: %s", what, text or "found")


def main() -> int:
    program = Program("panel")
    Panel(program).start()
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
