"""The charger without its sockets, for a CCS car: chademo/charger.py with the session of CCS, the record of `ccs` and
the insulation monitor. Pure.

The converter, guard, the cable, the setpoint and the grid of steps are the same. It hears and sends no CHAdeMO frame.
"""

from dataclasses import fields, replace

from v2h.bus.sentences import say
from v2h.ccs.plug import PLUGGED
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_session import PowerSession
from v2h.ccs.power_transitions import refusal
from v2h.ccs.record import CarRecord, ChargerRecord, Heard, Isolation
from v2h.chademo.charger import Charger
from v2h.chademo.interface import Actions, Inputs

_SHARED = tuple(one.name for one in fields(Inputs))


class CcsCharger(Charger):
    """One charger with a CCS plug. max_charge_a: the installation's limit. by_converter: as for Charger.

    There is no discharge, and no assumed battery: nothing is assumed in CCS."""

    session: PowerSession

    def __init__(self, session: PowerSession, *, max_charge_a: float, by_converter: bool = False) -> None:
        super().__init__(session, max_charge_a=max_charge_a, max_discharge_a=0.0, by_converter=by_converter)
        self._heard: Heard[CarRecord] = Heard()
        self._plugged_t = float("-inf")
        self._last: CarRecord | None = None
        self._isolation, self._isolation_t = Isolation.INVALID, float("-inf")

    def car_record(self, record: CarRecord, now: float) -> None:
        """Take a record of `ccs`. What is new in it leads to a step at once: the car waits for the answer."""
        news = replace(record, sequence=0, request_age_ms=0)
        self._hurry = self._hurry or news != self._last
        self._last = news
        self._plugged_t = now if record.pilot in PLUGGED else self._plugged_t
        self._heard.take(record, now)

    def ccs_gone(self) -> None:
        """`ccs` has closed the wire."""
        self._heard.forget()
        self._last, self._hurry = None, True

    def isolation(self, word: Isolation, measured_t: float) -> None:
        """Take what the insulation monitor measures now. A fault leads to a step at once."""
        self._hurry = self._hurry or (word is not self._isolation and word is Isolation.FAULT)
        self._isolation, self._isolation_t = word, measured_t

    def answer(self, now: float, sequence: int) -> ChargerRecord:
        """What `ccs` must know; call it after turn(). sequence: of the record that it answers."""
        return self.session.record(now, self.inputs(now), sequence)

    def inputs(self, now: float) -> PowerInputs:
        shared = super().inputs(now)
        return PowerInputs(
            **{name: getattr(shared, name) for name in _SHARED},
            ccs=self._heard.fresh(now),
            isolation=self._isolation,
            isolation_t=self._isolation_t,
        )

    def calibrate(self, now: float) -> str:
        """Always refused: the cable of a CCS car is not open at its end."""
        return say("ccs.no_calibration")

    def refusal(self, now: float) -> str:
        return refusal(self.inputs(now))

    @property
    def soc_pct(self) -> float | None:
        """As the car has last reported it in the session that runs."""
        return None if self._last is None else self._last.soc_pct

    def car_age_s(self, now: float) -> float:
        """Since when the pilot shows no car, s; 0 while it shows one."""
        return now - self._plugged_t

    def _wish(self, actions: Actions) -> tuple[object, ...]:
        """The car lets K fall as soon as it has its answer, so guard must know at once when that is in order."""
        return *super()._wish(actions), actions.k_expected
