"""RAUC's words become the owner's, the installer's report survives its file, and nothing happens beside a session."""

import pytest

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.update import progress
from v2h.update.allowed import OLDEST_S, check_rest
from v2h.update.progress import Phase, Progress
from v2h.update.rauc_words import progress_pct, refusal
from v2h.update.refusals import RefusedError

FACTS = [
    ("Compatible mismatch: Expected 'v2h-bonegreen' but bundle manifest has 'other-board'", "update.other_board"),
    ("Version mismatch: Expected at least '2026.11' but bundle manifest has '2026.10'", "update.older"),
    ("signature verification failed: Verify error: self-signed certificate", "update.foreign"),
    ("Invalid bundle format: Signature size (123456) exceeds bundle size", "update.torn"),
    ("signature verification failed: Verify error: certificate is not yet valid", "update.certificate_time"),
]


@pytest.mark.parametrize(("said", "sentence"), FACTS)
def test_raucs_words_become_the_owners(said: str, sentence: str) -> None:
    assert refusal(f"rauc-Message: something before\n{said}\n").id == sentence


def test_unknown_words_of_rauc_are_repeated() -> None:
    assert refusal("one\nthe moon is full\n") == "The update was refused: the moon is full"
    assert refusal("") == "The update was refused: -"


def test_the_error_of_an_installation_is_not_its_last_line() -> None:
    said = (
        " 30% Checking manifest contents done.\n100% Installing failed.\nLastError: Failed mounting bundle: no loop\n"
    )
    assert refusal(said + "idle\nInstalling `/data/update/v2h.raucb` failed\n").endswith("mounting bundle: no loop")


@pytest.mark.parametrize(
    ("line", "pct"), [(" 20% Determining slot states done.", 20), ("100% Done", 100), ("x 5%", None)]
)
def test_the_percentage_of_a_line(line: str, pct: int | None) -> None:
    assert progress_pct(line) == pct


@pytest.mark.parametrize(
    "report",
    [
        progress.installing("v2h.raucb", 40),
        progress.installed("0.2.0"),
        progress.refused(say("update.foreign")),
        Progress(),
    ],
)
def test_a_report_survives_its_file(report: Progress) -> None:
    assert progress.read(progress.as_json(report)) == report


@pytest.mark.parametrize("document", [{}, {"phase": "installing"}, {"phase": "flying", "said": None}])
def test_anything_else_is_no_report(document: dict[str, object]) -> None:
    assert progress.read(document).phase == Phase.NONE


@pytest.mark.parametrize(
    ("state", "age_s", "outputs", "sentence"),
    [
        (State.IDLE, 1.0, [], None),
        (State.FAULT, 1.0, [], None),
        (State.IDLE, 1.0, ["pre-ac", "master"], None),
        (State.FAULT, 1.0, ["d1"], "update.session_open"),
        (State.ENERGY, 1.0, ["d1", "d2"], "update.session_open"),
        (State.SAFE, 1.0, [], "update.session_open"),
        (State.IDLE, OLDEST_S + 1, [], "update.charger_silent"),
        (None, 0.0, [], "update.charger_silent"),
    ],
)
def test_only_a_charger_that_certainly_rests_is_updated(
    state: State | None, age_s: float, outputs: list[str], sentence: str | None
) -> None:
    if sentence is None:
        check_rest(state, age_s, outputs)
        return
    with pytest.raises(RefusedError) as refused:
        check_rest(state, age_s, outputs)
    assert refused.value.sentence.id == sentence
