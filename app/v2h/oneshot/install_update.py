"""Install an uploaded update with RAUC, or start the board again: the only program that does either for `web`.

systemd starts it on demand for a connection to /run/v2h/update.sock, which only v2h-web may open. So no program that
reads the network may write to a root or restart the board, and without a request no process can. RAUC checks signature,
board and version, writes the other slot and sets the active flag last; it runs as a service of its own at idle priority
(rauc.service). This program says in the owner's words how far it is and how it ended, and empties the upload's folder.

Request, one packet: JSON ["install", NAME] or ["restart", ""]. Answer, one packet: null, which means that it has begun,
or the sentence why not. What follows is in /run/v2h/update/progress.json (v2h.update.progress). When it is killed, the
slot that is written stays bad and the flag where it was.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from v2h.bus.sentences import Sentence, say, to_json
from v2h.runtime.atomic_file import write_json
from v2h.runtime.paths import UPDATE
from v2h.slots import card, state
from v2h.slots.mbr import other, running_slot
from v2h.slots.state import Slots
from v2h.update import progress
from v2h.update.bundle import Own, check_bundle, read_info, read_own
from v2h.update.pieces import NAME
from v2h.update.progress import Progress
from v2h.update.rauc_words import progress_pct, refusal
from v2h.update.refusals import RefusedError
from v2h.update.shell.door import INSTALL, PROGRESS, RESTART, reported

RAUC = "/usr/bin/rauc"
SYSTEM_CONF = Path("/etc/rauc/system.conf")
Report = Callable[[Progress], None]


def request(packet: bytes) -> tuple[str, str]:
    """The word and the name in a request. Raises RefusedError for anything else: `web` may be in a stranger's hands."""
    try:
        word, name = json.loads(packet)
    except (ValueError, TypeError):
        word, name = None, None
    if word == RESTART:
        return word, ""
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


def carry_out(word: str, bundle: Path, report: Report = write_report) -> int:
    """What was asked, to its end. Returns the exit code."""
    if word == RESTART:
        return subprocess.run(["/usr/bin/systemctl", "reboot"]).returncode
    with told(report):
        try:
            new = install(bundle, read_own(SYSTEM_CONF.read_text()), report)
        finally:
            for path in bundle.parent.iterdir():
                path.unlink()
        if new is None:
            return 1
        running = running_slot(Path("/proc/cmdline").read_text())
        if running is not None:
            state.save(remember(state.load(), running, new))
        report(progress.installed(new))
    return 0


def main() -> int:
    with socket.socket(fileno=sys.stdin.fileno()) as door:
        refused: Sentence | None = None
        word, bundle = "", UPDATE
        try:
            word, name = request(door.recv(4096))
            bundle = UPDATE / name
            if word == INSTALL:
                check_ready(bundle, Path("/").stat().st_dev)
                write_report(progress.installing(name, 0))  # before the answer, so that nobody sees an old report
            elif reported().phase != progress.Phase.INSTALLED:
                raise RefusedError(say("update.nothing_to_start"))
        except RefusedError as error:
            refused = error.sentence
        door.send(json.dumps(to_json(refused)).encode())
    if refused is not None:
        print(str(refused), file=sys.stderr)
        return 1
    return carry_out(word, bundle)


if __name__ == "__main__":
    sys.exit(main())
