"""The line of the page about a CCS car: there only where ccs runs."""

import pytest

from tests.support.safetypage import ROOT
from v2h.bus.messages import CcsState
from v2h.bus.sentences import in_language, say
from v2h.web.german.language import GERMAN
from v2h.web.view.car import ccs
from v2h.web.view.snapshot import Snapshot

NOW = 100.0


def seen(said: CcsState | None) -> Snapshot:
    return Snapshot(NOW, None, None, {}, (), True, (), "V2H", ccs=said)


def told(age_s: float, soc_pct: int | None) -> CcsState:
    return CcsState(NOW - age_s, "C", "joined", "energy", say("ccs.energy"), "DIN SPEC 70121", soc_pct)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (None, ""),
        (told(0.5, None), "CCS: the car charges. Matching (SLAC): joined, pilot: C."),
        (told(0.5, 61), "CCS: the car charges. Matching (SLAC): joined, pilot: C. The car reports 61 %."),
        (told(5.0, 61), "CCS: the program ccs does not answer."),
    ],
)
def test_the_line(said: CcsState | None, line: str) -> None:
    assert ccs(seen(said)) == line


def test_the_line_in_german() -> None:
    german = in_language(ccs(seen(told(0.5, 61))), GERMAN)
    assert german == "CCS: das Auto lädt. Abgleich (SLAC): joined, Pilot: C. Das Auto meldet 61 %."


def test_the_page_hides_the_line_where_it_is_empty() -> None:
    page = (ROOT / "app/v2h/web/templates/now.html").read_text(encoding="utf-8")
    assert 'data-show="ccs" data-t="ccs"{% if not view.ccs %} hidden{% endif %}' in page
