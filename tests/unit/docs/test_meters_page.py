"""docs/meters.md against the software: each piece is a good v2h.toml, and gives of the answer below it the power that
the page says."""

from pathlib import Path

import pytest

from tests.support.markdown import ROOT, Block, blocks
from v2h.config.loading import load
from v2h.config.meter_kinds import KINDS, HttpMeter, MqttMeter
from v2h.config.presets import SHIPPED, JsonLayout
from v2h.meters import http, mqtt
from v2h.meters.jsonvalues import measurement, parse

TEXT = (ROOT / "docs" / "meters.md").read_text(encoding="utf-8")
FOUND = [block for block in blocks(TEXT) if block.language in ("toml", "json")]
PAIRS = [
    (a, b if b is not None and b.language == "json" else None) for a, b in zip(FOUND, [*FOUND[1:], None], strict=True)
]
PIECES = [pair for pair in PAIRS if pair[0].language == "toml"]


def layout_of(meter: object) -> JsonLayout:
    if isinstance(meter, HttpMeter):
        return http.preset_of(meter).layout
    assert isinstance(meter, MqttMeter)
    return mqtt.preset_of(meter).layout


@pytest.mark.parametrize(("piece", "answer"), PIECES, ids=[str(n) for n in range(len(PIECES))])
def test_a_piece_is_good_and_reads_the_answer_below_it(piece: Block, answer: Block | None, tmp_path: Path) -> None:
    path = tmp_path / "v2h.toml"
    path.write_text(piece.text, encoding="utf-8")
    config = load([path])
    assert config.errors == ()
    if answer is not None:
        value = measurement(parse(answer.text.encode()), layout_of(config.meter["grid"]), 1.0)
        assert value.power_w == pytest.approx(float(answer.name)), piece.text


def test_every_kind_and_preset_is_on_the_page() -> None:
    assert len(PIECES) >= 20 and sum(answer is not None for _, answer in PIECES) >= 12
    named = [*KINDS, *(path.stem for path in SHIPPED.glob("*.toml"))]
    assert [name for name in named if f'"{name}"' not in TEXT and f"`{name}`" not in TEXT] == []
