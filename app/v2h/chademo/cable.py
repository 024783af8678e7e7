"""The voltage on the cable side of c1/c2: how it is known, and how far it can be trusted. Pure.

No other module judges this.

Three sources, best first:
- the calibrated ADC: "verified", or "by the converter" if the converter was its only reference (calibration.py). The
  two may then be wrong by the same amount: with c1 and c2 closed the cable is empty only if both show it, and in the
  states that unlock the plug the sensor counts as doubted;
- the converter's own output (2107) while c1 and c2 are commanded closed. After they have opened, it is the value that
  several readings of 2107 agreed on, for as long as the car's contactors stay open and d2 does not rise. This is
  "assumed", because nothing proves that the contactors followed their coils;
- no source: "unknown".
A voltage that nothing measures is never passed on as a number. Decisions (unlocking, d2, the insulation test, a
person's word) use `highest_v`: the largest magnitude of all readings of a whole second. No reading counts from a time
at which the converter may still have followed an order to charge.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from v2h.bus.sentences import say
from v2h.chademo import limits
from v2h.chademo.car import Car
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.readings import Readings

FRESH_S = 0.5
SETTLE_S = 0.1
"""A value of 2107 counts if it was measured at least this long after c1/c2 closed: one poll."""
HIGH_LEAST = 3
HIGH_FOR_S = 0.1
"""HIGH_LEAST readings in a row above BATTERY_PRESENT, over at least HIGH_FOR_S, are not a spike."""
CONFIRMED_WITHIN_S = 1.0
"""With c1/c2 closed the converter shows a fall of the cable within two of its polls. A fall that it shows later is
another one: the cable emptied by itself, and the sensor was dead from the beginning."""
FALL_S = 1.0
"""The cable's own bleeder needs many seconds from BATTERY_PRESENT to CABLE_UNLOCK: a fall within FALL_S is that of the
sensor. The filter before the ADC spreads such a fall over several readings, and a lost reading hides a part of it."""


class Source(StrEnum):
    """How a cable voltage is known. The page shows the first three values."""

    VERIFIED = "verified"
    BY_CONVERTER = "by the converter"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


MEASURED = (Source.VERIFIED, Source.BY_CONVERTER)
"""The sources in which a sensor of its own is on the cable."""


@dataclass(frozen=True, slots=True)
class CableVoltage:
    """volts_v: the newest reading, V; None where the voltage is not known. For a doubted sensor it is the largest
    reading of the last second, if that is above an empty cable's voltage. highest_v: the largest magnitude of all
    readings of the last second; None when they are too few, too old, or taken under an order to charge. steady: the
    readings of the last CABLE_STEADY_FOR lie within CABLE_STEADY_V. shown_v: what we report to the car: the newest
    reading, also of a doubted sensor, because the car would see 0 V otherwise. alive: this ADC has shown a live cable
    since the program began, so it is not a dead sensor that can read only 0 V."""

    volts_v: float | None
    source: Source
    highest_v: float | None
    steady: bool = False
    shown_v: float | None = None
    alive: bool = False


UNKNOWN = CableVoltage(None, Source.UNKNOWN, None)


class Cable:
    """Remembers the readings of the sources. All times are monotonic seconds. by_converter: the ADC was calibrated
    against the converter."""

    def __init__(self, *, by_converter: bool = False) -> None:
        self._by_converter = by_converter
        self._adc = Readings()
        self._adc_v = 0.0
        self._adc_t = float("-inf")
        self._adc_dead = False
        """The ADC fell quickly from a high voltage to almost 0 V while only the cable's own bleeder could empty it."""
        self._unconfirmed_t: float | None = None
        """When the same happened with c1/c2 closed: converter or car may have emptied the cable, but 2107 has not shown
        it yet."""
        self._high_in_row = 0
        self._high_since_t = float("inf")
        self._high_t, self._high_v = float("-inf"), 0.0
        """The last reading of a high cable that was not a spike; the time is forgotten when 2107 has shown the fall."""
        self._alive = False
        self._odd = ""
        self._pre = Readings()
        self._pre_t = float("-inf")
        self._joined = False
        self._closed_t: float | None = None
        self._left_v: float | None = None
        """The value on which the readings of 2107 agreed when c1/c2 were last closed; None once it is not valid."""
        self._d2 = False

    def sample(self, volts_v: float, now: float) -> None:
        """Take a reading of the calibrated ADC, V.

        A reading outside what a cable can carry is ignored. A fall within FALL_S from several readings above
        BATTERY_PRESENT to below CABLE_UNLOCK, with c1/c2 open, means that the sensor is dead. With c1/c2 closed it
        means the same if they open before the converter has shown the same fall."""
        if not limits.CABLE_LEAST_V.value <= volts_v <= limits.CABLE_MOST_V.value:
            self._odd = say("remark.adc_reading", volts_v=volts_v)
            return
        if volts_v > limits.BATTERY_PRESENT_V.value:
            self._unconfirmed_t = None
            self._high_in_row += 1
            self._high_since_t = min(self._high_since_t, now)
        else:
            self._high_in_row, self._high_since_t = 0, float("inf")
        if self._high_in_row >= HIGH_LEAST and now - self._high_since_t >= HIGH_FOR_S:
            self._alive, self._adc_dead = True, False
            self._high_t, self._high_v = now, volts_v
        if self._adc_dead:
            return
        if self._is_low(volts_v) and now - self._high_t <= FALL_S:
            if not self._joined:
                self._die(say("remark.adc_fell", from_v=self._high_v, to_v=volts_v))
                return
            self._unconfirmed_t = now if self._unconfirmed_t is None else self._unconfirmed_t
        self._adc.add(volts_v, now)
        self._adc_v, self._adc_t = volts_v, now

    def _die(self, why: str) -> None:
        self._adc_dead, self._unconfirmed_t, self._odd = True, None, why
        self._adc.clear()
        self._adc_t = self._high_t = float("-inf")

    @staticmethod
    def _is_low(volts_v: float) -> bool:
        return abs(volts_v) < limits.CABLE_UNLOCK_V.value

    def odd(self) -> str:
        """Return, once, the text about a reading of the ADC that was not believed; "" otherwise."""
        text, self._odd = self._odd, ""
        return text

    def trust(self) -> None:
        """Use an ADC again that was taken for dead: a session begins on an unlocked plug."""
        self._adc_dead = False

    def look(
        self,
        now: float,
        outputs: Output | None,
        pre: PreTelemetry,
        car: Car,
        *,
        doubted: bool = False,
        pushed_t: float = float("-inf"),
    ) -> CableVoltage:
        """Return the cable voltage at `now`. Call at least at every step of the session.

        outputs: guard's read-back, None while guard is silent. doubted: the ADC disagreed with the converter or the
        car, and one of them is wrong. Then the cable counts as empty only if both show it empty. If the ADC alone shows
        a live cable, it may be live, and no person's word counts against that. pushed_t: when the converter last had an
        order to charge. It follows that order for a while: with c1/c2 closed no earlier reading counts as evidence.
        """
        self._joined = outputs is None or bool(outputs & CONTACTORS)
        settled_t = pushed_t + limits.FOLLOWS_AFTER.value if self._joined else float("-inf")
        assumed = self._follow(now, outputs, pre, car, settled_t)
        if assumed.volts_v is not None and assumed.volts_v <= limits.BATTERY_PRESENT_V.value:
            self._unconfirmed_t, self._high_t = None, float("-inf")
        late = self._unconfirmed_t is not None and now - self._unconfirmed_t > CONFIRMED_WITHIN_S
        if self._unconfirmed_t is not None and (late or not self._joined):
            self._die(say("remark.adc_fell_alone"))
        if now - self._adc_t > FRESH_S:
            return UNKNOWN if doubted else assumed
        highest_v = self._adc.largest(now, settled_t)
        if doubted:
            both = [highest_v, assumed.highest_v]
            known = [v for v in both if v is not None and v <= limits.CABLE_UNLOCK_V.value]
            if len(known) == len(both):
                return CableVoltage(self._adc_v, Source.ASSUMED, max(known), shown_v=self._adc_v)
            peak_v = self._adc.peak(now) or 0.0
            live_v = peak_v if peak_v > limits.CABLE_UNLOCK_V.value else None
            return replace(UNKNOWN, volts_v=live_v, shown_v=self._adc_v)
        spread_v = self._adc.spread(now, limits.CABLE_STEADY_FOR.value)
        steady = spread_v is not None and spread_v <= limits.CABLE_STEADY_V.value
        source = Source.BY_CONVERTER if self._by_converter else Source.VERIFIED
        if self._by_converter and self._joined:
            both_known = highest_v is not None and assumed.highest_v is not None
            highest_v = max(highest_v or 0.0, assumed.highest_v or 0.0) if both_known else None
        return CableVoltage(self._adc_v, source, highest_v, steady, self._adc_v, self._alive)

    def _follow(
        self, now: float, outputs: Output | None, pre: PreTelemetry, car: Car, settled_t: float
    ) -> CableVoltage:
        """The cable voltage by the converter's output."""
        if outputs is None:
            self._closed_t = self._left_v = None
            self._pre.clear()
            return UNKNOWN
        d2_rose, self._d2 = Output.D2 in outputs and not self._d2, Output.D2 in outputs
        if CONTACTORS in outputs:
            self._closed_t = now if self._closed_t is None else self._closed_t
            if pre.volts_v is None or now - pre.volts_t > FRESH_S or pre.volts_t < self._closed_t + SETTLE_S:
                self._left_v = None
                return UNKNOWN
            if pre.volts_t > self._pre_t:
                self._pre.add(pre.volts_v, pre.volts_t)
                self._pre_t = pre.volts_t
            self._left_v = self._pre.largest(now, settled_t)
            return CableVoltage(pre.volts_v, Source.ASSUMED, self._left_v, shown_v=pre.volts_v)
        self._closed_t = None
        self._pre.clear()
        car_joins = d2_rose or (car.x102 is not None and car.x102.protocol >= 2 and not car.x102.contactors_open)
        if car_joins or outputs & CONTACTORS or (self._left_v or 0.0) > limits.CABLE_UNLOCK_V.value:
            self._left_v = None
        return UNKNOWN if self._left_v is None else CableVoltage(self._left_v, Source.ASSUMED, self._left_v)
