"""`v2h vendor`: the vendor's eMMC, on a dump file on the PC or on the board: look at it, take it apart, back it up,
clear its boot headers so that the card starts without S2 and without a jumper, and put them back."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from v2h.bus.states import State
from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.runtime.paths import SITE_EDITS
from v2h.vendor import VendorError
from v2h.vendor.describe import describe
from v2h.vendor.layout import PUBLISHED
from v2h.vendor.manifest import DISK
from v2h.vendor.shell.backup import back_up
from v2h.vendor.shell.bootarea import check_card, disable, restore, undo_of
from v2h.vendor.shell.medium import SSH, Far, Medium, Readable, card_of_this_board, emmc_of_this_board
from v2h.vendor.shell.unpack import extract, inspect

EVERY_ADDRESS = ("0.0.0.0", "[::]", "*")
SOURCE = "a dump file or the eMMC's disk (default: the eMMC of this board)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h vendor`."""
    parser.set_defaults(layout=PUBLISHED)
    parser.epilog = "example: v2h vendor backup ssh://root@v2h.local emmc.img   (on the PC)"
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    look = actions.add_parser(
        "inspect", help="say what it holds and what the ROM starts", epilog="example: v2h vendor inspect emmc.img"
    )
    look.add_argument("source", nargs="?", help=SOURCE)
    look.add_argument("--json", action="store_true", help="one JSON object")
    take = actions.add_parser(
        "extract",
        help="save kernel, DTB, root, settings, logs, totals and calibration in a new folder",
        epilog="example: v2h vendor extract emmc.img vendor",
    )
    take.add_argument("source", nargs="?", help=SOURCE)
    take.add_argument("folder", type=Path, help="a folder that does not exist yet")
    take.add_argument("--json", action="store_true", help="one JSON object: files, problems, snippet")
    save = actions.add_parser(
        "backup",
        help="copy all of it and verify the copy twice; the same command continues after an interruption",
        epilog="example: v2h vendor backup ssh://root@v2h.local emmc.img   (on the PC; 3.9 GB)",
    )
    save.add_argument("source", nargs="?", help=f"{SOURCE}, or ssh://root@v2h.local for the board's")
    save.add_argument("file", type=Path, help="the copy, for example on a USB stick; FILE.json is written beside it")
    for name, helping in (
        ("disable", "clear the boot headers, at most three sectors: the card then starts without S2"),
        ("restore", "put the boot headers back: the vendor's firmware starts again"),
    ):
        write = actions.add_parser(name, help=helping, epilog=f"example: v2h vendor {name} /mnt/emmc.img")
        write.add_argument("source", nargs="?", help=SOURCE)
        write.add_argument("file", type=Path, help="a verified backup of this very eMMC")
    send = actions.add_parser("send", help="what backup runs on the board", epilog="example: v2h vendor send sum")
    send.add_argument("what", choices=("about", "data", "sum"), help="identity as JSON, bytes, or SHA-256")
    send.add_argument("source", nargs="?", help=SOURCE)
    send.add_argument("--area", default=DISK, help="disk, boot0 or boot1 (%(default)s)")
    send.add_argument("--at", type=int, default=0, help="first byte of data (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Carry out one action. Returns 0. Raises CommandError: 1 when it was refused or failed."""
    try:
        ACTIONS[args.action](args)
    except VendorError as error:
        raise CommandError(f"{args.action}: {error}", 1) from error
    return 0


def _medium(args: argparse.Namespace) -> Medium:
    return Medium(Path(args.source) if args.source else emmc_of_this_board(), args.layout)


def _readable(args: argparse.Namespace) -> Readable:
    return Far(args.source) if args.source and args.source.startswith(SSH) else _medium(args)


def _progress(words: str) -> None:
    print(f"v2h vendor: {words}", file=sys.stderr, flush=True)


def _inspect(args: argparse.Namespace) -> None:
    found = inspect(_medium(args))
    print(json.dumps(found, indent=1) if args.json else describe(found))


def _extract(args: argparse.Namespace) -> None:
    done = extract(_medium(args), args.folder)
    offered = (args.folder / "v2h.toml.snippet").read_text(encoding="utf-8")
    if args.json:
        print(json.dumps({"files": done.files, "problems": done.problems, "snippet": offered}, indent=1))
        return
    print(f"{len(done.files)} files are in {args.folder}")
    print("\n".join(f"  {name}: {size} bytes" for name, size in done.files.items() if "/root/" not in name))
    for problem in done.problems:
        _progress(problem)
    print(f"\n{offered}", end="")


def _backup(args: argparse.Namespace) -> None:
    manifest = back_up(_readable(args), args.file, _progress)
    sums = "\n".join(f"  {area}: SHA-256 {total}" for area, total in (manifest.sha256 or {}).items())
    print(f"{args.file} is a verified backup\n{sums}")


def _disable(args: argparse.Namespace) -> None:
    medium = _medium(args)
    if medium.is_disk:
        check_idle(page_here(load(config_paths(), read_edits(SITE_EDITS)).web.listen))
        check_card(card_of_this_board())
    sectors = disable(medium, args.file, _confirm("clears the boot headers of", medium), _progress)
    print(f"Cleared and read back: sectors {', '.join(map(str, sectors))}. From the next power-on the card starts.")
    print(f"Without a card nothing starts then. The way back is in {undo_of(args.file)}")


def _restore(args: argparse.Namespace) -> None:
    medium = _medium(args)
    if medium.is_disk:
        check_idle(page_here(load(config_paths(), read_edits(SITE_EDITS)).web.listen))
    started = restore(medium, args.file, _confirm("puts the boot headers back on", medium), _progress)
    print(f"Written and read back. From the next power-on the ROM starts {started or 'nothing on the eMMC'}.")


def page_here(listen: str) -> str:
    """The address of this board's own page. listen: that of [web] in v2h.toml."""
    host, _, port = listen.rpartition(":")
    return f"http://{'localhost' if host in EVERY_ADDRESS else host}:{port}"


def check_idle(host: str) -> None:
    """Raises CommandError unless the charger says that no session is running: the checks load board and eMMC."""
    state = Api(host).get("state", "view").get("charger") or {}
    if state.get("state") != State.IDLE:
        raise CommandError(f"the charger is not idle ({state.get('state', 'no data')}): stop, then unplug the car", 1)


def _confirm(what: str, medium: Medium) -> Callable[[str], bool]:
    def asked(letters: str) -> bool:
        which = "of its CID" if medium.about.cid else "of the SHA-256 in FILE.json"
        print(f"This {what} {medium.path}. Type the last {len(letters)} letters {which} to go on: ", end="", flush=True)
        answer = sys.stdin.readline().strip().lower()
        return bool(letters) and answer == letters.lower()

    return asked


def _send(args: argparse.Namespace) -> None:
    medium = _medium(args)
    if args.area not in medium.about.sizes:
        raise VendorError(f"there is no area {args.area!r}, only {', '.join(medium.about.sizes)}")
    if args.what == "about":
        print(json.dumps(medium.about._asdict()))
    elif args.what == "sum":
        print(medium.sha256(args.area))
    else:
        for chunk in medium.data(args.area, max(0, args.at)):
            sys.stdout.buffer.write(chunk)


ACTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "inspect": _inspect,
    "extract": _extract,
    "backup": _backup,
    "disable": _disable,
    "restore": _restore,
    "send": _send,
}
