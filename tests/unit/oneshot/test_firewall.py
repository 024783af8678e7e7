"""The firewall's table: which doors are open for which configuration. tests/image/test_guest.py has it loaded."""

import re
from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.oneshot.firewall import DOORS, Needs, has_key, rules

ROOT = Path(__file__).resolve().parents[3]
CCS = '[ccs]\ninsulation_monitor = "serial:/dev/v2h-imd?unit=3"\n'
ALWAYS = {"tcp 80", "udp 5353", "udp 68", "udp 546"}


def opened(folder: Path, toml: str = "", *, key: bool = False) -> set[str]:
    (folder / "v2h.toml").write_text(toml)
    config = load([folder / "v2h.toml"])
    assert config.errors == ()
    return {" ".join(found) for found in re.findall(r"(tcp|udp) dport (\d+) accept", rules(Needs(config, key)))}


@pytest.mark.parametrize(
    ("toml", "key", "doors"),
    [
        ("", False, ALWAYS),
        ("", True, ALWAYS | {"tcp 22"}),
        (CCS, False, ALWAYS | {"udp 15118", "tcp 61851"}),
        ('[web]\nlisten = "[::]:8080"', False, ALWAYS - {"tcp 80"} | {"tcp 8080"}),
        ('[web]\nlisten = "127.0.0.1:80"', False, ALWAYS - {"tcp 80"}),
        ('[meter.grid]\nkind = "sma"', False, ALWAYS | {"udp 9522"}),
        ('[gateway.websocket]\nlisten = "0.0.0.0:5555"', False, ALWAYS | {"tcp 5555"}),
        ('[gateway.websocket]\nlisten = "127.0.0.1:5555"', False, ALWAYS),
        ('[meter.grid]\nkind = "stpm3x"\n[meter.grid.fallback]\nkind = "sma"', False, ALWAYS | {"udp 9522"}),
    ],
)
def test_a_door_is_open_while_the_configuration_needs_it(tmp_path: Path, toml: str, key: bool, doors: set[str]) -> None:
    assert opened(tmp_path, toml, key=key) == doors


def test_everything_else_is_dropped_and_the_old_rules_go_in_the_same_step(tmp_path: Path) -> None:
    text = rules(Needs(load([tmp_path / "none"]), has_key=False))
    assert text.count("policy drop;") == 2
    assert text.startswith("table inet v2h\ndelete table inet v2h\ntable inet v2h {\n")


def test_a_car_reaches_its_own_doors_and_nothing_else(tmp_path: Path) -> None:
    """tests/tree/test_plc.py has the kernel apply these rows."""
    (tmp_path / "v2h.toml").write_text(CCS)
    lines = rules(Needs(load([tmp_path / "v2h.toml"]), has_key=True)).splitlines()
    drop = lines.index('\t\tiifname "plc0" drop')
    before = [line for line in lines[:drop] if "dport" in line]
    assert len(before) == 2 and all('iifname "plc0" ip6 saddr fe80::/10' in line for line in before)
    for later in ("dport 80", "dport 22", "established", "ipv6-icmp"):
        assert any(later in line for line in lines[drop:]) and not any(later in line for line in lines[:drop])


@pytest.mark.parametrize("toml", ["", "[ccs]\n", '[ccs]\ninsulation_monitor = "none"\n'])
def test_without_a_good_table_ccs_the_modems_side_reaches_nothing(tmp_path: Path, toml: str) -> None:
    (tmp_path / "v2h.toml").write_text(toml)
    lines = rules(Needs(load([tmp_path / "v2h.toml"]), has_key=True)).splitlines()
    assert [line for line in lines if "plc0" in line] == ['\t\tiifname "plc0" drop']
    assert lines.index('\t\tiifname "plc0" drop') == lines.index('\t\tiifname "lo" accept') + 1


@pytest.mark.parametrize(
    ("text", "found"), [("", False), ("# a comment\r\n  \r\n", False), ("# mine\nssh-ed25519 AAAA me\n", True)]
)
def test_ssh_has_a_door_only_with_a_key(tmp_path: Path, text: str, found: bool) -> None:
    path = tmp_path / "authorized_keys"
    assert has_key(path) is False
    path.write_text(text)
    assert has_key(path) is found


def test_readme_lists_every_door(tmp_path: Path) -> None:
    rows = re.findall(r"^\| (TCP|UDP) (\d+) \| `([\w-]+)` \| ([^|;]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    listen = '[gateway.websocket]\nlisten = "0.0.0.0:5555"\n'
    (tmp_path / "v2h.toml").write_text(f'[meter.grid]\nkind = "sma"\n{listen}{CCS}')
    needs = Needs(load([tmp_path / "v2h.toml"]), has_key=True)
    told = [(door.protocol.upper(), str(door.port(needs)), door.program, door.what) for door in DOORS]
    assert [(protocol, port, program, what.strip()) for protocol, port, program, what in rows] == told
