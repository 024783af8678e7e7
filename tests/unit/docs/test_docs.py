"""The pages against the project: links, commands, options, tables and faults must be true."""

import argparse
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

import pytest

from tests.support.markdown import ROOT, anchors, blocks, commands, links, pages, spans
from v2h.bus.faults import FAULTS
from v2h.commands.table import COMMANDS, parser_for

PAGES = pages()
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
MADE = ("docs/reference.md", "docs/api.md")
FOREIGN = {"curl", "candump", "head", "less", "export", "journalctl", "mkdir", "openssl", "sha256sum", "ssh-keygen"}
"""Programs of others that a page may name."""
RUN_ON_PC = {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": "app:."}


# Links.


def dead_links(page: Path, text: str) -> Iterator[str]:
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            yield f"{link}: no such file"
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link}: no such heading"


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_and_anchor_leads_somewhere(name: str) -> None:
    assert list(dead_links(ROOT / name, TEXTS[name])) == []


def test_dead_links_are_found() -> None:
    text = "[a](docs/nowhere.md) [b](docs/SAFETY.md#nothing) [c](docs/SAFETY.md#hazards) [d](https://x.org/y)"
    found = [link.split(":")[0] for link in dead_links(ROOT / "README.md", text)]
    assert found == ["docs/nowhere.md", "docs/SAFETY.md#nothing"]


# Commands and their options.


@cache
def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def wrong_make(words: list[str]) -> str:
    for word in words:
        variable, equals, _ = word.partition("=")
        if equals:
            if f"$({variable})" not in makefile() and f"$(or $({variable})" not in makefile():
                return f"the Makefile knows no {variable}"
        elif not re.search(rf"^{re.escape(word)}:", makefile(), re.MULTILINE):
            return f"no target {word}"
    return ""


@cache
def parser_of(command: str) -> argparse.ArgumentParser:
    return choices(parser_for([command]))[command]


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def wrong_v2h(words: list[str]) -> str:
    if not words or words[0] in ("--help", "--version"):
        return ""
    if words[0] not in {command.name for command in COMMANDS}:
        return f"v2h has no command {words[0]}"
    parser = parser_of(words[0])
    for word in words[1:]:
        parser = choices(parser).get(word, parser)
        if word.startswith("--") and word.partition("=")[0] not in parser._option_string_actions:
            return f"v2h {words[0]} has no option {word}"
    return ""


@cache
def help_of(script: str) -> str:
    done = subprocess.run([ROOT / script, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else ""


def wrong_script(script: str, words: list[str]) -> str:
    if not os.access(ROOT / script, os.X_OK):
        return f"no program {script}"
    if not help_of(script):
        return f"{script} --help fails"
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    unknown = [option for option in options if option != "--help" and option not in help_of(script)]
    return f"{script} has no option {unknown[0]}" if unknown else ""


def wrong_tool(tool: str, words: list[str], made: Set[str]) -> str:
    """Checks a program of .venv: it exists, and so do our files among its arguments."""
    if not (ROOT / tool).exists():
        return f"no program {tool}"
    paths = [word for word in words if re.match(r"(app|tests|docs|image|scripts)/", word)]
    gone = [path for path in paths if not (ROOT / path).exists() and path not in made]
    return f"no file {gone[0]}" if gone else ""


def wrong(line: str, made: Set[str] = frozenset()) -> str:
    """The error in one line for a shell, or "". made: files that the page itself makes."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.commenters, lexer.whitespace_split = "#", True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if word and set(word) <= set("|&;"):
            if command and (found := wrong_command(command, made)):
                return found
            command = []
        elif not (not command and (word == "sudo" or re.match(r"[A-Z_0-9]+=", word))):
            command.append(word)
    return ""


def wrong_command(command: list[str], made: Set[str]) -> str:
    program, *words = command
    if program == "make":
        return wrong_make(words)
    if program in ("v2h", ".venv/bin/v2h"):
        return wrong_v2h(words)
    if program in ("python", "python3") and words[:1] == ["-m"]:
        return "" if importlib.util.find_spec(words[1]) else f"no module {words[1]}"
    if program.startswith(".venv/"):
        return wrong_tool(program, words, made)
    if "/" in program and not program.startswith("/"):
        return wrong_script(program, words)
    return "" if program in FOREIGN else f"unknown program {program}"


def named_commands(text: str) -> Iterator[str]:
    """Commands in running text: code that begins with one of our programs and holds more than its name."""
    for span in spans(text):
        if re.match(r"(make|v2h|scripts/[a-z-]+|python -m) ?[a-z-]*\b", span) and "..." not in span and " " in span:
            yield re.sub(r"\[.*?\]|\b[A-Z]{3,}(\.[a-z]+)?$", "", span)


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in MADE])
def test_every_command_and_option_exists(name: str) -> None:
    text = TEXTS[name]
    made = {block.name for block in blocks(text)}
    lines = [*commands(text), *named_commands(text)]
    assert {line: found for line in lines if (found := wrong(line, made))} == {}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("make nothing", "no target nothing"),
        ("sudo make flash DISK=/dev/sdX", "the Makefile knows no DISK"),
        ("sudo make flash DEV=/dev/sdX  # writes it", ""),
        ("v2h charge", "v2h has no command charge"),
        ("V2H_TOKEN=x v2h mode charge --ampere 3", "v2h mode has no option --ampere"),
        ("v2h meter read --json && v2h meter calibrate grid --watts 3", ""),
        ("scripts/nothing", "no program scripts/nothing"),
        ("scripts/demo --page 3", "scripts/demo has no option --page"),
        (".venv/bin/pytest -q tests/unit/nowhere", "no file tests/unit/nowhere"),
        ("v2h decode x | rm -rf y", "unknown program rm"),
        ("python -m v2h.nothing", "no module v2h.nothing"),
    ],
)
def test_the_check_of_commands_can_fail(line: str, found: str) -> None:
    assert wrong(line) == found


RUN = [(name, block.text) for name, text in TEXTS.items() for block in blocks(text) if block[:2] == ("sh", "run")]


@pytest.mark.parametrize(("name", "text"), RUN, ids=[name for name, _ in RUN])
def test_blocks_that_are_marked_run(name: str, text: str) -> None:
    home = ROOT / ".venv" / "bin" / "v2h"
    script = text.replace("v2h ", f"{sys.executable} -m v2h.cli ") if not home.exists() else text
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=RUN_ON_PC, capture_output=True)
    assert done.returncode == 0 and done.stdout, done.stderr.decode()


def test_there_are_blocks_that_run() -> None:
    assert len(RUN) >= 2


OF_THIS_RUN = (
    r"http://localhost:8080|\.\.\.|\.venv/bin/(?:v2h|python|supervisorctl)"
    r"|8080|/tmp/v2h-desk-|/run(?:/log|/supervisor\.sock| )"
)
"""Parts of the demo's lines that are different on each machine."""


def test_the_readme_shows_what_the_demo_prints() -> None:
    printed = (ROOT / "app" / "v2h" / "rig" / "desk.py").read_text(encoding="utf-8")
    shown = next(block.text for block in blocks(TEXTS["README.md"]) if block.text.startswith("The status page is at"))
    for line in shown.splitlines():
        for part in re.split(OF_THIS_RUN, line):
            assert part.strip(" .") in printed


# Names of the code.


@cache
def words_of_the_code() -> set[str]:
    files = [
        path for folder in ("app", "tests", "scripts", "docs", "rootfs-overlay") for path in ROOT.glob(f"{folder}/**/*")
    ]
    kinds = ("", ".py", ".conf", ".toml", ".service", ".rules", ".html", ".js")
    ours = (path for path in files if path.is_file() and path.suffix in kinds and path != Path(__file__))
    texts = (path.read_text(encoding="utf-8") for path in ours)
    return set(re.findall(r"\w+", "\n".join(texts)))


ROOMS = (".ci", ".github", "app", "docs", "dts", "image", "rootfs-overlay", "scripts", "tests")
"""Where the project's own files are. An image build beside the tests makes and removes files in build/."""


@cache
def files() -> list[str]:
    return ["/" + path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).glob("**/*")]


def unknown_names(text: str) -> Iterator[str]:
    """Code in running text that looks like a file or a name of ours, but is neither. A how-to makes some of them
    itself."""
    made = "\n".join(block.name + block.text for block in blocks(text))
    for span in spans(text):
        if re.fullmatch(r"[\w./-]+\.(py|md|toml|html|css|js|yml|svg|rules|conf|csv)(::\w+)?", span):
            path, _, name = span.partition("::")
            known = path in LIVES_ELSEWHERE or any(file.endswith("/" + path) for file in files()) or path in made
            if not known or (name and name not in words_of_the_code()):
                yield span
        elif re.fullmatch(r"\w*[A-Z_]\w*(\(\))?", span) and not re.fullmatch(r"[0-9A-F]+|c[12]|d[12]", span):
            if span.rstrip("()") not in words_of_the_code() and span.rstrip("()") not in made:
                yield span


LIVES_ELSEWHERE = {"settings.json", "schedule.json", "leaf-v2g-charge.csv", "rae_household.csv", "pyproject.toml"} | {
    "nissan-leaf-chademo-start-stop.csv",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
}
"""Files on the board, recordings, and pages at the top."""
OTHERS = {"Unreleased"}
"""Words in code font that are not names of the code."""


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in MADE])
def test_every_name_of_the_code_exists(name: str) -> None:
    assert [span for span in unknown_names(TEXTS[name]) if span not in OTHERS] == []


def test_the_check_of_names_can_fail() -> None:
    good = "`EnergyController`, `energy/controller.py`, `check()`, `REMARKS`, `2107`, `charger`"
    bad = ["Stewart", "energy/stewart.py", "check_all_of_it()", "tests/unit/docs/test_docs.py::test_y", "NO_SUCH_TABLE"]
    assert list(unknown_names(good + " ".join(f"`{name}`" for name in bad))) == bad


# Generated text.


@pytest.mark.parametrize(
    "script", ["scripts/docs-tables", "docs/architecture.py", "docs/installing.py", "docs/ccswiring.py"]
)
def test_what_is_generated_is_up_to_date(script: str) -> None:
    done = subprocess.run([ROOT / script, "--check"], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


# Faults.


@cache
def source_without_the_table() -> str:
    app = ROOT / "app" / "v2h"
    return "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(app.rglob("*.py")) if path != app / "bus" / "faults.py"
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_grep_where_it_is_raised(fault: str) -> None:
    assert f'"{fault}"' in source_without_the_table()
    assert f"| `{fault}` |" in TEXTS["docs/reference.md"]
