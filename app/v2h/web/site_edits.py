"""The owner's edits of v2h.toml: what the page shows of both files, and the one writer of the file of edits.

Nothing here writes to the card. A program reads the edits when it starts, so an edit takes effect at the next start.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from v2h.bus.messages import CableCalibration
from v2h.bus.sentences import Sentence, say
from v2h.checks import check_texts, shown
from v2h.config import presets
from v2h.config.listing import Key, keys_of, meter_of
from v2h.config.loading import Card, load, read_card
from v2h.config.meter_kinds import DEFAULT_KIND, KINDS, ROLES
from v2h.config.page_edits import SECRETS, Edits, editable, flat, group_of, read_edits, said_of
from v2h.config.site import Config
from v2h.runtime.atomic_file import write_json
from v2h.web.auth_store import RefusedError

NO_KEY = Key("", None, None, "")
LONGEST = 300
"""Characters of a value; no key needs more."""
MODE = 0o640
"""Every program of the group reads it; it holds no password."""


class Row(NamedTuple):
    """One key as texts. card, page: "" when it does not set the key. coming: the value at the next start, if that is
    another one than the value in force. note: why an edit is not used."""

    key: str
    card: str
    page: str
    in_force: str
    coming: str
    default: str
    note: str


class Form(NamedTuple):
    """The keys of one table that can be edited. kind: of a meter, else ""."""

    table: str
    keys: list[Key]
    kind: str = ""


class Shown(NamedTuple):
    """What the page shows. errors: of the card's file. trouble: why the file of edits is not used. seen: identifies
    what is shown, and comes back with a change. gone: sentences about dropped edits."""

    rows: Mapping[str, list[Row]]
    errors: list[str]
    trouble: str
    seen: str
    gone: list[Sentence]
    waits: bool


class SiteEdits:
    """in_force: the configuration that this program read when it started. Safe to use from several threads."""

    def __init__(self, paths: list[Path], path: Path, in_force: Config) -> None:
        self._paths, self._path, self.in_force, self._lock = paths, path, in_force, threading.Lock()

    def beside(self, name: str) -> Path:
        """A file in the same folder."""
        return self._path.with_name(name)

    def coming(self) -> Config:
        """The configuration that a program would read now."""
        return load(self._paths, read_edits(self._path), newer=self.in_force.newer)

    def show(self) -> Shown:
        edits, card = self._read()
        known = {key.name: key for key in keys_of(self.in_force)}
        coming = {key.name: key for key in keys_of(load(self._paths, edits, newer=self.in_force.newer))}
        said = dict(flat(card.content))
        rows: dict[str, list[Row]] = {}
        for name in dict.fromkeys((*known, *coming, *said, *edits.page)):
            key, later = known.get(name), coming.get(name)
            secret = name.rpartition(".")[2] in SECRETS
            why = card.laid.dropped.get(group_of(name)) if name in edits.page else None
            # The default of a kind is not that of its own class, which has no other.
            is_kind = name.startswith("meter.") and name.endswith(".kind")
            default = DEFAULT_KIND if is_kind else (later or key or NO_KEY).default
            row = Row(
                name,
                toml(said[name], secret) if name in said else "",
                toml(edits.page[name]) if name in edits.page else "",
                "" if key is None else toml(key.value, secret),
                _coming(key, later),
                "" if secret else toml(default),
                "" if why is None else why or say("site.card_is_newer"),
            )
            rows.setdefault(_table(name), []).append(row)
        gone = [_gone(name, each) for name, each in edits.gone.items()]
        waits = any(row.coming for table in rows.values() for row in table)
        return Shown(rows, card.errors, edits.trouble, _seen(edits, card), gone, waits)

    def forms(self, kinds: Mapping[str, str]) -> Iterator[Form]:
        """The forms, with the values that hold at the next start. kinds: the kind of meter that the owner chose for a
        role, if it is another one than now."""
        coming = self.coming()
        tables: dict[str, list[Key]] = {}
        for key in keys_of(coming):
            if editable(key.name) and not key.name.startswith("meter."):
                tables.setdefault(_table(key.name), []).append(key)
        yield from (Form(table, keys) for table, keys in tables.items())
        for role in ROLES:
            now = coming.meter.get(role)
            kind = kinds.get(role, now.kind if now else "")
            if kind in KINDS:
                same = now is not None and now.kind == kind
                found = keys_of(coming) if same else meter_of(KINDS[kind], role)
                found = [self._with_presets(key, kind) for key in found]
                keys = [key for key in found if editable(key.name) and _table(key.name) == f"meter.{role}"]
                yield Form(f"meter.{role}", [key for key in keys if not key.name.endswith(".kind")], kind)

    def _with_presets(self, key: Key, kind: str) -> Key:
        """The key of a preset as a list of those that there are."""
        if not key.name.endswith(".preset"):
            return key
        try:
            found = presets.names(kind, self._paths)
        except presets.PresetError:
            return key  # the loader says which file is bad
        return key._replace(choices=("", *found), allowed="a kind of device whose paths or registers are known")

    def change(self, table: str, texts: Mapping[str, str], seen: str | None) -> dict[str, Any]:
        """Keep the values of a form: key -> text, of one whole table. A value that is the card's own is no edit, so
        that an empty form gives the table back to the card. seen: what the person saw; None for measured values, which
        nobody chose by what he saw. Returns the edits of this table. Raises RefusedError; then
        nothing was written."""
        with self._lock:
            edits, card = self._read()
            if card.errors:
                raise RefusedError(say("site.card_wrong", first=card.errors[0]), 409)
            if seen is not None and seen != _seen(edits, card):
                raise RefusedError(say("site.not_seen"), 409)
            page = self._differing(table, texts)
            others = {key: value for key, value in edits.page.items() if _table(key) != table}
            groups = {group_of(key) for key in others}
            known = {group: said for group, said in edits.card.items() if group in groups}
            mine = {group_of(key): said_of(card.content, group_of(key)) for key in page}
            changed = Edits(others | page, known | mine, edits.gone)
            for group, why in read_card(self._paths, changed, newer=self.in_force.newer).laid.dropped.items():
                if group in mine:
                    raise RefusedError(why, 400)
            self._write(changed)
            return page

    def keep_calibration(self, found: CableCalibration) -> Sentence:
        """Keep a calibration of the cable for the next start, where there is one. Returns what became of it."""
        if found.scale_v_per_v is None or found.offset_v is None:
            return say("calibration.said", said=found.text)
        values = (found.adc_channel, found.scale_v_per_v, found.offset_v, "converter")
        keys = ("cable.adc_channel", "cable.scale_v_per_v", "cable.offset_v", "cable.by")
        try:
            self.change("cable", dict(zip(keys, map(str, values), strict=True)), None)
        except RefusedError as error:
            return say("calibration.not_kept", said=found.text, why=error.sentence)
        return say("calibration.kept", said=found.text)

    def settle(self) -> list[Sentence]:
        """At the start of the program: drop the edits that a newer card, or another version's loader, does not let
        hold, and return a sentence for each. Otherwise they would hold again when the card's old value comes back.
        Nothing is dropped while the card's file is missing or has errors."""
        with self._lock:
            edits, card = self._read()
            if edits.trouble:
                return [say("site.edits_bad", trouble=edits.trouble)]
            dropped = card.laid.dropped
            if not dropped or card.errors or not self._paths[0].exists():
                return []
            lost = {
                k: {"value": v, "why": dropped[group_of(k)]} for k, v in edits.page.items() if group_of(k) in dropped
            }
            page = {key: value for key, value in edits.page.items() if key not in lost}
            kept = {group: said for group, said in edits.card.items() if group not in dropped}
            try:
                self._write(Edits(page, kept, {**edits.gone, **lost}))
            except RefusedError as error:
                return [say("site.edits_bad", trouble=str(error))]
            return [_gone(key, each) for key, each in lost.items()]

    def forget_gone(self) -> None:
        """The owner has read which edits were dropped. Raises RefusedError."""
        with self._lock:
            self._write(replace(self._read()[0], gone={}))

    def _read(self) -> tuple[Edits, Card]:
        edits = read_edits(self._path)
        return edits, read_card(self._paths, edits, newer=self.in_force.newer)

    def _differing(self, table: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """The values of the form that are not those of the card alone, or, for another kind of meter, not the
        defaults."""
        card = load(self._paths[:1], newer=self.in_force.newer)
        known = {key.name: key for key in keys_of(card)}
        kind, role = texts.get(f"{table}.kind", ""), table.removeprefix("meter.")
        if role in ROLES and kind in KINDS:
            now = card.meter.get(role)
            if now is None or now.kind != kind:
                known = {key.name: key for key in meter_of(KINDS[kind], role)}
                known[f"{table}.kind"] = known[f"{table}.kind"]._replace(value=None)  # it is what makes the difference
        wrong = [name for name in texts if name not in known or not editable(name) or _table(name) != table]
        if wrong:
            raise RefusedError(say("site.unknown_key", key=shown(wrong[0]), table=shown(table)), 400)
        long = [name for name, text in texts.items() if len(text) > LONGEST]
        if long:
            raise RefusedError(say("site.too_long", key=long[0], longest=LONGEST), 400)
        values = {name: known[name].read(text.strip()) for name, text in texts.items()}
        return {name: value for name, value in values.items() if value is not None and value != known[name].value}

    def _write(self, edits: Edits) -> None:
        content = {key: value for key, value in asdict(edits).items() if key != "trouble"}
        try:
            check_texts(content)
            write_json(self._path, content, MODE)
        except ValueError as error:
            raise RefusedError(say("site.unfit", why=str(error)), 400) from error
        except OSError as error:
            raise RefusedError(
                say("site.not_written", path=str(self._path), error=error.strerror or ""), 503
            ) from error


def toml(value: Any, secret: bool = False) -> str:
    """A value as it stands in a file; a secret never."""
    if secret:
        return say("site.not_shown")
    if value is None:
        return say("site.not_set")
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(int(value)) if float(value).is_integer() else str(value)


def _coming(now: Key | None, later: Key | None) -> str:
    if later is None:
        return say("site.not_used") if now is not None else ""
    return "" if now is not None and now.value == later.value else toml(later.value, later.secret)


def _gone(key: str, each: Mapping[str, Any]) -> Sentence:
    value = toml(each.get("value"))
    why = str(each.get("why", ""))
    return (
        say("site.edit_wrong", key=key, value=value, why=why) if why else say("site.card_newer", key=key, value=value)
    )


def _table(key: str) -> str:
    parts = key.split(".")
    return ".".join(parts[:2] if parts[0] in ("meter", "adc") else parts[:1])


def _seen(edits: Edits, card: Card) -> str:
    content = json.dumps(
        [asdict(edits), {k: said_of(card.content, k) for k in map(group_of, dict(flat(card.content)))}]
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]
