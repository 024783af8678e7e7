"""What this start was: a new version in force, thrown back to the one of before, or a card that cannot go back.

oneshot/confirm_start.py, which runs as root, leaves it in a file; the sentences here are pure.
"""

from pathlib import Path

from v2h.bus.messages import Event
from v2h.bus.sentences import Sentence, say
from v2h.runtime.atomic_file import BadFileError, read_json
from v2h.slots import state
from v2h.slots.notice import PATH, News, Notice, decode
from v2h.slots.state import Condition, Why


def event(notice: Notice, source: str) -> Event | None:
    """The event for the log, the same at every call, so that the log keeps it once; None without news."""
    if notice.news is News.IN_FORCE:
        text = say("slots.in_force", version=_name(notice.version))
        return Event(notice.t, "info", "version-in-force", text, source)
    if notice.news is News.THROWN_BACK:
        return Event(notice.t, "warning", "version-went-back", _back(notice), source)
    return None


def trouble(notice: Notice) -> Sentence | None:
    """What the page shows all the time, and what to do; None when all is well."""
    if notice.news in (News.THROWN_BACK, News.STILL_BACK):
        return _back(notice)
    return None if notice.fallback else say("slots.no_fallback")


def _back(notice: Notice) -> Sentence:
    version, other = _name(notice.version), _name(notice.other)
    if notice.why is Why.WRITING:
        return say("slots.half_written", version=version)
    if notice.why in (Why.PROGRAMS, Why.PAGE):
        return say("slots.unhealthy", version=version, other=other)
    return say("slots.not_started", version=version, other=other)


def _name(version: str) -> str:
    return version or say("slots.unknown")


def look(path: Path = PATH, slots: Path = state.PATH) -> Notice:
    """The content of the file now; an empty notice when the file is missing or cannot be read. What the owner has read
    since this start, as slot.json says, is no news."""
    try:
        notice = decode(read_json(path, move_bad=False))
    except BadFileError:
        return Notice()
    back = notice.news in (News.THROWN_BACK, News.STILL_BACK)
    return notice._replace(news=News.NONE) if back and _was_read(slots) else notice


def _was_read(path: Path) -> bool:
    try:
        slots = state.decode(read_json(path, move_bad=False))
    except BadFileError:
        return False
    return any(slot.condition is Condition.BAD and slot.read for slot in slots.values())
