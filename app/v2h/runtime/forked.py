"""The end of a child that a program has forked."""

import os
import sys
import traceback
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the child here, whatever happens; call it in the `finally` around all that the child does. With a code other
    than 0 it prints the exception under way.

    Printing may fail as well, when standard error is closed or nobody reads it. Without the `finally` here this second
    exception would go up the stack, and the child would go on as a second copy of its parent.
    """
    try:
        if code:
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)
