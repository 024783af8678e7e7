"""The subcommands of `v2h`, one module each.

A module has add_arguments(parser), which also sets parser.epilog to an example, and run(args), which returns
the exit code: 0 done, 1 failed, 2 bad input (reported on stderr). It is imported only when its command is used.
"""


class CommandError(Exception):
    """A command failed: the message for stderr and the exit code, 1 failed or 2 bad input."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code
