"""The `v2h` command: reads the words of a command line and carries out the subcommand that they name."""

import io
import os
import sys
from collections.abc import Sequence

from v2h.commands import CommandError
from v2h.commands.table import parser_for


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand. Returns 0 when done, 1 when failed, 2 for bad input (argparse itself exits with 2), 130 after
    Ctrl-C, as a shell does."""
    words = sys.argv[1:] if argv is None else list(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a letter shows a ? for it
        sys.stdout.reconfigure(errors="replace")
    args = parser_for(words).parse_args(words)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        print(f"v2h {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `v2h decode x | head`: the reader stops early, which is not a failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
