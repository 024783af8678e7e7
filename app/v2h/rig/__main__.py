"""`python -m v2h.rig`: run the simulated charger, look at its truth, turn its knobs."""

import argparse
import json
import sys

from v2h.ports.rig import RigLink, RigLinkError
from v2h.rig.serving import add_options, run_directory, serve

EXAMPLES = """examples:
  python -m v2h.rig serve --profile desk          the demo's rig: CAN and chips on sockets in $V2H_RUN
  python -m v2h.rig serve --profile emulated      on the emulated board: can0, can1, LED nodes, real PCA9552
  python -m v2h.rig state                         everything that is true right now, as JSON
  python -m v2h.rig set soc=50 load_w=2000        a battery half full and 2 kW in the house
  python -m v2h.rig set load_w=trace trace_s=0    the day's trace again, from its start
  python -m v2h.rig set record=write              the last 80 s of a session, to $V2H_RUN/rig-record.json
  python -m v2h.rig set press=on_off              push the front panel's button for 0.2 s
"""


def order(changes: dict[str, str]) -> int:
    """Change the given knobs, if any, and print the state."""
    try:
        link = RigLink(f"{run_directory() / 'rig.sock'}/control")
        answer = json.loads(link.transact(json.dumps(changes).encode()))
    except RigLinkError as error:
        print(f"{error}; is the rig running? (python -m v2h.rig serve)", file=sys.stderr)
        return 1
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 2
    print(json.dumps(answer, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m v2h.rig", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("serve", help="run until SIGTERM; writes $V2H_RUN/rig.toml first")
    add_options(run)
    commands.add_parser("state", help="print the truth as JSON")
    change = commands.add_parser("set", help="turn knobs; prints the state after")
    change.add_argument("changes", nargs="+", metavar="KEY=VALUE")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 bad input."""
    options = parser().parse_args(arguments)
    if options.command == "state":
        return order({})
    if options.command == "set":
        pairs = [change.partition("=") for change in options.changes]
        if not all(equals for _, equals, _ in pairs):
            print("write each change as KEY=VALUE", file=sys.stderr)
            return 2
        return order({key: value for key, _, value in pairs})
    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
