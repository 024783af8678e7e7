"""Install an uploaded update with RAUC, or start the board again, also with the version in the other slot: the only
program that does either for `web`.

systemd starts it on demand for a connection to /run/v2h/update.sock, which only v2h-web may open. So no program that
reads the network may write to a root or restart the board, and without a request no process can. RAUC checks signature,
board and version, writes the other slot and sets the active flag last; it runs as a service of its own at idle priority
(rauc.service). This program says in the owner's words how far it is and how it ended, and empties the upload's folder.

Request, one packet: JSON ["install", NAME], ["restart", ""], ["back", ""] (start the other slot) or ["read", ""] (the
owner has read why the other slot was given up). Answer, one packet: null, which means that it has begun, or the
sentence why not. What follows is in /run/v2h/update/progress.json (v2h.update.progress). When it is killed, the
slot that is written stays bad and the flag where it was.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from v2h import version
from v2h.bus.sentences import Sentence, say, to_json
from v2h.runtime.atomic_file import write_json
from v2h.runtime.paths import UPDATE
from v2h.slots import card, counter, state
from v2h.slots.mbr import other, running_slot
from v2h.slots.state import Slots
from v2h.update import progress
from v2h.update.bundle import Own, check_bundle, read_info, read_own
from v2h.update.pieces import NAME
from v2h.update.progress import Progress
from v2h.update.rauc_words import progress_pct, refusal
from v2h.update.refusals import RefusedError
from v2h.update.shell.door import BACK, INSTALL, PROGRESS, READ, RESTART, reported

RAUC = "/usr/bin/rauc"
SYSTEM_CONF = Path("/etc/rauc/system.conf")
COMMAND_LINE = Path("/proc/cmdline")
Report = Callable[[Progress], None]


def request(packet: bytes) -> tuple[str, str]:
    """The word and the name in a request. Raises RefusedError for anything else: `web` may be in a stranger's hands."""
    try:
        word, name = json.loads(packet)
    except (ValueError, TypeError):
        word, name = None, None
    if word in (RESTART, BACK, READ):
        return str(word), ""
    if word == INSTALL and isinstance(name, str) and NAME.fullmatch(name):
        return word, name
    raise RefusedError(say("update.not_whole"))


def check_ready(bundle: Path, device: int) -> None:
    """device: st_dev of "/". Raises RefusedError when there is no such file, or no single card to install it on."""
    if not bundle.is_file() or bundle.is_symlink():
        raise RefusedError(say("update.not_whole"))
    try:
        card.check_alone(device)
    except card.SecondCardError as error:
        raise RefusedError(say("update.two_cards")) from error
    except card.NoCardError as error:
        raise RefusedError(say("update.no_card")) from error


def check_overwrite(slots: Slots, running: int, own: str) -> None:
    """own: the version that runs in slot `running`. Raises RefusedError when an installation would overwrite the only
    version that is known to run well: the one of before, while the new one is not confirmed yet."""
    here = slots[running]
    if slots[other(running)].proven and not (here.confirmed and here.version == own):
        raise RefusedError(say("update.not_confirmed", version=own))


def check_fallback(environment: Path = counter.ENVIRONMENT) -> None:
    """Raises RefusedError when U-Boot would not go back by itself from a version that does not start: the charger would
    then stay away until somebody writes its card."""
    if not counter.falls_back(environment):
        raise RefusedError(say("slots.no_fallback"))


def check_back(slots: Slots, running: int) -> None:
    """Raises RefusedError unless the other slot holds a version that has been in force."""
    if not slots[other(running)].proven:
        raise RefusedError(say("update.no_way_back"))


def marked_read(slots: Slots, running: int) -> Slots:
    """The slots after the owner has read why the other one was given up."""
    beside = other(running)
    return state.changed(slots, beside, slots[beside]._replace(read=True))


def install(bundle: Path, own: Own, report: Report, rauc: str = RAUC) -> str | None:
    """Let RAUC check and install the bundle. own: what this card takes. Returns its version, or None when it was
    refused; report() has said why. Raises OSError when RAUC cannot be started."""
    report(progress.installing(bundle.name, 0))
    looked = subprocess.run([rauc, "info", "--output-format=json", str(bundle)], capture_output=True, text=True)
    if looked.returncode != 0:
        report(progress.refused(refusal(looked.stderr)))
        return None
    try:
        found = read_info(looked.stdout)
        check_bundle(found, own)
    except RefusedError as error:
        report(progress.refused(error.sentence))
        return None
    command, said = [rauc, "install", str(bundle)], ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said += line
            if (pct := progress_pct(line)) is not None:
                report(progress.installing(bundle.name, pct))
    if running.returncode != 0:
        report(progress.refused(refusal(said)))
        return None
    return found.version


def remember(slots: Slots, running: int, new: str) -> Slots:
    """The slots after version `new` was written into the one that does not run; nobody has confirmed it yet."""
    written = other(running)
    return state.changed(slots, written, slots[written]._replace(version=new, confirmed=False))


@contextmanager
def told(report: Report) -> Iterator[None]:
    """If the body raises an error, the page says that the installation broke off."""
    try:
        yield
    except BaseException:
        report(progress.refused(say("update.broke_off")))
        raise


def write_report(what: Progress) -> None:
    """Let `web` see it."""
    write_json(PROGRESS, progress.as_json(what))


def running_here() -> int:
    """The slot that runs. Raises RefusedError when this system runs from no slot."""
    running = running_slot(COMMAND_LINE.read_text())
    if running is None:
        raise RefusedError(say("update.no_card"))
    return running


def check(word: str, bundle: Path) -> None:
    """Raises RefusedError when what was asked must not be done now."""
    if word == INSTALL:
        check_ready(bundle, Path("/").stat().st_dev)
        check_fallback()
        check_overwrite(state.load(), running_here(), version())
    elif word == RESTART and reported().phase != progress.Phase.INSTALLED:
        raise RefusedError(say("update.nothing_to_start"))
    elif word == BACK:
        check_back(state.load(), running_here())


def carry_out(word: str, bundle: Path, report: Report = write_report) -> int:
    """What was asked, to its end. Returns the exit code."""
    if word == READ:
        state.save(marked_read(state.load(), running_here()))
        return 0
    if word == BACK:
        card.activate(card.disk(Path("/").stat().st_dev), other(running_here()))
    if word in (RESTART, BACK):
        return subprocess.run(["/usr/bin/systemctl", "reboot"]).returncode
    with told(report):
        try:
            new = install(bundle, read_own(SYSTEM_CONF.read_text()), report)
        finally:
            for path in bundle.parent.iterdir():
                path.unlink()
        if new is None:
            return 1
        state.save(remember(state.load(), running_here(), new))
        report(progress.installed(new))
    return 0


def main() -> int:
    with socket.socket(fileno=sys.stdin.fileno()) as door:
        refused: Sentence | None = None
        word, bundle = "", UPDATE
        try:
            word, name = request(door.recv(4096))
            bundle = UPDATE / name
            check(word, bundle)
            if word == INSTALL:
                write_report(progress.installing(name, 0))  # before the answer, so that nobody sees an old report
        except RefusedError as error:
            refused = error.sentence
        door.send(json.dumps(to_json(refused)).encode())
    if refused is not None:
        print(str(refused), file=sys.stderr)
        return 1
    return carry_out(word, bundle)


if __name__ == "__main__":
    sys.exit(main())
