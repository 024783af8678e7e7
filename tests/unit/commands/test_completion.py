"""`v2h completion`: what a real bash offers at the Tab key."""

import shlex
import subprocess
from pathlib import Path

import pytest

from v2h.cli import main
from v2h.commands.table import COMMANDS

ASK = """
COMP_WORDS=({words}) COMP_CWORD={last}
_v2h
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "v2h"
    with pytest.MonkeyPatch.context() as patch, path.open("w") as file:
        patch.setattr("sys.stdout", file)
        assert main(["completion", "bash"]) == 0
    return path


def offered(script: Path, *words: str) -> list[str]:
    """What bash offers for the last one of the words after `v2h`."""
    line = ASK.format(words=shlex.join(["v2h", *words]), last=len(words))
    asked = ["bash", "--norc", "-c", f"set -u; source {script}; {line}"]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=10)
    assert said.stderr == ""
    return said.stdout.split()


def test_every_command_is_offered(script: Path) -> None:
    assert offered(script, "") == [command.name for command in COMMANDS]
    assert offered(script, "sta") == ["status"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mode", "ch"], ["charge"]),
        (["slot", "h"], ["hold"]),
        (["slot", "charge", "--s"], ["--soc-limit"]),
        (["mode", "--amps", "10", "dis"], ["discharge"]),
        (["mode", "charge", ""], []),
        (["mode", "charge", "--a"], ["--amps"]),
        (["mode", "--amps", ""], []),
        (["log", "--level", ""], ["info", "warning", "fault"]),
        (["log", "--level", "f"], ["fault"]),
        (["meter", "c"], ["calibrate"]),
        (["meter", "calibrate", ""], ["grid", "charger", "solar"]),
        (["meter", "calibrate", "grid", "--v"], ["--volts"]),
        (["schedule", "im"], ["import"]),
        (["schedule", "import", "w"], []),  # bash completes file names then
        (["fly", ""], [command.name for command in COMMANDS]),
    ],
)
def test_what_may_come_next_is_offered(script: Path, words: list[str], expected: list[str]) -> None:
    assert offered(script, *words) == expected


def test_zsh_reads_the_same_script(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out == "autoload -U +X bashcompinit && bashcompinit\n" + script.read_text()
