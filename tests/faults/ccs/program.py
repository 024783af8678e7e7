"""The program `ccs` without its sockets: the real Plug (matching, message machine), the real wire and pilot lines. What
programs/ccs.py does when something comes in is done here by turn()."""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.ccs.messages import DIALECTS
from v2h.ccs.pilot import ORDER_S, Order, PilotError, PilotWatch, read_line, write_line
from v2h.ccs.plug import REST_S, Plug, Turn
from v2h.ccs.record import ChargerRecord, Heard, pack_car, unpack_charger

MAC = bytes.fromhex("020000005e01")
RECORD_S = 0.1
TURN_S = 0.05
EARLY_S = 0.01


@dataclass(frozen=True, slots=True)
class Said:
    """What one turn sends. order: a line for the pilot box, b"" for none. record: for `charger`, b"" for none."""

    turn: Turn
    order: bytes
    record: bytes


class CcsProgram:
    """One run of the program. number: of its last session."""

    def __init__(self, draw: Callable[[int], bytes], number: int) -> None:
        self.plug = Plug(DIALECTS, draw, number)
        self.plug.attach(MAC)
        self.pilot = PilotWatch()
        self.heard: Heard[ChargerRecord] = Heard()
        self._sequence = self._count = 0
        self._sent: dict[int, float] = {}
        self._order, self._order_t, self._record_t = Order.OFF, float("-inf"), float("-inf")
        self._told: tuple[object, ...] = ()

    def box_said(self, now: float, lines: bytes) -> bool:
        """Lines of the pilot box. Returns whether the pilot has changed."""
        before = self.pilot.look(now)
        for line in lines.splitlines(keepends=True):
            try:
                self.pilot.take(read_line(line), now)
            except PilotError:
                continue
        return self.pilot.look(now) is not before

    def charger_said(self, packet: bytes) -> None:
        """An answer of `charger`: as old as the record that it answers."""
        record = unpack_charger(packet)
        sent_t = self._sent.pop(record.sequence, None)
        if sent_t is not None:
            self.heard.take(record, sent_t)

    def charger_gone(self) -> None:
        """`charger` closed the wire."""
        self.heard.forget()
        self._sent.clear()

    def turn(self, now: float, *, connected: bool) -> Said:
        pilot = self.pilot.look(now)
        turn = self.plug.turn(now, self.heard.fresh(now), pilot, connected=connected)
        order = record = b""
        if turn.order is not self._order or now - self._order_t >= ORDER_S - EARLY_S:
            self._order, self._order_t, self._count = turn.order, now, self._count + 1
            order = write_line(self._count, turn.order)
        told = (self.plug.phase, self.plug.secc and self.plug.secc.busy, bool(turn.messages))
        pause_s = REST_S if self.plug.rests else RECORD_S
        if now - self._record_t >= pause_s - EARLY_S or told != self._told:
            self._record_t, self._told = now, told
            self._sequence += 1
            self._sent[self._sequence] = now
            record = pack_car(self.plug.record(now, self._sequence, pilot))
        return Said(turn, order, record)
