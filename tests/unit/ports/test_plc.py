"""The modem's interface: its link-local address, and that nothing else opens packet sockets.

tests/tree/test_plc.py uses the sockets."""

import ast
from pathlib import Path

import pytest

import v2h
from v2h.ports.plc import link_local

TABLE = """00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000001 03 40 00 80     plc0
fe800000000000000000000000000001 02 40 20 80     eth0
fe80000000000000000000fffe005e01 03 40 20 80     plc0
"""
APP = Path(v2h.__file__).parent


def test_the_link_local_address_of_the_interface_is_found(tmp_path: Path) -> None:
    table = tmp_path / "if_inet6"
    table.write_text(TABLE)
    assert link_local("plc0", table).hex() == "fe80000000000000000000fffe005e01"
    with pytest.raises(OSError, match="lo has no link-local IPv6 address; is the interface up"):
        link_local("lo", table)


def test_only_this_port_opens_packet_sockets() -> None:
    def names(path: Path) -> set[str]:
        source = path.read_text(encoding="utf-8")
        nodes = ast.walk(ast.parse(source)) if "AF_PACKET" in source else ()
        return {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    found = {path.relative_to(APP).as_posix() for path in APP.rglob("*.py") if "AF_PACKET" in names(path)}
    assert found == {"ports/plc.py", "runtime/confine.py"}, "the second one is the filter that permits it"
