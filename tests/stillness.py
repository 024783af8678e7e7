"""Did this machine stand still? Tests in real time rest on a processor being there when a program wakes.

A virtual machine may be stopped for a few tenths of a second, and guard then makes safe, as it must: what such a test
found says nothing of the programs. `Watch` measures from a process of its own; `conftest.py` runs a test again when it
failed and the machine was measured to have stood still meanwhile, and says so.
"""

import subprocess
import sys
import threading

TICK_S = 0.02
LATE_S = 0.1
"""Half of the smallest delay that any program takes for a fault (charger's loop, 0.2 s)."""
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
    """One process for each processor that wakes every 20 ms and tells when it woke late."""

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
        """The longest standstill since `forget`, 0 when there was none above 0.1 s."""
        return max(self._late, default=0.0)

    def close(self) -> None:
        for clock in self._clocks:
            clock.kill()
            clock.wait()
