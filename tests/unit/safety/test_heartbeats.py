"""The core of `pulse` in virtual time: which program is silent, which is killed, when the watchdog is not fed."""

import pytest

from v2h.safety.heartbeats import ALLOWED, GRACE_S, JUDGE_S, LOST_S, START_S, Action, Beats

PIDS = {name: 100 + index for index, name in enumerate(ALLOWED)}


class Story:
    """A clock that advances in steps of JUDGE_S. Every program except the broker and those in `mute` sends a heartbeat
    twice a second."""

    def __init__(self) -> None:
        self.now, self.mute, self.said = 1000.0, set[str](), list[tuple[float, Action]]()
        self.tick = True
        self.beats = Beats(self.now)
        for name, pid in PIDS.items():
            self.process(name, "STARTING", 0)
            self.process(name, "RUNNING", pid)

    def process(self, name: str, state: str, pid: int, expected: bool = True) -> list[Action]:
        actions = self.beats.process(self.now, name, state, pid, expected=expected)
        self.said += [(self.now, action) for action in actions]
        return actions

    def walk(self, seconds: float) -> None:
        for _ in range(round(seconds / JUDGE_S)):
            self.now += JUDGE_S
            if round(self.now / JUDGE_S) % 2 == 0:
                for name in PIDS.keys() - self.mute - {"broker"}:
                    self.beats.beat(self.now, name, PIDS[name])
                if self.tick:
                    self.beats.tick(self.now)
            self.said += [(self.now, action) for action in self.beats.judge(self.now)]

    def whats(self, name: str) -> list[str]:
        return [action.what for _, action in self.said if action.name == name]


def test_nobody_is_touched_while_all_beat() -> None:
    story = Story()
    story.walk(300)
    assert story.said == []
    assert story.beats.lost(story.now) == []


def test_hung_guard_is_killed_within_2_s_of_its_last_beat() -> None:
    story = Story()
    story.walk(10)
    hung_at = story.now
    story.mute = {"guard"}
    story.walk(2)
    when, action = story.said[0]
    assert (action.what, action.name) == ("kill", "guard")
    assert 1.5 < when - hung_at <= 2.0


@pytest.mark.parametrize("before_s", [0.01, 0.05, 0.1, 0.15, 0.2, 0.24])
def test_hung_guard_is_killed_within_2_s_wherever_between_two_looks_its_last_beat_came(before_s: float) -> None:
    story = Story()
    story.walk(10)
    story.mute = {"guard"}
    last = story.now + JUDGE_S - before_s
    story.beats.beat(last, "guard", PIDS["guard"])
    story.walk(3)
    when, action = story.said[0]
    assert (action.what, action.name) == ("kill", "guard")
    assert 1.5 <= when - last <= 2.0, "three beats of 0.5 s may be missed, 2 s not"


@pytest.mark.parametrize("name", sorted(ALLOWED.keys() - {"guard", "broker"}))
def test_others_are_told_of_at_10_s_and_killed_at_20_s(name: str) -> None:
    story = Story()
    story.walk(10)
    hung_at = story.now
    story.mute = {name}
    story.walk(20.5)
    (told_at, told), (killed_at, killed) = story.said
    assert (told.what, killed.what, told.name, killed.name) == ("tell", "kill", name, name)
    assert told_at - hung_at == pytest.approx(10, abs=1)
    assert killed_at - hung_at == pytest.approx(20, abs=1)


def test_each_silence_is_told_once() -> None:
    story = Story()
    story.walk(10)
    for _ in range(2):
        story.mute = {"meter"}
        story.walk(15)
        story.mute = set()
        story.walk(5)
    assert story.whats("meter") == ["tell", "tell"]


def test_a_kill_without_effect_is_repeated_every_second() -> None:
    story = Story()
    story.walk(10)
    story.mute = {"guard"}
    story.walk(5)
    assert story.whats("guard") == ["kill"] * 4


def test_a_restarted_program_has_time_to_come_up_and_its_old_beats_do_not_count() -> None:
    story = Story()
    story.walk(10)
    story.mute = {"guard"}
    story.process("guard", "EXITED", PIDS["guard"])
    story.process("guard", "STARTING", 0)
    assert not story.beats.beat(story.now, "guard", PIDS["guard"]), "queued by the dead process"
    story.walk(START_S - 1)
    assert story.said == []
    story.walk(2)
    assert story.whats("guard")[0] == "kill", "it never beat: hung in its start"


def test_beats_from_a_foreign_process_do_not_keep_a_hung_program_alive() -> None:
    story = Story()
    story.walk(10)
    story.mute = {"guard"}
    for _ in range(8):
        story.walk(JUDGE_S)
        assert not story.beats.beat(story.now, "guard", 4711)
    assert story.whats("guard") == ["kill"]
    assert not story.beats.beat(story.now, "nobody", 4711)


def test_a_beat_before_supervisor_names_the_process_is_forgotten_when_it_was_another() -> None:
    story = Story()
    story.walk(10)
    story.mute = {"guard"}
    story.process("guard", "STARTING", 0)
    assert story.beats.beat(story.now, "guard", 4711)
    story.process("guard", "RUNNING", 555)
    story.walk(10)
    assert story.said == [], "555 is still starting, its allowance is not that of a program that beat"


def test_pulses_own_lateness_is_nobodys_silence() -> None:
    story = Story()
    story.walk(10)
    story.now += 30
    story.walk(1)
    assert story.said == []


def test_pulse_restarted_finds_a_guard_that_hangs_already() -> None:
    beats = Beats(1000.0)
    beats.process(1000.0, "guard", "RUNNING", 100, up_s=5000.0)
    acted = [now for step in range(1, 60) for now in [1000 + step * JUDGE_S] if beats.judge(now)]
    assert acted[0] == pytest.approx(1005, abs=0.5)


def test_an_event_from_before_pulse_asked_for_the_states_turns_nobody_deaf() -> None:
    beats = Beats(1000.0)
    beats.process(1000.0, "guard", "STARTING", 100)
    beats.process(1000.0, "guard", "STARTING", 0)
    beats.process(1001.0, "guard", "RUNNING", 100)
    assert beats.beat(1001.0, "guard", 100)


@pytest.mark.parametrize("state", ["STOPPED", "STOPPING", "EXITED", "BACKOFF"])
def test_what_is_not_up_is_not_killed(state: str) -> None:
    story = Story()
    story.walk(10)
    story.process("charger", state, PIDS["charger"])
    story.mute = {"charger"}
    story.walk(50)
    assert "kill" not in story.whats("charger")


def test_dying_programs_are_reported_but_not_all_the_time() -> None:
    story = Story()
    for _ in range(3):
        story.process("meter", "EXITED", 1, expected=False)
        story.process("meter", "BACKOFF", 0)
    assert story.whats("meter") == ["tell", "tell"]
    story.walk(61)
    story.process("meter", "BACKOFF", 0)
    assert story.whats("meter") == ["tell"] * 3
    assert story.process("panel", "EXITED", 1, expected=True) == []


def test_a_given_up_program_is_started_again() -> None:
    assert [action.what for action in Story().process("web", "FATAL", 0)] == ["start"]


@pytest.mark.parametrize("name", ["guard", "charger", "manager"])
def test_the_watchdog_starves_when_a_critical_program_never_works(name: str) -> None:
    story = Story()
    story.mute = {name}
    story.walk(GRACE_S - 1)
    assert story.beats.lost(story.now) == [], "unconditional in the beginning"
    story.walk(2)
    assert [text.split()[0] for text in story.beats.lost(story.now)] == [name]


def test_the_watchdog_starves_without_broker_and_is_fed_again() -> None:
    story = Story()
    story.walk(GRACE_S)
    story.process("broker", "BACKOFF", 0)
    story.walk(LOST_S - 1)
    assert story.beats.lost(story.now) == []
    story.walk(2)
    assert [text.split()[0] for text in story.beats.lost(story.now)] == ["broker"]
    story.process("broker", "STARTING", 0)
    story.process("broker", "RUNNING", 7)
    story.walk(1)
    assert story.beats.lost(story.now) == []


def test_the_watchdog_is_fed_without_the_programs_nobody_depends_on() -> None:
    story = Story()
    story.mute = {"panel", "web", "datalog", "meter"}
    story.walk(GRACE_S + LOST_S + 10)
    assert story.beats.lost(story.now) == []


def test_the_watchdog_starves_when_supervisord_hangs() -> None:
    story = Story()
    story.walk(GRACE_S)
    story.tick = False
    story.walk(LOST_S + 1)
    assert [text.split()[0] for text in story.beats.lost(story.now)] == ["supervisord"]
