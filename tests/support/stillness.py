"""Did this machine stand still? Tests in real time depend on a free processor when a program wakes.

A virtual machine may be stopped for a few tenths of a second, and guard then makes safe, as it must: the result of such
a test says nothing about the programs. `Watch` measures from separate processes; `conftest.py` runs a test again when
it failed and the machine was measured to have stood still meanwhile, and reports that.
"""

import subprocess
import sys
import threading

TICK_S = 0.02
LATE_S = 0.1
"""Half of the shortest delay that any program treats as a fault (charger's loop, 0.2 s)."""
CLOCK = f"""
import os, sys, time
os.sched_setaffinity(0, {{int(sys.argv[1])}})
while True:
    asked = time.monotonic()
    time.sleep({TICK_S})
    late = time.monotonic() - asked - {TICK_S}
    if late > {LATE_S}:
        print(late, flush=True)
"""


class Watch:
    """One process per processor that wakes every 20 ms and reports when it woke late."""

    def __init__(self, processors: set[int]) -> None:
        self._late: list[float] = []
        self._clocks = [
            subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-I", "-S", "-c", CLOCK, str(processor)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            for processor in sorted(processors)
        ]
        self.pids = [clock.pid for clock in self._clocks]
        for clock in self._clocks:
            threading.Thread(target=self._listen, args=(clock,), daemon=True).start()

    def _listen(self, clock: "subprocess.Popen[str]") -> None:
        assert clock.stdout is not None
        for line in clock.stdout:
            self._late.append(float(line))

    def forget(self) -> None:
        self._late.clear()

    def longest_s(self) -> float:
        """The longest standstill since `forget`, 0 when none was longer than 0.1 s."""
        return max(self._late, default=0.0)

    def close(self) -> None:
        for clock in self._clocks:
            clock.kill()
            clock.wait()
