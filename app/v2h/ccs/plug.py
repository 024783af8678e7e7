"""The plug of a CCS car, from the pilot to the last message: who speaks when, and what the pilot is to show. Pure.

It joins the matching (slac.py), the messages (secc.py, exi.py) and the record of `charger` (record.py). It has no amps
of its own: `charger` says whether a session is wanted, and everything else follows from the pilot and the car.

    no session wanted     pilot off, nothing is answered
    wanted, car plugged   a new key, SLAC listens, then pilot 5 %
    matched, connected    the messages of one car on one TCP connection
    matching failed       pilot off for PAUSE_S, so that the car begins again; TRIES times in all
    ended or broken       nothing more until `charger` wants another session

A silence of `charger` during a session switches the pilot off, and it stays off until `charger` has ended that session.
A session that follows another one begins with the pilot off for PAUSE_S as well.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from v2h.ccs import exi, limits
from v2h.ccs.bits import ExiError
from v2h.ccs.messages import HANDSHAKE_NAMESPACE, Dialect
from v2h.ccs.pilot import Order
from v2h.ccs.record import CarRecord, ChargerRecord, Phase, Pilot
from v2h.ccs.secc import Answer, Secc, new_session_id
from v2h.ccs.slac import Phase as Link
from v2h.ccs.slac import Slac

PLUGGED = (Pilot.B, Pilot.C, Pilot.D)
PAUSE_S = 3.0
"""X1 before another try (IEC 61851-1 as quoted by EVerest): the car takes the next 5 % for a new beginning."""
TRIES = 3
REST_S = 0.2
"""Time between two turns at rest: well within the silence that `charger` (0.3 s) and the pilot box (0.5 s) allow."""
MOST_WAITING = 4
"""Messages of a car that wait for the answer to another one. A car sends one at a time."""
KEY_B = 16


@dataclass(slots=True)
class Turn:
    """What to do now. frames: for the modem. messages: EXI for the car. hang_up: why to close its connection, ""
    to leave it open. order: for the pilot box. notes: what has happened, in words for the log."""

    frames: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    hang_up: str = ""
    order: Order = Order.OFF
    notes: list[str] = field(default_factory=list)


class Plug:
    """One plug. enabled: the dialects that are offered. draw(n): n random bytes. number: of the last session; the
    first one here gets the next. Call turn() at least every 50 ms, REST_S while it rests, and whenever something came
    in."""

    def __init__(self, enabled: Collection[Dialect], draw: Callable[[int], bytes], number: int) -> None:
        self._enabled, self._draw, self._number = enabled, draw, number
        self.slac: Slac | None = None
        self.secc: Secc | None = None
        self._waiting: list[bytes] = []
        self._frames: list[bytes] = []
        self._wanted = self._dropped = False
        self._charger_session = 0
        self._tries, self._again_t = 0, float("-inf")
        self._unwanted_t = self._pulsed_t = float("-inf")
        self._said = ""

    def attach(self, mac: bytes) -> None:
        """The modem's interface is there. mac: our address on it."""
        self.slac = Slac(mac)

    def detach(self) -> None:
        """The interface is gone."""
        self.slac = None

    def frame(self, now: float, data: bytes) -> None:
        """Take a frame from the modem's interface."""
        if self.slac is not None:
            self._frames += self.slac.take(now, data)

    def message(self, exi_bytes: bytes) -> None:
        """Take a message of the connected car."""
        self._waiting.append(exi_bytes)

    @property
    def rests(self) -> bool:
        """No session is wanted or under way: nothing here has a deadline."""
        return not self._wanted and self.secc is None

    @property
    def link(self) -> Link:
        """How far the matching is; OFF without a modem."""
        return Link.OFF if self.slac is None else self.slac.phase

    @property
    def phase(self) -> Phase:
        """How far the car has come, for the record."""
        if self.secc is not None:
            return self.secc.phase
        return Phase.LINK if self._wanted else Phase.NONE

    def record(self, now: float, sequence: int, pilot: Pilot) -> CarRecord:
        """What `charger` must know, for the wire."""
        if self.secc is not None:
            return self.secc.record(now, sequence, pilot)
        return CarRecord(self.phase, self._number, sequence, pilot)

    def turn(self, now: float, charger: ChargerRecord | None, pilot: Pilot, *, connected: bool) -> Turn:
        """What to do now. charger: its last record if it is fresh. connected: a car's TCP connection is open."""
        out = Turn(frames=self._frames)
        self._frames = []
        if charger is not None and charger.wanted and (not self._wanted or charger.session != self._charger_session):
            self._charger_session = charger.session
            self._begin(out, connected)
        elif charger is not None and not charger.wanted and self._wanted:
            self._wanted, self._unwanted_t = False, now
        self._dropped = self._dropped or (charger is None and self._wanted)
        if self.slac is not None:
            out.frames += self.slac.tick(now)
        if self.secc is not None:
            self._speak(now, out, self.secc, charger, pilot, connected)
        elif self._wanted and not self._dropped:
            self._match(now, out, pilot, connected)
        elif connected:
            out.hang_up = "no session is wanted"
        if not self._wanted:
            self._rest(now, out, connected)
        asks = self._wanted and not self._dropped and charger is not None and not charger.cut
        out.order = Order.PWM if asks and self._listens else Order.OFF
        self._pulsed_t = now if out.order is Order.PWM else self._pulsed_t
        return out

    @property
    def _listens(self) -> bool:
        """The pilot may ask the car to speak: it would be heard."""
        return self.secc is not None or self.link in (Link.LISTEN, Link.MATCHED, Link.JOINED)

    def _begin(self, out: Turn, connected: bool) -> None:
        self._wanted, self._dropped, self._tries, self._again_t = True, False, 0, self._pulsed_t + PAUSE_S
        if connected and self.secc is not None:
            out.hang_up = "a new session begins"
        self._forget()

    def _forget(self) -> None:
        self.secc = None
        self._waiting.clear()
        if self.slac is not None:
            self.slac.stop()

    def _rest(self, now: float, out: Turn, connected: bool) -> None:
        """The session is over at `charger`; the car may still read its last answer."""
        if self.slac is not None:
            self.slac.stop()
        if now - self._unwanted_t > limits.LINGER.value:
            self._forget()
            if connected and not out.hang_up:
                out.hang_up = "no session is wanted"

    def _match(self, now: float, out: Turn, pilot: Pilot, connected: bool) -> None:
        """Until a car is connected: a new key for each try."""
        if self.slac is None:
            return
        self._note_link(out)
        if connected and self.slac.phase in (Link.MATCHED, Link.JOINED):
            self.slac.joined()
            self._number += 1
            self.secc = Secc(self._enabled, new_session_id(self._draw), self._number, now)
            return
        if connected and not out.hang_up:
            out.hang_up = "a connection of a car that was not matched"
        if pilot not in PLUGGED:
            self.slac.stop()
        elif self.slac.phase is Link.FAILED:
            self._tries, self._again_t = self._tries + 1, now + PAUSE_S
            self.slac.stop()
        elif self.slac.phase is Link.OFF and now >= self._again_t and self._tries < TRIES:
            out.frames += self.slac.start(now, self._draw(KEY_B))

    def _note_link(self, out: Turn) -> None:
        assert self.slac is not None
        said = f"matching: {self.slac.phase.name.lower()} {self.slac.failure}".rstrip()
        out.notes += [said] if said != self._said else []
        self._said = said
        out.notes += self.slac.remarks
        self.slac.remarks.clear()

    def _speak(
        self, now: float, out: Turn, secc: Secc, charger: ChargerRecord | None, pilot: Pilot, connected: bool
    ) -> None:
        """The messages of the connected car, one after the other."""
        if not connected:
            self._waiting.clear()
            if not secc.reason:
                secc.lost()
                out.notes.append(secc.reason)
            return
        if len(self._waiting) > MOST_WAITING:
            secc.lost("the car sends without waiting for answers")
            self._waiting.clear()
        while not secc.reason:
            if not secc.busy:
                if not self._waiting:
                    break
                self._hear(now, out, secc, self._waiting.pop(0))
            answer = secc.turn(now, charger, pilot)
            if answer is None:
                break
            out.messages.append(encoded(answer))
        why = secc.closing(now, pilot)
        if why:
            out.notes.append(why)
            out.hang_up = why

    def _hear(self, now: float, out: Turn, secc: Secc, data: bytes) -> None:
        namespace = HANDSHAKE_NAMESPACE if secc.dialect is None else secc.dialect.namespace
        try:
            message = exi.decode(namespace, data)
        except ExiError as error:
            secc.lost(f"a message cannot be read: {error}")
            return
        said = message.name.removesuffix("Req") + (", with a zero byte after its end" if message.trailing_zero else "")
        out.notes += [f"the car: {said}"] if said != self._said else []
        self._said = said
        secc.hear(now, message.name, message.session, message.fields)


def encoded(answer: Answer) -> bytes:
    """The answer in EXI."""
    return exi.encode(answer.namespace, exi.Message(answer.name, answer.session, answer.fields))
