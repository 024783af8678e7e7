"""A finger on the two buttons of the front panel."""

from collections.abc import Iterator


class Finger:
    """Input device of the panel; it reports what is put into `edges` at the next read."""

    def __init__(self) -> None:
        self.edges: list[tuple[str, bool]] = []

    def events(self) -> Iterator[tuple[str, bool]]:
        while self.edges:
            yield self.edges.pop(0)
