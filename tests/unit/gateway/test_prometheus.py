"""The figures for Prometheus: names, types and units by its rules, and its own promtool where this machine has it."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.gatewayhouse import house
from tests.support.messages import manager
from v2h.bus.messages import MeterStatus
from v2h.bus.sentences import say
from v2h.gateway.house import House
from v2h.gateway.prometheus import Counted, Metric, exposition, metrics

UNITS = ("watts", "ratio", "joules", "volts", "amperes", "celsius", "seconds", "bytes")
UNITLESS = ("active", "limited", "up", "info", "faults")
BOUNDED = {"direction", "source", "sensor", "reason", "code", "program", "mode", "state", "version"}
LINE = re.compile(r'([a-z0-9_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\})? (-?[0-9.e+-]+|inf|nan)')
COUNTED = Counted({"weld": 2}, {"charger": True, "web": False}, 4096)
PROMTOOL = Path(shutil.which("promtool") or Path(__file__).resolve().parents[3] / "build/tools/promtool")


def full() -> House:
    made = house(faults=["weld"])
    made.manager = manager(
        tracking={"mean_w": 12.0}, why=say("with_more", said=say("matching.held_by", by="evcc"), more=["x"])
    )
    made.meters["grid"] = MeterStatus(0.0, "good", "", "STPM3x", 0.1, 0.06, True)
    return made


def text() -> str:
    return exposition(metrics(full(), COUNTED, time.monotonic()))


def test_every_line_reads_as_a_sample_below_its_help_and_type() -> None:
    seen: set[str] = set()
    described = ""
    for line in text().splitlines():
        if line.startswith("# HELP "):
            described = line.split()[2]
            assert described not in seen and len(line.split()) > 5, "each name is described once, in words"
            seen.add(described)
        elif line.startswith("# TYPE "):
            assert line.split()[2:] == [described, line.split()[3]] and line.split()[3] in ("gauge", "counter")
        else:
            found = LINE.fullmatch(line)
            assert found is not None, line
            assert found[1] == described and set(re.findall(r'([a-z]+)="', found[2] or "")) <= BOUNDED
    assert len(seen) == 19


def test_names_types_and_units() -> None:
    for metric in metrics(full(), COUNTED, time.monotonic()):
        words = metric.name.split("_")
        assert words[0] == "v2h" and re.fullmatch(r"[a-z0-9_]+", metric.name)
        assert (words[-1] == "total") is (metric.kind == "counter"), metric.name
        unit = words[-2] if words[-1] == "total" else words[-1]
        assert unit in UNITS + UNITLESS, metric.name
        assert not {"kilo", "percent", "kwh"} & set(words)
        assert metric.about.endswith(".")
        assert all(value >= 0 for _, value in metric.samples) or metric.kind == "gauge"


def test_values_and_base_units() -> None:
    lines = text().splitlines()
    for line in (
        "v2h_grid_power_watts 4215.0",
        "v2h_ev_power_watts 3807.0",
        "v2h_ev_soc_ratio 0.62",
        'v2h_energy_joules_total{direction="charge"} 44442000.0',
        'v2h_control_limited{reason="hold"} 1.0',
        'v2h_control_limited{reason="car_full"} 0.0',
        'v2h_faults_total{code="weld"} 2.0',
        'v2h_program_up{program="web"} 0.0',
        'v2h_build_info{version="1.0"} 1.0',
    ):
        assert line in lines


def test_what_nobody_knows_has_no_line() -> None:
    silent = exposition(metrics(House(version="1.0"), Counted({}, {}), 1000.0))
    assert [line for line in silent.splitlines() if not line.startswith("#")] == ['v2h_build_info{version="1.0"} 1.0']


def test_a_label_cannot_break_its_line() -> None:
    made = exposition([Metric("v2h_x_info", "gauge", "X.", [({"code": 'a"b\\c\nd'}, 1.0)])])
    assert made.splitlines()[-1] == r'v2h_x_info{code="a\"b\\c\nd"} 1.0'


@pytest.mark.skipif(not PROMTOOL.is_file(), reason="there is no promtool; scripts/get-promtool gets it")
def test_promtool_accepts_them() -> None:
    judged = subprocess.run([PROMTOOL, "check", "metrics"], input=text(), text=True, capture_output=True, timeout=60)
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")
