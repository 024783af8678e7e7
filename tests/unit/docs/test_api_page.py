"""docs/api.md and the schema of /state are complete, and the examples of docs/neighbours.md are good."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.support.gatewayhouse import house
from tests.support.knownweb import known
from tests.support.markdown import ROOT
from tests.support.webapp import WebApp
from v2h.bus.messages import Alive, Event
from v2h.config.loading import load
from v2h.gateway import evcc, home_assistant, predecessor, prometheus
from v2h.gateway.house import House
from v2h.gateway.orders import WISHES
from v2h.gateway.values import VALUES
from v2h.web.commands import COMMANDS
from v2h.web.state_schema import state_schema

API = (ROOT / "docs/api.md").read_text()
NEIGHBOURS = (ROOT / "docs/neighbours.md").read_text()


def test_every_route_command_value_topic_and_figure_is_on_the_page(tmp_path: Path) -> None:
    for rule in WebApp(tmp_path).make().url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/metrics")) and "<name>" not in rule.rule:
            assert f" {rule.rule}`" in API, rule.rule
    for name in COMMANDS:
        assert f"`POST /api/v1/command/{name}`" in API and f"| `{name}` |" in API
    for value in VALUES:
        assert f"| `{value.key}` | {value.unit} | {value.about} |" in API
    for name in WISHES:
        assert f"`{name}/set`" in API
    for name in evcc.NAMES:
        assert f"`PUT /api/v1/evcc/{name}`" in API and f"`evcc/{name}/set`" in API
    for metric in prometheus.metrics(House(), prometheus.Counted({}, {}), 0.0):
        assert f"| `{metric.name}` | {metric.kind} |" in API
    components = json.loads(home_assistant.discovery("homeassistant", "v2h", "v2h", house()).payload)["components"]
    for part in components.values():
        assert f"| `{part['default_entity_id']}` | {part['name']} |" in API
    for name in predecessor.READS:
        assert f"`{name}`" in API


def test_every_message_of_the_predecessors_clients_is_on_the_page() -> None:
    said = json.loads((ROOT / "tests/data/predecessor/messages.json").read_text())
    pages = [text for connections in said["pages"].values() for rows in connections for text, _ in rows]
    names = {name for text in (*pages, *said["records"]) for name in re.findall(r"[GS]et[A-Z]\w+", text)}
    assert len(names) == 11
    chapter = API.partition("## The predecessor's WebSocket")[2].partition("## ")[0]
    assert {name for name in names if name not in chapter} == set()


def documents(folder: Path) -> list[dict[str, Any]]:
    """Documents of the state: when nothing is known, and when everything is."""
    empty, full = WebApp(folder / "a"), WebApp(folder / "b")
    known(full.state)
    seen = house()
    assert seen.charger and seen.manager
    full.state.put_bus(True)
    full.state.put_charger(seen.charger)
    full.state.put_manager(seen.manager)
    full.state.put_alive("web", Alive(True, 1, "1.0"))
    full.state.put_event(Event(1.0, "fault", "x", "x", "charger"))
    return [json.loads(web.state.document()[1]) for web in (empty, full)]


def test_the_schema_of_the_state_is_complete(tmp_path: Path) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
    for document in documents(tmp_path):
        jsonschema_rs.validate(state_schema(), document)
        assert state_schema()["properties"].keys() == document.keys()
        assert state_schema()["properties"]["view"]["properties"].keys() == document["view"].keys()
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(state_schema(), {**document, "view": {**document["view"], "more": 1}})


def test_the_examples_of_v2h_toml_are_good(tmp_path: Path) -> None:
    card = tmp_path / "v2h.toml"
    examples = re.findall(r"```toml\n(.*?)```", NEIGHBOURS, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        for text in (example, re.sub(r"^# (?=\w+ =)", "", example, flags=re.MULTILINE)):
            card.write_text(text)
            config = load([card])
            assert config.errors == () and config.gateway.is_on


def test_each_yaml_for_evcc_is_named() -> None:
    assert set(re.findall(r"\(evcc/([\w-]+\.yaml)\)", NEIGHBOURS)) == {p.name for p in (ROOT / "docs/evcc").iterdir()}
