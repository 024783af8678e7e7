"""The doors that take an owner's documents: bus, API, restore, meters and v2h.toml.

A door takes a document and returns nothing; whatever it raises is a dead program.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.fullschedule import full
from tests.support.hostile_documents import HOSTILE, RAW, TOML, spoilt
from tests.support.legal_documents import WHOLE, Legal
from tests.support.restarts import STEP_S, Restarts
from tests.support.webapp import JSON, WebApp
from v2h.bus.messages import MOST_MESSAGE_B, ManagerSettings, MeterReading, Reply
from v2h.checks import check_texts
from v2h.config.loading import load
from v2h.config.meter_kinds import RegisterTable
from v2h.config.presets import SHIPPED, find
from v2h.meters import MeterError
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.modbus import RegisterCache
from v2h.web.commands import COMMANDS, BadCommandError, check

PRESETS = {path.stem: None for path in SHIPPED.glob("*.toml")}
MOST_SLICES = 1000
"""manager answers a schedule when it has computed the preview, slice by slice."""


class HouseOnWeb(WebApp):
    """The page's application; its commands reach the house."""

    def __init__(self, folder: Path, house: "House") -> None:
        super().__init__(folder)
        self._house = house

    def send(self, name: str, values: Any) -> Reply | None:
        return self._house.send(name, values)


class House:
    """`manager` behind the bus and behind the API; it must live, and answer."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.world, self._folder, self._count = Restarts(folder, patch), folder, 0
        self.web = HouseOnWeb(folder, self)
        self._app = self.web.make().test_client()
        self._token = self.web.token() | JSON
        self.settings = WHOLE["settings"]

    def send(self, name: str, values: Any) -> Reply | None:
        """Send a command on the bus, as any program may; returns the reply."""
        self._count += 1
        payload = json.dumps({"id": f"d{self._count}", "source": "test", "values": values}).encode()
        return self.send_raw(name, payload, f"d{self._count}")

    def send_raw(self, name: str, payload: bytes, key: str = "") -> Reply | None:
        program = self.world.program
        assert program is not None
        self.world.forget_published()
        heard = program.hear_raw(f"v2h/command/{name}", payload)
        reply = self._reply(key)
        for _ in range(MOST_SLICES if key and heard else 0):
            if reply is not None:
                break
            self.world.settled_w(STEP_S)
            reply = self._reply(key)
        if reply is None or reply.ok:
            self.world.settled_w(1)
        for _, message in program.published:
            assert len(message.to_json()) <= MOST_MESSAGE_B, "the broker would disconnect manager"
        return reply

    def _reply(self, key: str) -> Reply | None:
        assert self.world.program is not None
        replies = (message for _, message in self.world.program.published if isinstance(message, Reply))
        return next((reply for reply in replies if reply.id == key), None)

    def restart(self) -> None:
        """What it has stored does not stop its start."""
        self.world.kill()
        self.world.start()
        self.world.settled_w(2)

    def post(self, path: str, document: Any) -> int:
        """Send a document to the API, as a program with a token may; the answer has a sentence. Returns its status."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.web.state.put_settings(ManagerSettings(self.world.now, self.settings))
        answer = self._app.post(f"/api/v1/{path}", data=body, headers=self._token)
        assert answer.status_code in (200, 400, 409, 413), (path, answer.status_code, answer.get_data()[:200])
        said = answer.get_json()
        assert said["text"] if said["ok"] else said["error"], "a sentence"
        return answer.status_code

    # The doors

    def api(self, chance: random.Random) -> None:
        """A command through the API."""
        name, values = Legal(chance).command()
        assert self.post(f"command/{name}", values) == 200, (name, values)

    def restore(self, chance: random.Random) -> None:
        assert self.post("restore", Legal(chance).backup()) == 200

    def spoilt_restore(self, chance: random.Random) -> None:
        if chance.random() < 0.1:
            self.post("restore", chance.choice(RAW))
            return
        backup: Any = Legal(chance).backup()
        if chance.random() < 0.3:
            backup[chance.choice(list(backup))] = chance.choice(HOSTILE)
        for _ in range(chance.randint(0, 3)):
            backup = spoilt(chance, backup)
        self.post("restore", backup)

    def legal(self, chance: random.Random) -> None:
        name, values = Legal(chance).command()
        check(name, values)
        reply = self.send(name, values)
        assert reply is not None, (name, values)
        assert reply.ok, reply.text

    def spoilt_field(self, name: str, values: dict[str, Any]) -> None:
        """A command with one hostile value, through the API and past it."""
        try:
            check(name, values)
        except BadCommandError as error:
            assert str(error), "a sentence"
        reply = self.send(name, values)
        assert reply is not None or not _carried(values), (name, values)
        assert reply is None or reply.text, "a sentence"

    def command(self, chance: random.Random) -> None:
        if chance.random() < 0.1:
            self.send_raw(chance.choice((*COMMANDS, "stop")), chance.choice(RAW))
            return
        name, values = Legal(chance).command()
        if chance.random() < 0.05:
            name, values = "schedule", {"schedule": full("🔌" * chance.randint(0, 40))}
        for _ in range(chance.randint(0, 6)):
            values = spoilt(chance, values)
        if isinstance(values, dict):
            try:
                check(name, values)
            except BadCommandError as error:
                assert str(error), "a sentence"
        reply = self.send(name, values)
        assert reply is None or reply.text, "a sentence"
        if isinstance(values, dict) and _carried(values):
            assert reply is not None, (name, values)

    def meter(self, chance: random.Random) -> None:
        """A meter's answer becomes a measurement that manager bears, or a MeterError."""
        layout = find(*_kind_of(chance.choice(sorted(PRESETS)))).layout
        document: Any = {}
        for path in (*layout.power, *layout.phases, *layout.voltage, *layout.import_energy):
            document = _put(document, path.split("."), chance.choice(HOSTILE) if chance.random() < 0.5 else 230.5)
        payload = chance.choice(RAW) if chance.random() < 0.1 else json.dumps(document).encode()
        try:
            found = measurement(parse(payload), layout, 1.0)
        except MeterError as error:
            assert str(error), "a sentence"
            return
        self._read(found.power_w)

    def registers(self, chance: random.Random) -> None:
        table = RegisterTable(power="0x00", format=chance.choice(("float32", "float64", "int32", "uint16")))
        cache = RegisterCache(table)
        for block in cache.power_blocks:
            cache.put(
                block, [chance.choice((0, 1, 0x7F7F, 0x7F80, 0x7FC0, 0x8000, 0xFFFF)) for _ in range(block.count)]
            )
        try:
            found = cache.measurement(1.0)
        except MeterError as error:
            assert str(error), "a sentence"
            return
        self._read(found.power_w)

    def _read(self, power_w: float) -> None:
        assert self.world.program is not None
        self.world.program.hear(MeterReading(self.world.now, power_w, 0.5, 0.0, "test"), "grid")
        self.world.settled_w(1)

    def toml(self, chance: random.Random) -> None:
        """A file of the site is read, or its mistakes are told."""
        path = self._folder / "v2h.toml"
        keys = ("site.timezone", "limits.max_charge_a", "limits.soc_min_pct", "car.pack_kwh", "hardware.stpm3x",
                "web.reading", "web.password", "meter.grid.url", "meter.grid.kind", "meter.grid.preset",
                "meter.grid.fallback", "adc.x", "meter", "limits", "x")  # fmt: skip
        lines = [f"{key} = {chance.choice(TOML)}\n" for key in chance.sample(keys, chance.randint(1, 3))]
        path.write_bytes("".join(lines).encode(errors="surrogatepass"))
        assert all(load([path]).errors), "sentences"


def _carried(values: dict[str, Any]) -> bool:
    """Whether the bus carries these values; the API refuses others in words."""
    try:
        check_texts(values)
    except ValueError as error:
        assert str(error), "a sentence"
        return False
    return len(json.dumps(values)) < MOST_MESSAGE_B - 100


def _kind_of(preset: str) -> tuple[str, str, tuple[()]]:
    kind = next(line for line in (SHIPPED / f"{preset}.toml").read_text().splitlines() if line.startswith("kind"))
    return kind.split('"')[1], preset, ()


def _put(document: Any, steps: list[str], value: Any) -> Any:
    """The document with the value at the path; a step that is a number or * makes a list."""
    if not steps or steps == [""]:
        return value
    step, *rest = steps
    if step == "*" or step.isdigit():
        return [_put({}, rest, value)] * 3
    inner = document.get(step, {}) if isinstance(document, dict) else {}
    return {**(document if isinstance(document, dict) else {}), step: _put(inner, rest, value)}
