"""pulse: watches the others' beats and feeds the service's watchdog. Runs as supervisor's event listener.

The unit allows WatchdogSec=120 until pulse's first message, because nine interpreters start at once on a slow core. The
first message, which pulse sends before it imports a large module, allows START_WATCHDOG_S for the rest of the start;
the next one, from the loop (v2h.safety.shell.supervisor_listener), allows 20 s.

If pulse dies: supervisor restarts it, and its first message comes in time; it asks supervisor for all states. Nothing
else changes. If pulse hangs: the watchdog is no longer fed and systemd restarts the tree.
"""

import sys

from v2h.runtime.sdnotify import notify

START_WATCHDOG_S = 90
"""Time from the first message to the loop: on a busy board the imports alone have taken longer than 20 s."""


def main() -> int:
    notify(f"WATCHDOG_USEC={START_WATCHDOG_S * 1_000_000}\nWATCHDOG=1")
    from v2h.runtime.program import Program
    from v2h.safety.shell.supervisor_listener import Listener

    program = Program("pulse")
    program.at_exit(Listener(program).close)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
