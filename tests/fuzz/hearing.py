"""What the programs sent and received: bytes on the two buses, readings of the cable, and what these excuse."""

from tests.fuzz.numbers import (
    CLOSE_V,
    EMPTY_FOR_S,
    EMPTY_READINGS,
    FALL_FROM_V,
    FAULT_BITS,
    MATCHED_S,
    OPEN_A,
    SEQUENCE,
    SLACK_S,
    TRIP_S,
    UNLOCK_V,
    WORD_FRESH_S,
)
from tests.fuzz.record import Record
from v2h.safety.outputs import CONTACTORS


class Hearing(Record):
    """Reads all frames and readings, checks the rules that apply to each at once, and knows the excuses."""

    # Bytes.

    def wrote(self, data: bytes, by_guard: bool) -> None:
        """Take a request to the converter."""
        if len(data) != 8 or data[0] & 0xE0 != 0x20 or data[1:3] != b"\x0a\x21":
            return
        world = self.world
        amps_a = int.from_bytes(data[4:6], "little", signed=True) / 10
        if abs(amps_a) <= 0.25:
            self._since.setdefault("set amps", world.now)
        else:
            self._since.pop("set amps", None)
        if amps_a and world.now - self._trip_t > TRIP_S:
            self.broke("current commanded after a trip", f"{amps_a} A")
        if abs(amps_a) > 0.25 and (amps_a > world.site_a[0] + 0.05 or -amps_a > world.site_a[1] + 0.05):
            self.broke("more than the site allows commanded", f"{amps_a} A")

    def delivered(self, can_id: int, data: bytes) -> None:
        """Take a frame of the car that reaches charger."""
        if len(data) != 8:
            return
        now = self.world.now
        if can_id == 0x102:
            self._car_t = now
            self._soc = data[6]
            discharge = self._limits[-1][2] if self._limits else 0.0
            self._limits.append((now, float(data[3]), discharge))
            self._asked = self._asked or data[3] > 0
        elif can_id == 0x200:
            charge = self._limits[-1][1] if self._limits else 0.0
            self._limits.append((now, charge, float(0xFF - data[0])))
            self._asked = self._asked or data[0] < 0xFF
            self._floor = data[6]
        elif can_id == 0x101:
            self._kwh = data[5] | data[6] << 8
        del self._limits[:-64]

    def told_car(self, can_id: int, data: bytes) -> None:
        """Take a frame that we send to the car."""
        if can_id == 0x109:
            self._told_v = (self.world.now, float(data[1] | data[2] << 8))
            self._told_a = (float(data[3]), self._told_a[1])
            self._judge_status(data[5])
        elif can_id == 0x208:
            self._told_a = (self._told_a[0], float(0xFF - data[0]))

    def _judge_status(self, status: int) -> None:
        world = self.world
        core, fault = status & ~FAULT_BITS & 0xFF, status & FAULT_BITS
        before = self._status
        self._status = core
        if core not in SEQUENCE:
            self.broke("109.5 is no status of the standard", f"{status:02x}")
        elif before is not None and before in SEQUENCE and core not in SEQUENCE[before]:
            self.broke("109.5 out of sequence", f"{before:02x} -> {core:02x}")
        if core == 0x05:
            if fault:
                self.broke("109.5 charges with a fault bit", f"{status:02x}")
            if before != 0x05:
                if self._ended:
                    self.broke("109.5 charges again after a stop")
                if not self._asked:
                    self.broke("109.5 charges before the car asked")
                if world.plant.outputs & CONTACTORS != CONTACTORS:
                    self.broke("109.5 charges with open c1/c2")
                self.reached_energy = self.flowing = True
                world.anchor("energy")
        if before == 0x05 and core != 0x05:
            self._ended = True
            world.anchor("stop")
        if before in (0x05, 0x25) and not core & 1:
            amps_a = world.circuit.pre_a
            # CHAdeMO: 109.5.0 falls at 5 A or less; one report of 2108 (0.1 s) older
            if abs(amps_a) > OPEN_A + 1.0 and not self._pre_lied(0x2108, 2.0):
                self.broke("109.5.0 falls above 5 A", f"{amps_a:.1f} A")
        self._energy_told = bool(core & 1)

    # Excuses: the values that the programs received.

    def _adc_lied(self) -> bool:
        """A reading of the last 1.5 s was wrong by more than 8 V behind the sense path (60 ms), or there was a gap: for
        that time, the value reported to the car may be wrong."""
        world = self.world
        recent = [entry for entry in world.adc_shown if entry[0] > world.now - 1.5]
        silent = len(recent) < 4 or world.now - recent[-1][0] > 0.5
        return silent or any(abs(shown - true) > 8.0 for _, shown, true in recent)

    def _pre_lied(self, index: int, by: float) -> bool:
        """The same for an object of the converter."""
        world = self.world
        recent = [entry for entry in world.told_by_pre[index] if entry[0] > world.now - 1.5]
        return (
            not recent or world.now - recent[-1][0] > 0.35 or any(abs(shown - true) > by for _, shown, true in recent)
        )

    def _shown_empty(self) -> bool:
        """The only source showed an empty cable: each of 5 or more readings of the last 1.0 s was at most 10 V, and no
        fall with open c1/c2 revealed a dead sensor. Bound: 1.0 s of agreeing readings."""
        world = self.world
        source = world.adc_shown if world.measured else world.told_by_pre[0x2107]
        recent = [shown for t, shown, _ in source if t >= world.now - EMPTY_FOR_S]
        if len(recent) < EMPTY_READINGS or any(shown > UNLOCK_V for shown in recent):
            return False
        if not world.measured:
            return True
        last = None
        for t, shown, _ in reversed(source):
            if not -20.0 <= shown <= 700.0:
                continue
            if shown > UNLOCK_V:
                last = (t, shown)
                break
        return last is None or last[1] <= FALL_FROM_V

    def _misread(self, polls: int) -> bool:
        """Bound: the last 3 readings of the cable, or the last `polls` polls of 2107, were each wrong by more than
        10 V: with c1/c2 open nothing compares the two."""
        world = self.world
        sources = [(world.told_by_pre[0x2107], polls)] + ([(world.adc_shown, 3)] if world.measured else [])
        for source, least in sources:
            last = list(source)[-least:]
            if len(last) == least and all(abs(shown - true) > 10.0 for _, shown, true in last):
                return True
        return False

    def _parted_since(self) -> bool:
        """Bound: the converter left the cable's voltage by itself after the last poll, which was correct and at most
        one poll interval ago: a converter with a stuck output passes through 130 V in 0.05 s."""
        told = self.world.told_by_pre[0x2107]
        if not told:
            return False
        t, shown, true = told[-1]
        true_then = abs(shown - true) <= 10.0 and abs(true - self._closing_v) <= CLOSE_V
        return true_then and self.world.now - t <= MATCHED_S

    def _word_counts(self) -> bool:
        """A person's word: given while no reading showed the voltage, d1 and d2 off for 120 s, at most 5 s ago."""
        return self._word_ok and self.world.now - self._word_t <= WORD_FRESH_S + SLACK_S

    def _disobeys(self, within_s: float) -> bool:
        return self.world.now - self.world.sick_t <= within_s
