"""Which program is silent for too long, and what to do about it: the pure core of pulse.

Input: beats, supervisor's process states and the time. Output: actions. A beat counts only from the process that
supervisor started under that name. pulse's own lateness does not count as silence of a program: the time in which
pulse did not run is added to the allowance of every program.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

JUDGE_S = 0.25
"""How often judge() is called: guard's 1.5 s and this stay below its 2 s."""
LATE_S = 0.1
"""pulse's own lateness up to this is ordinary and is not added to the allowances."""
START_S = 90.0
"""From start to the first beat: nine interpreters start at once on one slow core."""
HEAR_S = 5.0
"""When pulse itself has just started, even the shortest allowance is this long for a program that was up before."""
AGAIN_S = 1.0
"""A kill that had no effect is repeated after this time."""
LOST_S = 60.0
"""When a critical program has not worked for this time, although it was killed and restarted meanwhile, the tree cannot
repair it: the watchdog is no longer fed."""
GRACE_S = 120.0
"""The watchdog is fed unconditionally for this time after pulse's start (design law)."""
TELL_AGAIN_S = 60.0
"""A program that keeps dying is reported this often."""

SUPERVISOR = "supervisord"
"""Its TICK_5 events are its sign of life."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Allowed silence. warn_s None: no warning before the kill. kill_s None: sends no beats (the broker)."""

    warn_s: float | None
    kill_s: float | None
    critical: bool = False


ALLOWED: dict[str, Allowance] = {
    # Three beats. charger has already written 0 A after 0.3 s; the restart brings back the program that can make safe.
    "guard": Allowance(None, 1.5, critical=True),
    "charger": Allowance(10, 20, critical=True),
    "manager": Allowance(10, 20, critical=True),
    "broker": Allowance(None, None, critical=True),
    "meter": Allowance(10, 20),
    "panel": Allowance(10, 20),
    "datalog": Allowance(10, 20),
    "web": Allowance(10, 20),
    "gateway": Allowance(10, 20),
    # charger and the pilot box have stopped after 0.3 and 0.5 s; the kill only brings the program back.
    "ccs": Allowance(10, 20),
}

UP = ("STARTING", "RUNNING")
FAILING = {
    "EXITED": "ended by itself, is started again",
    "BACKOFF": "does not stay up, the next try follows",
    "FATAL": "was given up by supervisor, is started again",
}


@dataclass(frozen=True, slots=True)
class Action:
    """what: "tell" (text only), "kill" (SIGKILL, supervisor restarts it) or "start"."""

    what: str
    name: str
    text: str
    silent_s: float = 0.0


@dataclass(slots=True)
class _Program:
    state: str = "UNKNOWN"
    pid: int | None = None
    gone_pid: int | None = None
    since: float = 0.0
    beat: float | None = None
    worked: float = 0.0
    told: bool = False
    acted: float | None = None
    told_failing: dict[str, float] = field(default_factory=dict)


class Beats:
    """The table of programs. All times are seconds of one monotonic clock."""

    def __init__(self, now: float, allowed: Mapping[str, Allowance] = ALLOWED) -> None:
        self._allowed = allowed
        self._started = self._judged = self._tick = now
        self._programs = {name: _Program(since=now, worked=now) for name in allowed}

    def beat(self, now: float, name: str, pid: int) -> bool:
        """A beat from process `pid`; False when it is not from the process that runs under this name."""
        program = self._programs.get(name)
        if program is None or program.pid not in (None, pid) or pid == program.gone_pid:
            return False
        program.pid = pid
        program.beat = program.worked = now
        program.told = False
        return True

    def tick(self, now: float) -> None:
        """supervisord's own sign of life."""
        self._tick = now

    def process(
        self, now: float, name: str, state: str, pid: int | None, *, expected: bool = True, up_s: float = 0.0
    ) -> list[Action]:
        """supervisor reports that `name` is in `state` now.

        pid: None or 0 where supervisor does not report it. expected: whether an end was asked for. up_s: for how long
        the process has been up.
        """
        program = self._programs.get(name)
        if program is None:
            return []
        if state == "STARTING" or (state == "RUNNING" and program.state not in UP):
            program.gone_pid, program.pid = program.pid, None
            program.beat, program.told, program.acted = None, False, None
            program.since = now - min(up_s, START_S - max(HEAR_S, self._allowed[name].kill_s or 0.0))
        if pid and program.pid != pid:  # an earlier beat was not from this process
            program.pid, program.beat = pid, None
        if pid and pid == program.gone_pid:  # an event older than our request for the states
            program.gone_pid = None
        program.state = state
        if state not in FAILING or (state == "EXITED" and expected):
            return []
        if now - program.told_failing.get(state, -TELL_AGAIN_S) < TELL_AGAIN_S and state != "FATAL":
            return []
        program.told_failing[state] = now
        return [Action("start" if state == "FATAL" else "tell", name, f"{name} {FAILING[state]}")]

    def judge(self, now: float) -> list[Action]:
        """Which programs to report and which to kill. Call every JUDGE_S, after all waiting beats have been read."""
        late = now - self._judged - JUDGE_S
        self._judged = now
        if late > LATE_S:
            self._forgive(late)
        actions: list[Action] = []
        for name, program in self._programs.items():
            allowed = self._allowed[name]
            if program.state == "RUNNING" and allowed.kill_s is None:
                program.worked = now
            if program.state not in UP or allowed.kill_s is None:
                continue
            silent = now - (program.since if program.beat is None else program.beat)
            kill_after = START_S if program.beat is None else allowed.kill_s
            warn_after = None if program.beat is None else allowed.warn_s
            if silent > kill_after:
                if program.acted is None or now - program.acted >= AGAIN_S:
                    program.acted = now
                    actions.append(Action("kill", name, f"{name} is silent for {silent:.1f} s: killed", silent))
            elif warn_after is not None and silent > warn_after and not program.told:
                program.told = True
                actions.append(Action("tell", name, f"{name} is silent for {silent:.1f} s", silent))
        return actions

    def lost(self, now: float) -> list[str]:
        """Why the watchdog must not be fed: one sentence for each reason; empty while all critical programs work and
        in the first GRACE_S."""
        if now - self._started < GRACE_S:
            return []
        lost = [
            f"{name} ({program.state}) has not worked for {now - program.worked:.0f} s"
            for name, program in self._programs.items()
            if self._allowed[name].critical and now - program.worked > LOST_S
        ]
        if now - self._tick > LOST_S:
            lost.append(f"{SUPERVISOR} has sent no event for {now - self._tick:.0f} s")
        return lost

    def _forgive(self, late: float) -> None:
        for program in self._programs.values():
            program.since += late
            program.worked += late
            if program.beat is not None:
                program.beat += late
        self._tick += late
