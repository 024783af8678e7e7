"""Random documents for every door of the owner: legal ones, up to every limit, and hostile ones, spoilt by what broke
programs. `python -m tests.support.documents --help` runs as many as you like.

A door takes a document and returns nothing; whatever it raises is a dead program.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.fullschedule import DAYS, clock, full
from tests.support.restarts import BEGIN, STEP_S, Restarts
from tests.support.webapp import JSON, WebApp
from v2h.bus.messages import MOST_MESSAGE_B, ManagerSettings, MeterReading, Reply
from v2h.bus.states import MODES
from v2h.checks import check_texts
from v2h.config import site
from v2h.config.meter_kinds import RegisterTable
from v2h.config.presets import SHIPPED, find
from v2h.config.site import Limits
from v2h.energy.owner_settings import TABLE, defaults
from v2h.meters import MeterError
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.modbus import RegisterCache
from v2h.web.commands import COMMANDS, BadCommandError, check

HUGE = 10**400
MOMENTS = (
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01", "24:00", "24:00:01", "-1:00",
)  # fmt: skip
ENDS_OF_THE_CALENDAR = (
    ("9999-12-31T00:00", "9999-12-31T23:59:59.999999"),
    ("0001-01-01T00:00", "0001-01-01T01:00"),
    ("9999-12-31T09:00:00-14:00", "9999-12-31T09:59:59-14:00"),
)
"""One-offs whose sums and local times have no date: the two values are hostile only together."""
HOSTILE: tuple[Any, ...] = (
    *MOMENTS,
    HUGE, -HUGE, 2**63, 1e300, -1e300, 5e-324, -0.0, float("nan"), float("inf"), True, False, None, "", "\0", "\ud800x",
    "x\udfff", "é" * 41, "9" * 5000, "x" * 60_000, "\u202e", "\n", [], {}, [None] * 60, {"": {}}, [[[[[]]]]],
    "discharge", "daily", "UTC", "../../etc/passwd", "Europe/Londn",
    *({"start": start, "end": end, "mode": "idle"} for start, end in ENDS_OF_THE_CALENDAR),
)  # fmt: skip
"""Values that broke something, and their neighbours."""
RAW: tuple[bytes, ...] = (
    b"", b"\0", b"{", b"[]", b"null", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}",
    b'{"id":"\\ud800","source":"x","values":{}}',
    b"[" * 50_000, b'{"a":' * 20_000, b"9" * 5000, b'{"id":' + b"9" * 5000 + b"}", b"1e999", b"NaN", b"-Infinity",
)  # fmt: skip
BOUNDING = ("soc_", "reserve_", "max_")
"""Settings that bound what later orders may say."""
PRESETS = {path.stem: None for path in SHIPPED.glob("*.toml")}


class Legal:
    """Makes documents that must be accepted."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def command(self) -> tuple[str, dict[str, Any]]:
        return self.chance.choice((self.mode, self.slot, self.settings, self.schedule, self.schedule))()

    def mode(self) -> tuple[str, dict[str, Any]]:
        mode = self.chance.choice(MODES)
        values: dict[str, Any] = {"mode": mode}
        if mode in ("charge", "discharge"):
            soc_pct = self.chance.uniform(61, 90) if mode == "charge" else self.chance.uniform(30, 59)  # the car has 60
            values |= self._some({"amps": self.chance.uniform(1, 15), "soc_limit_pct": soc_pct})
        return "mode", values

    def slot(self) -> tuple[str, dict[str, Any]]:
        kind = self.chance.choice(("charge", "hold", "none"))
        if kind == "none":
            return "slot", {"slot": kind}
        until = (BEGIN + timedelta(days=6)).isoformat()
        return "slot", {"slot": kind, "until": until, **({"amps": 5} if kind == "charge" else {})}

    def settings(self) -> tuple[str, dict[str, Any]]:
        chosen: dict[str, Any] = {}
        for key, row in self._some(TABLE).items():
            if row.range is not None and not key.startswith(BOUNDING):
                allowed = row.range(Limits())
                chosen[key] = self.chance.choice(
                    (allowed.low, allowed.high, self.chance.uniform(allowed.low, allowed.high))
                )
        zone = self.chance.choice(("UTC", "Europe/London", "Pacific/Kiritimati", "America/St_Johns"))
        return "settings", chosen | self._some({"time_zone": zone, "currency": "EUR"})

    def schedule(self) -> tuple[str, dict[str, Any]]:
        chance, slots = self.chance, self.chance.choice((0, 1, 24, 48, 50))
        minutes = 1440 // max(slots, 1)
        document: dict[str, Any] = {"version": 1, "otherwise": chance.choice(("idle", "v2h", "solar"))}
        document["prices"] = [
            {"start": clock(n * minutes), "end": clock((n + 1) * minutes), "import_price": chance.uniform(-10, 10)}
            for n in range(slots)
        ]
        document["weekly"] = [
            {"days": chance.sample(DAYS, chance.randint(1, 7)), **self._window(), "mode": "charge", **self._name()}
            for _ in range(chance.choice((0, 1, 7, 50)))
        ]
        document["ready_by"] = [
            {"days": "daily", "time": clock(chance.randrange(1440)), "soc_pct": chance.uniform(30, 90), **self._name()}
            for _ in range(chance.choice((0, 1, 14)))
        ]
        first = BEGIN.replace(tzinfo=None) + timedelta(days=chance.choice((-9000, -1, 0, 2, 300, 9000)))
        document["overrides"] = [
            {
                "start": (first + timedelta(hours=n)).isoformat(),
                "end": (first + timedelta(hours=n, minutes=chance.randint(1, 40_000))).isoformat(),
                "mode": chance.choice(MODES),
            }
            for n in range(chance.choice((0, 1, 50)))
        ]
        return "schedule", {"schedule": document}

    def backup(self) -> dict[str, Any]:
        """A document for the restore door."""
        return {"v2h_backup": 1, "settings": self.settings()[1], **self.schedule()[1]}

    def _window(self) -> dict[str, str]:
        start, length = self.chance.randrange(1440), self.chance.randrange(1, 1440)
        return {"start": clock(start), "end": clock((start + length) % 1440)}

    def _name(self) -> dict[str, str]:
        return self._some({"name": self.chance.choice(("night", "é" * 40, "🔌", "<b>"))})

    def _some(self, values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if self.chance.random() < 0.7}


WHOLE: dict[str, dict[str, Any]] = {
    "mode": {"mode": "charge", "amps": 6, "soc_limit_pct": 60, "until": (BEGIN + timedelta(days=6)).isoformat()},
    "slot": {"slot": "charge", "amps": 6, "soc_limit_pct": 60, "until": (BEGIN + timedelta(days=6)).isoformat()},
    "settings": defaults(Limits(), "UTC").as_json(),
    "clock": {"at": BEGIN.isoformat()},
    "schedule": {
        "schedule": {
            "version": 1, "zone": "UTC", "otherwise": "v2h",
            "weekly": [{"name": "n", "days": ["mon"], "start": "01:00", "end": "02:00", "mode": "charge", "amps": 6,
                        "soc_limit_pct": 60}],
            "ready_by": [{"name": "n", "days": "daily", "time": "07:00", "soc_pct": 60, "amps": 6}],
            "overrides": [{"name": "n", "start": "2026-12-24T18:00", "end": "2026-12-25T18:00", "mode": "discharge",
                           "amps": 6, "soc_limit_pct": 60}],
            "prices": [{"name": "n", "days": "daily", "start": "01:00", "end": "02:00", "import_price": 0.1,
                        "export_price": 0.1}],
        }
    },
}  # fmt: skip
"""Every field of every command that has fields, once."""


def every_field(value: Any) -> Iterator[Any]:
    """Yield the document with each hostile value in the place of each of its parts."""
    yield from HOSTILE
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for part in every_field(value[key]):
            copy = value.copy()
            copy[key] = part
            yield copy


def spoilt(chance: random.Random, value: Any) -> Any:
    """The document with a hostile value, key or length somewhere."""
    if isinstance(value, dict) and value and chance.random() < 0.95:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {**value, str(chance.choice(HOSTILE))[:50]: chance.choice(HOSTILE)}
        return {**value, key: spoilt(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.95:
        n = chance.randrange(len(value))
        return [*value[:n], spoilt(chance, value[n]), *value[n + 1 :] * chance.choice((1, 1, 3))]
    if isinstance(value, str) and chance.random() < 0.5:
        return chance.choice(MOMENTS)
    return chance.choice(HOSTILE)


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
        assert all(site.load([path]).errors), "sentences"


TOML = (
    "9" * 400, "9" * 5000, "1e300", "nan", "inf", "-inf", "true", '""', '"\\u0000"', '"\ud800"', "[" * 3000,
    "{a=" * 3000,
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "24:00:00", '"' + "x" * 60_000 + '"', "[[1],[2]]",
    "{a={b=1}}", '"http://["', '"tcp://a:99999999999"', '"\\u202e"', "'../../etc/passwd'", "0x" + "f" * 400, "{}", "[]",
)  # fmt: skip


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


RESTART_EVERY = 25
MOST_SLICES = 1000
"""manager answers a schedule when it has computed the preview, slice by slice."""


def run_every_field(folder: Path, patch: pytest.MonkeyPatch) -> int:
    """Return how many documents were sent. Raises what killed a program."""
    house, count = House(folder, patch), 0
    for name, whole in WHOLE.items():
        for document in every_field(whole):
            count += 1
            if isinstance(document, dict):
                house.spoilt_field(name, document)
            else:
                house.send(name, document)
            if count % RESTART_EVERY == 0:
                house.restart()
    return count


def run(folder: Path, patch: pytest.MonkeyPatch, seed: int, legal: int, hostile: int) -> None:
    """Raises what killed a program, after a line that repeats it."""
    house = House(folder, patch)
    doors: list[Callable[[random.Random], None]] = [
        house.command,
        house.command,
        house.spoilt_restore,
        house.meter,
        house.registers,
        house.toml,
    ]
    for n in range(legal + hostile):
        chance = random.Random(f"{seed} {n}")
        door = chance.choice((house.legal, house.api, house.restore) if n < legal else doors)
        try:
            door(chance)
            if n % RESTART_EVERY == 0:
                house.restart()
        except BaseException:
            print(f"document {n} of seed {seed} ({door.__name__})")
            raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legal", type=int, default=20_000)
    parser.add_argument("--hostile", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        run(Path(folder), patch, chosen.seed, chosen.legal, chosen.hostile)
    print(f"{chosen.legal} legal, {chosen.hostile} hostile in {time.monotonic() - begin:.0f} s: all programs live")


if __name__ == "__main__":
    main()
