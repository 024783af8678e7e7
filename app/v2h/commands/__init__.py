"""The subcommands of `v2h`, one module each.

A module has add_arguments(parser), which also sets parser.epilog to an example, and run(args), which returns
the exit code: 0 done, 1 failed, 2 bad input (said on stderr). It is imported only when its command is asked for.
"""
