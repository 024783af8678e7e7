"""Time zones by name, from the system's zone data."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


class ZoneError(ValueError):
    """The name is not a time zone. The text contains the name and, where there is one, a similar one: meant, or ""."""

    def __init__(self, name: object, meant: str) -> None:
        hint = f"; did you mean {meant}?" if meant else ""
        super().__init__(f"{name!r} is not a time zone such as Europe/London{hint}")
        self.meant = meant


def zone(name: object) -> ZoneInfo:
    """The time zone of that name from the system's zone data. Raises ZoneError."""
    if isinstance(name, str) and name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
            pass
    raise ZoneError(name, _similar(str(name)))


def _similar(name: str) -> str:
    """A similar name of all zones, or ""; they are read only when a name was wrong."""
    import difflib

    names = {known for known in available_timezones() if "/" in known}
    by_lower = {known.lower(): known for known in names} | {
        known.rpartition("/")[2].lower(): known for known in sorted(names, reverse=True)
    }
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else ""
