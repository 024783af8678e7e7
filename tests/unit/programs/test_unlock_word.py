"""A person's word that the plug may be unlocked: panel sends it, charger takes it, every other way is refused."""

from collections.abc import Callable

import pytest
from paho.mqtt.client import topic_matches_sub

import v2h.programs.charger
import v2h.programs.panel
from tests.support.finger import Finger
from tests.support.messages import charger as charger_state
from tests.support.messages import manager as manager_state
from tests.support.standin import StandIn
from v2h.bus.coding import Message
from v2h.bus.messages import MAY_PUBLISH, Command, Event, Reply, UnlockWord
from v2h.bus.states import State
from v2h.chademo.interface import Fault
from v2h.panel.gestures import ON_OFF
from v2h.programs.charger import ChargerShell
from v2h.programs.panel import Panel
from v2h.safety.rules import UNLOCK_BY_PERSON_S
from v2h.web.openapi import document


def at_the_panel(monkeypatch: pytest.MonkeyPatch, held_s: float, state: str = "fault") -> list[tuple[str, Message]]:
    """What panel publishes when on/off is held for held_s."""
    program = StandIn("panel", monkeypatch, v2h.programs.panel)
    panel, finger = Panel(program), Finger()  # type: ignore[arg-type]
    panel.start()
    panel._keys = finger  # type: ignore[assignment]

    def others_speak() -> None:
        program.hear(charger_state(state=state, t=program.now))
        program.hear(manager_state(mode="idle", t=program.now))

    others_speak()
    for pressed, seconds in ((True, held_s), (False, 2.0)):
        finger.edges.append((ON_OFF, pressed))
        panel._on_keys(program.now)
        program.run(seconds, others_speak)
    return program.published


def test_panel_says_it_once_when_on_off_is_held_for_ten_seconds_in_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    ((topic, word),) = at_the_panel(monkeypatch, 14.0)
    assert (topic, word) == ("v2h/panel/unlock", UnlockWord(1010.0))
    assert not word.RETAIN


@pytest.mark.parametrize(("state", "held_s"), [("fault", 9.4), ("fault", 5.0), ("idle", 14.0), ("energy", 14.0)])
def test_panel_does_not_say_it_otherwise(monkeypatch: pytest.MonkeyPatch, state: str, held_s: float) -> None:
    assert not any(isinstance(said, UnlockWord) for _, said in at_the_panel(monkeypatch, held_s, state))


def test_only_panel_may_publish_it() -> None:
    able = [name for name, topics in MAY_PUBLISH.items() if any(topic_matches_sub(t, UnlockWord.TOPIC) for t in topics)]
    assert able == ["panel"]


class Charger:
    """charger's shell with a latched fault. words: what reached its core; True for a word that unlocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = StandIn("charger", monkeypatch, v2h.programs.charger)
        self.shell = ChargerShell(self.program)  # type: ignore[arg-type]
        self.words: list[bool] = []
        core = self.shell._charger
        core.session.state, core.session.fault = State.FAULT, Fault("guard_tripped", "guard made safe")
        core.session.locked = True
        take: Callable[..., None] = core.clear_fault

        def clear_fault(*, unlock_confirmed: bool) -> None:
            self.words.append(unlock_confirmed)
            take(unlock_confirmed=unlock_confirmed)

        monkeypatch.setattr(core, "clear_fault", clear_fault)

    def outcomes(self) -> list[tuple[str, str]]:
        """Level and text of the events about the word."""
        said = [message for _, message in self.program.published if isinstance(message, Event)]
        return [(event.level, event.text) for event in said if event.code == "unlock-word"]

    def replies(self) -> list[Reply]:
        return [message for _, message in self.program.published if isinstance(message, Reply)]


@pytest.fixture
def charger(monkeypatch: pytest.MonkeyPatch) -> Charger:
    return Charger(monkeypatch)


def test_charger_takes_the_panels_word_and_tells_what_came_of_it(charger: Charger) -> None:
    charger.program.hear(UnlockWord(charger.program.now - 0.1))
    assert charger.words == [True]
    ((level, text),) = charger.outcomes()
    assert (level, text) == ("warning", charger.shell._charger.session.word_answer)
    assert text.startswith("not unlocked: guard does not answer")


def test_a_word_that_is_in_force_is_told_as_taken(charger: Charger, monkeypatch: pytest.MonkeyPatch) -> None:
    session = charger.shell._charger.session

    def turn(now: float) -> None:
        session.word_t, session.word_answer = now, "the plug unlocks"

    monkeypatch.setattr(charger.shell, "_turn", turn)
    charger.program.hear(UnlockWord(charger.program.now))
    assert charger.outcomes() == [("info", "the plug unlocks")]


def test_a_word_that_clears_the_fault_is_told_with_the_reason(
    charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = charger.shell._charger.session

    def turn(now: float) -> None:
        session.state, session.fault, session.reason = State.IDLE, None, "fault cleared"

    monkeypatch.setattr(charger.shell, "_turn", turn)
    charger.program.hear(UnlockWord(charger.program.now))
    assert (charger.words, charger.outcomes()) == ([True], [("info", "fault cleared")])


@pytest.mark.parametrize("age_s", [2.1, 600.0, -0.1])
def test_an_old_word_is_no_word(charger: Charger, age_s: float) -> None:
    charger.program.hear(UnlockWord(charger.program.now - age_s))
    assert charger.words == []
    ((level, text),) = charger.outcomes()
    assert level == "warning" and f"{age_s:.1f} s old" in text


def test_a_word_that_the_broker_kept_is_no_word(charger: Charger) -> None:
    word = UnlockWord(charger.program.now)
    charger.program.hear_raw(word.TOPIC, word.to_json(), retained=True)
    assert (charger.words, charger.outcomes()) == ([], [])


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b'{"t": null}', b'{"t": "now"}', b'{"t": NaN}', b'{"t": 1e999}', b'{"t": 1' + b"0" * 400 + b"}"],
)
def test_a_word_without_its_time_is_no_word(charger: Charger, payload: bytes) -> None:
    charger.program.hear_raw(UnlockWord.TOPIC, payload)
    assert (charger.words, charger.outcomes()) == ([], [])


def test_without_a_fault_there_is_nothing_to_vouch_for(charger: Charger) -> None:
    charger.shell._charger.session.state = State.IDLE
    charger.program.hear(UnlockWord(charger.program.now))
    assert (charger.words, charger.outcomes()) == ([], [("warning", "no fault is latched")])


@pytest.mark.parametrize("state", [State.FAULT, State.IDLE])
@pytest.mark.parametrize("value", [True, False, "yes", None])
@pytest.mark.parametrize("source", ["web", "cli", "panel"])
def test_charger_takes_no_such_word_as_a_command(charger: Charger, source: str, value: object, state: State) -> None:
    charger.shell._charger.session.state = state
    charger.program.hear(Command("a", source, {"unlock_confirmed": value}), "clear-fault")
    (reply,) = charger.replies()
    assert not reply.ok and reply.bad_input
    assert "at the charger's panel alone" in reply.text
    assert charger.words == []


def test_a_plain_command_clears_without_a_word(charger: Charger) -> None:
    charger.program.hear(Command("a", "web"), "clear-fault")
    assert charger.words == [False]
    assert [reply.bad_input for reply in charger.replies()] == [False]


def test_the_api_does_not_offer_it() -> None:
    body = document()["paths"]["/command/clear-fault"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"] == {} and body["additionalProperties"] is False


def test_the_sentence_names_the_time_that_guard_wants() -> None:
    assert f"at least {UNLOCK_BY_PERSON_S:.0f} s" in UnlockWord.GIVEN_AT_THE_PANEL
