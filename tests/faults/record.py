"""The judge's record of broken rules, and its timers."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.faults.board import Board


class Broken(NamedTuple):
    """One broken invariant: time, rule, and the values."""

    t: float
    rule: str
    text: str


class Record:
    """excused: "pre" (the converter disobeys or reports wrong values), "told" (it hides a value), "adc" (the cable's
    sensor is wrong), "car" (the car itself breaks the circuit), "weld", "lock" (parts stuck), "program" (charger or
    guard is dead, stopped or slow), "can" (a bus or frame is disturbed), "mad" (charger sends guard nonsense requests:
    only what guard forbids is judged)."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self.excused: frozenset[str] = frozenset()
        self._since: dict[str, float] = {}
        self._rules: set[str] = set()

    def fail(self, board: "Board", rule: str, text: str) -> None:
        """Record the first break of each rule."""
        if rule not in self._rules:
            self._rules.add(rule)
            self.broken.append(Broken(round(board.now, 3), rule, text))
            board._say("BROKEN: %s: %s", rule, text)

    def _lasts(self, board: "Board", rule: str, wrong: bool, for_s: float, text: str = "") -> None:
        if not wrong:
            self._since.pop(rule, None)
        elif board.now - self._since.setdefault(rule, board.now) > for_s:
            self.fail(board, rule, text)

    def _stop_clocks(self, rules: tuple[str, ...]) -> None:
        if self._since:
            for rule in rules:
                self._since.pop(rule, None)
