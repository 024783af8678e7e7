"""When an order must not go on by itself: the session it runs on ended in a way nobody asked for; pure."""

from dataclasses import dataclass, replace

from v2h.bus import ChargerState

RESTING = ("idle", "make-safe", "fault")


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen of the charger since the order began. old_session: at the order's begin a session was still being
    ended, so its end is no surprise."""

    ordered: bool = False
    old_session: bool = False
    state: str = "idle"
    session: int | None = None
    pid: int | None = None

    def order(self, wanted: bool) -> "Watch":
        """A new order is taken, or the old one ended. Going from one mode to another keeps the session."""
        if wanted and not self.ordered:
            return replace(self, ordered=True, old_session=self.state not in RESTING)
        return replace(self, ordered=wanted)

    def charger(self, state: ChargerState) -> tuple["Watch", str | None]:
        """The charger told its state. Returns the new watch, and why the order must end (None: it goes on)."""
        ended = self.state not in RESTING and state.state in RESTING
        renumbered = self.state == "energy" and self.session is not None and state.session != self.session
        why: str | None = None
        if self.ordered and state.faults:
            why = f"Stopped by a fault: {state.reason or ', '.join(state.faults)}"
        elif self.ordered and not self.old_session and (ended or renumbered):
            why = f"The session ended by itself ({state.reason or 'no reason given'})"
        still_old = self.old_session and not ended and state.state not in RESTING
        return replace(self, state=state.state, session=state.session, old_session=still_old), why

    def process(self, pid: int) -> tuple["Watch", str | None]:
        """The charger's program told its process number."""
        changed = self.pid is not None and pid != self.pid
        why = "The charger's program restarted" if changed and self.ordered and self.state not in RESTING else None
        return replace(self, pid=pid), why
