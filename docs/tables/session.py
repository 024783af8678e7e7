"""The charging session: its states, and the faults that end it."""

from docs.tables.markdown import code, prose, table
from v2h.bus.faults import FAULTS
from v2h.chademo.states import TABLE
from v2h.safety.outputs import names

CAR_BITS = {
    "system": "109.5.4, system malfunction",
    "malfunction": "109.5.1, charger malfunction",
    "incompatible": "109.5.3, battery incompatible",
    "": "nothing: the car is the cause",
}


def states() -> str:
    rows = []
    for state, row in TABLE.items():
        limit = f"{row.limit.value:g} s" if row.limit else "none"
        then = code(row.fault) if row.fault else ("ends in order, no fault" if row.refuses else "")
        on = ", ".join(names(row.outputs)) or "none"
        rows.append([code(state.value), on, row.converter.name.lower(), limit, then])
    about = prose(
        "In the order of a normal session. The plug lock is not in the table: it is on from `lock` until the cable is "
        "measured empty. [The how-to](howto/add-a-session-state.md) explains a row."
    )
    return about + table(("state", "outputs on", "converter", "may last", "when it lasts longer"), rows)


def faults() -> str:
    about = prose(
        "A fault ends the session and stays until a person clears it. Its id stands in the log (`values.fault` of the "
        "event `session-state`), in the API, on the bus and in the name of the capture that follows it. MREC is the "
        "code of the ChargeX consortium for the same error, where one fits."
    )
    rows = ([code(name), kind.what, kind.do, CAR_BITS[kind.car_bit], code(kind.mrec)] for name, kind in FAULTS.items())
    return about + table(("id", "what the owner reads", "what to do", "what the car sees", "MREC"), rows)
