"""What the installer reports, and how it travels: a small JSON object in a file that root writes and `web` reads."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from v2h.bus.sentences import Sentence, from_json, say, to_json


class Phase(StrEnum):
    """How far the last installation of this boot is."""

    NONE = "none"
    INSTALLING = "installing"
    INSTALLED = "installed"
    REFUSED = "refused"


class Progress(NamedTuple):
    """said: the sentence for the owner, None when nothing was installed in this boot."""

    phase: Phase = Phase.NONE
    said: Sentence | None = None


def installing(name: str, pct: float) -> Progress:
    return Progress(Phase.INSTALLING, say("update.installing", name=name, pct=pct))


def installed(version: str) -> Progress:
    return Progress(Phase.INSTALLED, say("update.installed", version=version))


def refused(said: Sentence) -> Progress:
    return Progress(Phase.REFUSED, said)


def as_json(progress: Progress) -> dict[str, Any]:
    return {"phase": progress.phase.value, "said": to_json(progress.said)}


def read(document: Mapping[str, Any]) -> Progress:
    """The progress in the object that as_json() made; NONE for anything else."""
    said = from_json(document.get("said"))
    if document.get("phase") in list(Phase) and isinstance(said, Sentence):
        return Progress(Phase(document["phase"]), said)
    return Progress()
