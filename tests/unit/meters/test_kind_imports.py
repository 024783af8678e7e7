"""What the meter program imports for each kind, in a fresh interpreter."""

import json
import subprocess
import sys

import pytest

CONFIGS: dict[str, dict[str, object]] = {
    "stpm3x": {},
    "modbus": {"host": "127.0.0.1", "port": 1},
    "mqtt": {"host": "127.0.0.1", "port": 1, "topic": "x"},
    "http": {"url": "http://127.0.0.1:1", "path": "x"},
    "sma": {"interface": "127.0.0.1"},
}
HEAVY = {"modbus": "pymodbus", "stpm3x": "v2h.drivers.stpm3x"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONFIGS)
def test_code_of_a_kind_is_imported_only_when_it_is_configured(kind: str) -> None:
    """The imports of the meter program as it starts with only this kind, in a fresh interpreter."""
    program = f"""
import json, sys, time, v2h.programs.meter
from v2h.config.site import Hardware
from v2h.config.meter_kinds import KINDS
from v2h.meters import open_meter
from v2h.ports.url import PortUrlError
before = set(sys.modules)
try:
    source = open_meter(KINDS[{kind!r}](**{CONFIGS[kind]!r}), Hardware(stpm3x="rig:/nowhere/stpm3x"))
    for _ in range(1000):
        source.read(0.0)
        time.sleep(0.01)
except OSError as error:
    pass
print(json.dumps([sorted(before), sorted(sys.modules)]))
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    before, after = (set(names) for names in json.loads(shown))
    sources = {f"v2h.meters.{name}" for name in CONFIGS}
    assert before & (sources | set(HEAVY.values())) == set(), "nothing of a kind before one is opened"
    assert after & sources == {f"v2h.meters.{kind}"}
    assert {name for name, module in HEAVY.items() if module in after} - {kind} == set()
    assert kind not in HEAVY or HEAVY[kind] in after
