"""Long work in small steps, so that a program can do something else between two of them; pure.

Such work is a generator. It yields after each step how much the step was, and returns the result. The unit is about a
microsecond of a desk computer; a small board takes 20 to 30 times as long.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[int, None, T]


def result(steps: Steps[T]) -> T:
    """Do all the work at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


def sliced(steps: Steps[T], most: int) -> Steps[T]:
    """The same work with larger steps: each ends with the small step that makes it `most` or more."""
    done = 0
    try:
        while True:
            done += next(steps)
            if done >= most:
                yield done
                done = 0
    except StopIteration as end:
        found: T = end.value
        return found
