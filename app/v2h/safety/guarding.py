"""What guard does, as a pure state machine. It takes requests, K, converter frames and time, and returns outputs, SDO
requests and reports.

A guard that has just started grants nothing until charger has asked for all outputs off: it has no data about a session
that began before it, so that session must end.

States: STARTING (the outputs have been read; d2, d1 and the rest go off in order, the lock stays as found; then the
converter's bus must be up) -> READY -> MAKING_SAFE -> TRIPPED. Only a charger with a new session number that asks for
all outputs but the lock off brings guard back to READY. If guard finds contactors closed at its start, it goes to
MAKING_SAFE at once.
"""

import math
from dataclasses import dataclass, field

from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety import rules
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.makesafe import ALL_BUT_LOCK, FROM_SIGNALS, LOW_A, ROUND_S, STEP_S, MakeSafe
from v2h.safety.outputs import CONTACTORS, NONE, Output, names
from v2h.safety.readings import Readings
from v2h.safety.wire import SILENCE_S, GuardState, Report, Request, Trip

LIVE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC
"""While any of these is on, charger must send requests."""
SIGNALS = Output.D1 | Output.D2
LATE_MS = 200
"""charger's own loop may be this late (design law)."""
K_CHECK_S = 0.8
"""The current must be at 5 A or less at this time after K went off (the standard's own limit is 0.5 s)."""
AMPS_AGE_S = 0.3
"""Three polls of the converter: an older measurement does not permit opening the contactors."""
TOLD_S = 0.8
TOLD_LEAST = 4
"""charger must have reported an empty cable for TOLD_S and in at least TOLD_LEAST requests. TOLD_S is a little less
than charger's own second: charger sends a request every 0.1 to 0.2 s, and guard must not delay what charger has already
waited for."""
AC_SILENT_S = 30.0
AC_FRESH_S = 1.0
"""In a trip, the converter must have stopped answering AC_SILENT_S after PRE AC was switched off (its own supply may
hold for seconds); guard sends requests to it during this time. It still answers if its last answer is younger than
AC_FRESH_S."""
CHECK_S = 0.12
"""A little more than charger's period: while charger sends requests, guard acts at each; its timer never wakes it."""
BUSY_CHECK_S = 0.05
"""While K is off or a trip is latched: guard repeats the requests for 0 A and for disable, one request per act()."""
IDLE_CHECK_S = 0.25
"""While no output is live, guard only has to listen to the bus."""

TRIP_TEXT = {
    Trip.CHARGER_SILENT: "charger is silent, gone, or back as another session while outputs are on",
    Trip.CHARGER_LATE: f"charger's loop is more than {LATE_MS} ms late",
    Trip.FORBIDDEN_OUTPUTS: "charger asks for a forbidden combination of outputs",
    Trip.K_OFF_CURRENT: f"the car took its permission back and {K_CHECK_S} s later the current is not known to be low",
    Trip.FOUND_CLOSED_AT_START: "guard started and found c1 or c2 closed",
    Trip.CHARGER_ASKED: "charger asks for it",
    Trip.WROTE_AFTER_TRIP: "somebody wrote a current to the converter after the trip",
    Trip.OUTPUT_FAILED: "an output cannot be written, or somebody else has changed it",
    Trip.GUARD_STOPS: "guard is asked to end while outputs are on",
    Trip.K_OFF_CCS: "a CCS car, its pilot or the outside chain took the permission (K) back",
    Trip.SUPERVISORD_STOPPED: "supervisord, which starts again what dies, is stopped",
}


@dataclass(frozen=True, slots=True)
class Note:
    """An event for the log: level "info", "warning" or "fault", a stable code, and a text."""

    level: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Actions:
    """What the shell does now, in this order. next_t: the latest time of the next act()."""

    send: bytes | None
    outputs: Output
    report: bool
    notes: tuple[Note, ...]
    next_t: float


@dataclass(slots=True)
class Guarding:
    """Feed the on_*() methods as things happen, then call act() with the outputs as read back."""

    now: float
    found: Output
    k_on: bool
    can_up: bool = False
    ready_to_start: bool = False
    """The shell sets it when the converter's bus is up and is the right one."""
    ccs: bool = False
    """The plug is one for CCS: K is the outside chain of pilot, insulation and emergency stop, and IEC 61851-1 allows
    100 ms where CHAdeMO allows 0.5 s. While charger expects K, its fall with c1 or c2 closed trips, and PRE AC goes off
    in the same act, also in a make-safe that had begun before."""
    heard: ConverterMonitor = field(default_factory=ConverterMonitor)
    state: GuardState = GuardState.STARTING
    trip: Trip = Trip.NONE
    _wanted: Output = NONE
    """The outputs as last ordered."""
    _safe: MakeSafe | None = None
    _request: Request | None = None
    """The newest request; _fresh is True until act() has judged it."""
    _fresh: bool = False
    _request_t: float = -math.inf
    _owner: int | None = None
    """Session number of the charger that has outputs on."""
    _fenced: set[int] = field(default_factory=set)
    """Session numbers that cannot clear the present trip, because this trip ended their session."""
    _rested: bool = False
    """charger has asked for all outputs but the lock off since this guard began."""
    _gone: bool = False
    _lost: bool = False
    _stopping: bool = False
    _tree_stopped: bool = False
    _k_lost_t: float | None = None
    _k_checked: bool = False
    """The current was found low after this K off, in a stop."""
    _k_sent_t: float = -math.inf
    _d2_off_t: float = 0.0
    _signals_off_t: float = 0.0
    _held: str = ""
    _cable: Readings = field(default_factory=lambda: Readings(TOLD_S, TOLD_LEAST))
    """The cable voltages that charger has reported without a gap."""
    _cable_doubted: bool = False
    _ac_off_t: float | None = None
    """The time since which the converter's AC has been off after a trip; None after it was judged."""
    _report: bool = False
    _notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wanted = self.found
        self._d2_off_t = self._signals_off_t = self.now
        if self.found & CONTACTORS:
            self.heard = ConverterMonitor.late()
            self._trip(self.now, Trip.FOUND_CLOSED_AT_START, "found on: " + ", ".join(names(self.found)))
        elif found := self.found & ALL_BUT_LOCK:
            self._note("warning", "outputs-found-on", "found on, switched off: " + ", ".join(names(found)))
            self._safe = MakeSafe(self.now, FROM_SIGNALS)

    def on_request(self, now: float, request: Request) -> None:
        """A request from charger."""
        if request.cable_v is None or (self._request is not None and request.session != self._request.session):
            self._cable.clear()  # a report of another charger, or of another session, is stale
        if request.cable_v is not None:
            self._cable.add(request.cable_v, now)
        self._cable_doubted = self._cable_doubted or request.cable_doubted
        self._rested = self._rested or not request.outputs & ALL_BUT_LOCK
        self._request, self._request_t, self._fresh, self._gone = request, now, True, False

    def on_charger_gone(self) -> None:
        """charger closed the wire."""
        self._gone = True

    def on_k(self, k_on: bool) -> None:
        """K was read again after an edge."""
        if k_on != self.k_on:
            self.k_on, self._report = k_on, True

    def on_stop(self) -> None:
        """guard is asked to end. charger is stopped before guard, so no program controls an output that is still on."""
        self._stopping = True

    def on_tree(self, *, stopped: bool) -> None:
        """Whether supervisord is stopped."""
        self._tree_stopped = stopped

    def on_line_lost(self) -> None:
        """An output or K can no longer be read or switched."""
        self._lost = True

    def on_frame(self, frame: Frame) -> None:
        """A frame on the converter's bus (never one of our own)."""
        written_a = self.heard.hear(frame)
        if written_a and self.trip not in (Trip.NONE, Trip.WROTE_AFTER_TRIP) and self._safe is not None:
            self.trip, self._report = Trip.WROTE_AFTER_TRIP, True
            self._safe.drop_pre_ac(frame.t)
            self._note("fault", "wrote-after-trip", f"{TRIP_TEXT[self.trip]}: {written_a:.1f} A; PRE AC off")

    @property
    def zero_since_t(self) -> float | None:
        """Since when the converter has had an order of 0 A that make-safe counts from; None: it has none. The second
        begins at this time when guard dies."""
        return self._k_lost_t if self._safe is None else self._safe.since_t

    def report(self, outputs: Output) -> Report:
        """The report for charger."""
        session, sequence = (self._request.session, self._request.sequence) if self._request else (0, 0)
        doubted = self._cable_doubted
        return Report(outputs, self.state, self.trip, session, sequence, self.k_on, self.can_up, doubted)

    def act(self, now: float, outputs: Output) -> Actions:
        """outputs: as read back. Call after every on_*() and at next_t."""
        self._keep_times(now, outputs)
        send: bytes | None = None
        if self.state is GuardState.READY:
            trip, why = self._reason_to_trip(now, outputs)
            if trip is not None:
                self._trip(now, trip, why)
            else:
                send = self._watch_k(now, outputs)
                if self._fresh and self._request is not None:
                    if self._rested:
                        self._wish(now, outputs, self._request)
                    else:
                        self._hold(self._request, "this session began before guard did: ask for all outputs off first")
        if self.trip is not Trip.NONE and self._fresh and self._request and self._request.outputs & ALL_BUT_LOCK:
            self._fenced.add(self._request.session)  # it began before this guard, or still wants outputs on
        if self._safe is not None:
            if Output.PRE_AC in outputs and self._k_off_ccs(outputs):
                self._safe.drop_pre_ac(now)  # it was tripped for another reason before
            step = self._safe.step(now, outputs, self.heard)
            send = step.send or send
            self._wanted = outputs & ~step.off
            if step.done:
                self._watch_ac(now, outputs)
                self._after_safe(outputs & ~step.off)
        elif self.state is GuardState.STARTING and self.ready_to_start:
            self._enter(GuardState.READY)
        report, notes = self._report or self._fresh, tuple(self._notes)
        self._report = self._fresh = False
        self._notes.clear()
        return Actions(send, self._wanted, report, notes, self._next(now, outputs))

    def _reason_to_trip(self, now: float, outputs: Output) -> tuple[Trip | None, str]:
        request, live = self._request, bool((outputs | self._wanted) & LIVE)
        if request is not None and self._fresh and request.trip_wanted:
            return Trip.CHARGER_ASKED, ""
        if self._lost or outputs != self._wanted:
            return Trip.OUTPUT_FAILED, ", ".join(names(outputs ^ self._wanted)) or "a line was lost"
        if not live:
            return None, ""
        if self._k_off_ccs(outputs):
            return Trip.K_OFF_CCS, ""
        if self._stopping:
            return Trip.GUARD_STOPS, ""
        if self._tree_stopped:
            return Trip.SUPERVISORD_STOPPED, ""
        if self._gone or request is None:
            return Trip.CHARGER_SILENT, "the wire was closed"
        if now >= self._request_t + SILENCE_S:
            return Trip.CHARGER_SILENT, f"{now - self._request_t:.2f} s"
        if request.session != self._owner:
            return Trip.CHARGER_SILENT, f"session {self._owner} became {request.session}"
        if request.loop_age_ms > LATE_MS:
            return Trip.CHARGER_LATE, f"{request.loop_age_ms} ms"
        if self._k_lost_t is not None and now >= self._k_lost_t + K_CHECK_S and outputs & CONTACTORS:
            amps = self.heard.amps(now, AMPS_AGE_S)
            if amps is None or abs(amps) > LOW_A:
                return Trip.K_OFF_CURRENT, "unknown" if amps is None else f"{amps:.1f} A"
        return None, ""

    def _k_off_ccs(self, outputs: Output) -> bool:
        """K is off with c1 or c2 closed, and charger's last request expects it on."""
        expected = self._request is not None and self._request.k_expected
        return self.ccs and expected and not self.k_on and bool(outputs & CONTACTORS)

    def _wish(self, now: float, outputs: Output, request: Request) -> None:
        view = rules.View(
            outputs,
            self.k_on,
            self.heard.amps_soon(now, AMPS_AGE_S),
            now - self._d2_off_t,
            now - self._signals_off_t,
            self._cable.largest(now),
        )
        verdict = rules.judge(view, request)
        if verdict.trip is not None:
            self._trip(now, verdict.trip, verdict.why)
            return
        if Output.PLUG_LOCK in outputs & ~verdict.apply and request.cable_v is None:
            self._note("warning", "unlocked-unverified", "plug unlocked on a person's word, cable voltage unknown")
        self._hold(request, verdict.why)
        self._wanted = verdict.apply
        if verdict.apply & ALL_BUT_LOCK:
            self._owner = request.session

    def _hold(self, request: Request, why: str) -> None:
        """Note once why a request is not granted in full; why is "" when it is."""
        if why != self._held:
            self._held = why
            if why:
                self._note("warning", "held", f"asked for {', '.join(names(request.outputs)) or 'none'}: {why}")

    def _watch_k(self, now: float, outputs: Output) -> bytes | None:
        """K goes off while charger expects it on: command 0 A at once, and repeat it until charger no longer expects K.
        In a stop, K off is normal; guard still checks once that the current is low."""
        expected = self._request is not None and self._request.k_expected
        if self.k_on or not outputs & CONTACTORS:
            self._k_lost_t, self._k_checked = None, False
            return None
        if self._k_lost_t is None:
            if self._k_checked and not expected:
                return None
            self._k_lost_t, self._report = now, True
            if expected:
                self._note("warning", "k-off", "the car took its permission (K) back; converter commanded to 0 A")
        elif not expected and now >= self._k_lost_t + K_CHECK_S:
            # _reason_to_trip() found the current low; a normal stop goes on from here
            self._k_lost_t, self._k_checked = None, True
            return None
        if expected and now >= self._k_sent_t + ROUND_S:
            self._k_sent_t = now
            return pre.write_amps(0.0)
        return None

    def _trip(self, now: float, trip: Trip, why: str) -> None:
        # Since K went off the converter has had an order of 0 A, from guard or from charger's stop: make-safe counts
        # its 0.8 s from that time.
        self.trip, self._safe = trip, MakeSafe(now if self._k_lost_t is None else self._k_lost_t)
        if trip is Trip.K_OFF_CCS:
            self._safe.drop_pre_ac(now)
        if self._owner is not None:
            self._fenced.add(self._owner)
        if self._request is not None and trip is not Trip.CHARGER_SILENT:  # then a new session may clear
            self._fenced.add(self._request.session)
        self._ac_off_t = now
        self._enter(GuardState.MAKING_SAFE)
        self._note("fault", "tripped", f"making safe: {TRIP_TEXT[trip]}" + (f" ({why})" if why else ""))

    def _watch_ac(self, now: float, outputs: Output) -> None:
        """Detects a PRE AC relay that does not open. The only sign is that a converter without mains stops
        answering."""
        if Output.PRE_AC in outputs:
            self._ac_off_t = now
        elif self._ac_off_t is not None and now - self._ac_off_t > AC_SILENT_S:
            self._ac_off_t = None
            if now - self.heard.answered_t < AC_FRESH_S:
                text = (
                    f"{AC_SILENT_S:.0f} s after its AC was switched off the converter still answers: look at its relay"
                )
                self._note("warning", "pre-ac-stays", text)

    def _after_safe(self, outputs: Output) -> None:
        """Called when steps 1 to 5 are done."""
        if self.state is GuardState.STARTING:
            self._safe = None
            return
        if self.state is GuardState.MAKING_SAFE:
            self._enter(GuardState.TRIPPED)
            left = names(outputs & ALL_BUT_LOCK)
            if left:
                self._note("fault", "not-safe", "still on after make-safe: " + ", ".join(left))
            else:
                self._note("info", "safe", "all outputs but the lock are off; latched until charger restarts")
        request = self._request
        if request is None or not self._fresh or request.session in self._fenced:
            return
        if not (request.outputs | outputs) & ALL_BUT_LOCK and not request.trip_wanted:
            self._safe, self.trip, self._k_lost_t, self._held = None, Trip.NONE, None, ""
            self._fenced.clear()
            self._enter(GuardState.READY if self.ready_to_start else GuardState.STARTING)
            self._note("info", "cleared", f"trip cleared by charger's session {request.session}")

    def _enter(self, state: GuardState) -> None:
        self.state, self._report = state, True

    def _keep_times(self, now: float, outputs: Output) -> None:
        if Output.D2 in outputs:
            self._d2_off_t = now
        if outputs & SIGNALS:
            self._signals_off_t = now
        if Output.PLUG_LOCK not in outputs:
            self._cable_doubted = False

    def _next(self, now: float, outputs: Output) -> float:
        if self._safe is not None and self.state is not GuardState.TRIPPED:
            return now + STEP_S
        quiet = self._safe is None and not (outputs | self._wanted) & LIVE
        busy = self._k_lost_t is not None or self._safe is not None
        deadline = now + (BUSY_CHECK_S if busy else IDLE_CHECK_S if quiet else CHECK_S)
        if self.state is GuardState.READY and not quiet:
            deadline = min(deadline, self._request_t + SILENCE_S)
        if self._k_lost_t is not None and now < self._k_lost_t + K_CHECK_S:
            deadline = min(deadline, self._k_lost_t + K_CHECK_S)
        return deadline

    def _note(self, level: str, code: str, text: str) -> None:
        self._notes.append(Note(level, code, text))
