"""`python -m v2h.rig.ccs`: run the simulated charger with a CCS car at its plug.

Look at its truth and turn its knobs with `python -m v2h.rig state` and `set`.
"""

import argparse
import sys
import time
from functools import partial

from v2h.ccs.messages import DIN, ISO2, Dialect
from v2h.rig.ccs.car import CcsCar
from v2h.rig.ccs.line import CcsLine
from v2h.rig.server import Rig
from v2h.rig.serving import add_options, run_directory, serve

EXAMPLE = "example: python -m v2h.rig.ccs --car din --profile desk"
CARS: dict[str, Dialect | None] = {"din": DIN, "iso2": ISO2, "outside": None}


def doors(rig: Rig) -> CcsLine:
    """Open the doors of this rig's car. Raises OSError where no network namespace can be made."""
    assert isinstance(rig.plant.car, CcsCar)
    return CcsLine(rig.plant.car, run_directory(), rig.loop.watch, time.monotonic)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m v2h.rig.ccs", description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--car", choices=CARS, required=True, help="the dialect it speaks; outside: another program speaks for the car"
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    return serve(options, partial(CcsCar, dialect=CARS[options.car]), doors)


if __name__ == "__main__":
    sys.exit(main())
