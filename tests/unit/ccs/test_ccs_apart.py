"""CCS stands apart: which files are there for it alone, and that they need no package beside Python itself.

tests/image/test_ccs_on_card.py weighs these files on the built card.
"""

import subprocess
import sys
from pathlib import Path

from tests.support.ccsfiles import APP, BOTH, ONLY, OVERLAY, module, only_ccs
from tests.support.imports import imports

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_list_names_each_file_that_imports_one_of_ccs() -> None:
    assert all(list(APP.glob(pattern)) for pattern in ONLY)
    names = {module(path) for path in only_ccs()}
    users = {path for path in APP.rglob("*.py") if names & set(imports(path))} - set(only_ccs())
    assert {path.relative_to(APP).as_posix() for path in users} == BOTH


def test_what_only_ccs_needs_imports_the_standard_library_and_the_project_alone() -> None:
    names = {name.partition(".")[0] for path in only_ccs() for name in imports(path)}
    assert "socket" in names
    assert names - sys.stdlib_module_names == {"v2h"}


def test_the_card_has_no_package_for_ccs() -> None:
    """Each line says what its package is for."""
    lines = (REPOSITORY / "image/packages").read_text(encoding="utf-8").lower().splitlines()
    assert len(lines) > 30
    words = ("ccs", "15118", "greenphy", "homeplug", "modem", "plc-", "exi ")
    assert [line for line in lines if any(word in line for word in words)] == []


def test_each_file_of_the_overlay_is_there() -> None:
    assert [path for path in OVERLAY if not (REPOSITORY / "rootfs-overlay" / path[1:]).is_file()] == []


def test_a_chademo_charger_loads_nothing_of_ccs() -> None:
    """Its tables would stay in the memory of the board for nothing."""
    ask = "import sys, v2h.programs.charger; print([name for name in sys.modules if name.startswith('v2h.ccs')])"
    seen = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
