"""The charger's matching with simulated modems and cars, in virtual time."""

from v2h.ccs.slac import Phase, Slac
from v2h.rig.ccs.plcmodem import CHARGER, Medium, Modem
from v2h.rig.ccs.slaccar import SlacCar

CHARGER_MAC = bytes.fromhex("020000005e01")
STEP_S = 0.01


def car(number: int = 1, attempt: int = 1) -> SlacCar:
    """A car with an address and a run id of its own."""
    return SlacCar(bytes.fromhex(f"02000000{0x0E:02x}{number:02x}"), bytes([number, attempt] * 4))


class SlacBench:
    """One charger and some cars on one power line. modems: the charger's, then those of the cars."""

    def __init__(self, *cars: SlacCar, modems: list[Modem] | None = None) -> None:
        self.now = 0.0
        self.slac, self.cars = Slac(CHARGER_MAC), list(cars)
        self.medium = Medium(modems or [Modem() for _ in range(1 + len(cars))])
        self.heard: list[tuple[float, bytes]] = []
        """What reached the charger."""

    def start(self, key: int = 1) -> None:
        self._pass(CHARGER, self.slac.start(self.now, bytes([key] * 16)))

    def run(self, seconds: float) -> None:
        """Run for this time, or until every car has ended."""
        until = self.now + seconds
        while self.now < until:
            self.now += STEP_S
            self._pass(CHARGER, self.slac.tick(self.now))
            for end, each in enumerate(self.cars, start=1):
                self._pass(end, each.tick(self.now))

    def run_to(self, phase: Phase, within_s: float) -> float:
        """Run until matching has this phase. Returns how long it took; fails when it does not come."""
        began = self.now
        while self.slac.phase is not phase:
            assert self.now - began < within_s, f"{self.slac.phase} {self.slac.failure} after {within_s} s"
            self.run(STEP_S)
        return self.now - began

    def _pass(self, end: int, frames: list[bytes]) -> None:
        """Let frames of this end arrive, and what their receivers answer at once."""
        for frame in frames:
            for receiver, data in self.medium.take(self.now, end, frame):
                if receiver == CHARGER:
                    self.heard.append((self.now, data))
                    self._pass(CHARGER, self.slac.take(self.now, data))
                else:
                    self._pass(receiver, self.cars[receiver - 1].take(self.now, data))
