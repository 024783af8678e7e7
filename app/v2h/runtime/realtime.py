"""Real-time priority for guard, charger and ccs: SCHED_FIFO and locked memory, where this process is permitted to have
them."""

import ctypes
import logging
import os
import resource

NICE = 10
"""For a program that serves the network: its requests must not take the processor from meter and manager, which follow
the load. All threads inherit it. At 10 it still gets a tenth of the one core when all others want it, enough for a
stop."""
GUARD_PRIORITY = 30
SENDER_PRIORITY = 25
"""Priority of charger's child that sends our frames to the car: it runs a few hundred microseconds every 100 ms."""
CHARGER_PRIORITY = 20
"""Below guard's: a charger in an endless loop must not keep guard from noticing it."""
CCS_PRIORITY = 10
"""Below charger's: it speaks with a stranger. Without priority a busy page would cost it the 300 ms in which charger
must hear it, and the session would end."""

_MCL_CURRENT, _MCL_FUTURE = 1, 2


def claim(priority: int, log: logging.Logger) -> bool:
    """Lock all memory, now and later, and run SCHED_FIFO at `priority`. If one of them is not permitted (the desk), the
    program logs a line and goes on without it. Returns whether both were granted.

    Memory is locked only without a limit on it: under a limit, MCL_FUTURE would make a later allocation fail.
    """
    granted = True
    for what, attempt in (("locked memory", _lock_memory), ("SCHED_FIFO", lambda: _run_fifo(priority))):
        try:
            attempt()
        except (OSError, ValueError) as error:  # ValueError: setrlimit above the hard limit
            log.warning("no %s here (%s): fine on a desk, not on a charger", what, error)
            granted = False
    return granted


def _lock_memory() -> None:
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _run_fifo(priority: int) -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
