"""Every request in every step, in both dialects: as written, or FAILED_SequenceError."""

from dataclasses import replace
from itertools import product

import pytest

from tests.support.ccscar import GRANTS, HELLO, TO_CHECK, TO_ENERGY, TO_PRECHARGE, Driven
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.record import Phase
from v2h.ccs.sequence import ALLOWED, LENIENT, POWER, Step, permitted

WAY: dict[Step, tuple[Ask | str, ...]] = {
    Step.PROTOCOL: (),
    Step.SETUP: HELLO[:1],
    Step.DISCOVERY: HELLO[:2],
    Step.PAYMENT: HELLO[:3],
    Step.AUTHORISATION: HELLO[:4],
    Step.PARAMETERS: HELLO,
    Step.CABLE_CHECK: TO_CHECK,
    Step.FIRST_PRECHARGE: TO_PRECHARGE,
    Step.PRECHARGE: (*TO_PRECHARGE, Ask.PRECHARGE),
    Step.FIRST_DEMAND: TO_ENERGY,
    Step.DEMAND: (*TO_ENERGY, Ask.DEMAND),
    Step.AGAIN: (*TO_ENERGY, Ask.DEMAND, "Renegotiate"),
    Step.AGAIN_POWER: (*TO_ENERGY, Ask.DEMAND, "Renegotiate", Ask.PARAMETERS),
    Step.BROKEN_OFF: (*TO_CHECK, Ask.CABLE_CHECK),
    Step.STOPPED: (*TO_ENERGY, Ask.DEMAND, "Stop"),
    Step.OVER: (*HELLO, Ask.END),
}
WRITTEN = """
PROTOCOL         PROTOCOL
SETUP            SETUP
DISCOVERY        DISCOVERY END
PAYMENT          PAYMENT DETAIL* END
AUTHORISATION    AUTHORISATION END
PARAMETERS       PARAMETERS END
CABLE_CHECK      CABLE_CHECK Stop END
FIRST_PRECHARGE  PRECHARGE Stop END
PRECHARGE        PRECHARGE Start Stop END
FIRST_DEMAND     DEMAND END
DEMAND           DEMAND Stop Renegotiate* END
AGAIN            PARAMETERS END
AGAIN_POWER      Start Stop END
BROKEN_OFF       Stop END
STOPPED          WELDING END
OVER
"""
"""The table of the standard as quoted by open implementations, beside the code's. *: only in ISO 15118-2."""
ONLY_ISO2 = (Step.AGAIN, Step.AGAIN_POWER)
"""DIN SPEC 70121 has no renegotiation, which leads to them."""
ASKS: list[Ask | str] = [ask for ask in Ask if ask is not Ask.POWER]
ASKS += ["Start", "Stop", "Renegotiate"]


def name(ask: Ask | str) -> str:
    return ask if isinstance(ask, str) else ask.name


def in_order(dialect: Dialect, step: Step, ask: Ask | str) -> bool:
    row = next(line.split()[1:] for line in WRITTEN.split("\n") if line.split()[:1] == [step.name])
    return name(ask) in row or (dialect is ISO2 and f"{name(ask)}*" in row)


def to(step: Step, dialect: Dialect) -> Driven:
    """A car that has come to this step. A cable check is broken off by a fault, which has gone afterwards."""
    driven = Driven(dialect)
    *way, last = (None, *WAY[step])
    driven.run(*(ask for ask in way if ask is not None))
    if step is Step.BROKEN_OFF:
        driven.charger = replace(GRANTS, fault=True)
    if last is not None:
        driven.run(last)
    driven.charger = GRANTS
    assert driven.secc.step is step
    return driven


@pytest.mark.parametrize(
    ("dialect", "step"),
    [(dialect, step) for dialect in (DIN, ISO2) for step in Step if dialect is ISO2 or step not in ONLY_ISO2],
    ids=lambda one: one.name,
)
def test_every_request_in_every_step(dialect: Dialect, step: Step) -> None:
    for ask in ASKS:
        if ask == "Renegotiate" and dialect is DIN:
            continue  # DIN SPEC 70121 has no word for it
        driven = to(step, dialect)
        phase = driven.secc.phase
        answer = driven.ask(Ask.POWER, ask) if isinstance(ask, str) else driven.ask(ask)
        code = answer.fields["ResponseCode"]
        if ask is Ask.DETAIL and in_order(dialect, step, ask):
            assert code == "FAILED_ServiceIDInvalid"
        elif in_order(dialect, step, ask):
            assert code.startswith("OK"), (ask, code)
            assert driven.closing() == ""
        else:
            assert code == ("Failed_NoNegotiation" if ask is Ask.PROTOCOL else "FAILED_SequenceError"), (ask, code)
            assert driven.closing() or phase is Phase.END
            assert driven.secc.phase is (phase if phase is Phase.END else Phase.FAILED)


@pytest.mark.parametrize(("step", "ask"), product(Step, Ask), ids=lambda one: one.name)
def test_the_rows_name_every_step_and_request(step: Step, ask: Ask) -> None:
    assert permitted(ISO2, step, ask, POWER.get(step, ("",))[0] if ask is Ask.POWER else "") == (ask in ALLOWED[step])


def test_every_row_of_power_delivery_has_its_wants() -> None:
    assert set(POWER) == {step for step, asks in ALLOWED.items() if Ask.POWER in asks}


def test_a_leniency_stands_beside_each_row_that_is_one() -> None:
    assert all(wants in POWER[step] for step, wants in LENIENT)


def test_after_a_failed_cable_check_only_the_end_is_in_order() -> None:
    for ask, good in (("Stop", True), (Ask.END, True), (Ask.PRECHARGE, False), (Ask.CABLE_CHECK, False)):
        driven = to(Step.BROKEN_OFF, DIN)
        (answer,) = driven.run(ask)
        assert (answer.fields["ResponseCode"] == "OK") == good, ask
