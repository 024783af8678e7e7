"""`v2h prices`: pushes what a file holds, and shows what is in force."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerPrices, ManagerSettings
from v2h.cli import main

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
"""Later than the end of any run of the tests: a price that is over is not shown."""
ROWS = [(START + timedelta(hours=n / 2), START + timedelta(hours=n / 2 + 0.5), 10 + n) for n in range(4)]
OCTOPUS = [{"valid_from": str(a), "valid_to": str(b), "value_inc_vat": v} for a, b, v in ROWS]
VALUES = [0.1, 0.11, 0.12, 0.13]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("start,end,import\n" + "".join(f"{a},{b},{v}\n" for a, b, v in ROWS), ["--unit", "minor"]),
        (json.dumps({"rates": [{"start": f"{a}", "end": f"{b}", "value": v / 100} for a, b, v in ROWS]}), []),
        (json.dumps([{"start": f"{a}", "end": f"{b}", "price": v / 100} for a, b, v in ROWS]), []),
        (json.dumps({"results": OCTOPUS}), []),
    ],
    ids=["csv", "evcc", "list", "octopus"],
)  # fmt: skip
def test_what_a_file_holds_is_pushed(host: str, web: WebApp, tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "tomorrow"
    path.write_text(text)
    assert main(["prices", "push", str(path), "--host", host, *words]) == 0
    [(name, values)] = web.orders
    assert name == "prices" and values.keys() == {"import"}
    assert (values["import"]["start"], values["import"]["step_min"]) == (START.isoformat(), 30)
    assert values["import"]["values"] == VALUES


def test_a_direction_can_be_said(host: str, web: WebApp, tmp_path: Path) -> None:
    path = tmp_path / "feedin.json"
    path.write_text(json.dumps({"rates": [{"start": f"{START}", "end": f"{ROWS[-1][1]}", "value": 0.15}]}))
    assert main(["prices", "push", str(path), "--direction", "export", "--host", host]) == 0
    assert web.orders[0][1].keys() == {"export"}


@pytest.mark.parametrize("text", ["", "{", "start,end,import\nx,y,z\n", '{"rates": 1}'])
def test_a_file_that_cannot_be_used_is_refused_with_its_name(
    host: str, web: WebApp, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd"
    path.write_text(text)
    assert main(["prices", "push", str(path), "--host", host]) == 2
    assert f"v2h prices: {path}: " in capsys.readouterr().err and web.orders == []


def test_what_was_pushed_is_shown(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    web.state.put_settings(ManagerSettings(1.0, {}))
    assert main(["prices", "--host", host]) == 0
    assert capsys.readouterr().out == "no prices were pushed; those of the schedule count\n"
    pushed = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    web.state.put_prices("import", ManagerPrices(1.0, START.isoformat(), 60, [0.1, None], pushed))
    assert main(["prices", "--host", host]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "import: pushed 3.0 h ago"
    assert [row.rpartition("  ")[2] for row in rows] == ["0.1", "-"]
