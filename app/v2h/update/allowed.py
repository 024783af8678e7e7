"""When an update may be installed and when the board may start again: only while there is no session with a car."""

from collections.abc import Sequence

from v2h.bus.sentences import say
from v2h.bus.states import RESTING
from v2h.update.refusals import RefusedError

OLDEST_S = 5.0
"""The report of `charger` must be newer: it comes every second, and after five lost ones nobody knows the state."""


CONVERTER = frozenset({"pre-ac", "master"})
"""Outputs that may be on at rest: the converter's mains supply outlasts a session by some minutes."""


def check_rest(state: str | None, age_s: float, outputs: Sequence[str]) -> None:
    """state: of the session as `charger` reported it age_s ago, None if it never did. outputs: what is switched on.
    Raises RefusedError unless it is certain that there is no session. A latched fault is no session: an update may be
    what mends it."""
    if state is None or age_s > OLDEST_S:
        raise RefusedError(say("update.charger_silent"))
    if state not in RESTING or not CONVERTER.issuperset(outputs):
        raise RefusedError(say("update.session_open", state=state))
