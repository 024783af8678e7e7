"""What is in a dump or on the eMMC: looked at by `v2h vendor inspect`, saved by `v2h vendor extract`."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from v2h.runtime.atomic_file import write_json, write_text
from v2h.vendor import VendorError
from v2h.vendor.findings import (
    content,
    likely_slot,
    numbers,
    shell_settings,
    shown,
    snippet,
    version_number,
    versions,
    zone_of,
)
from v2h.vendor.fit import NAMES, Fit, read_fit, squashfs_in
from v2h.vendor.layout import DATA, SLOTS
from v2h.vendor.rom import boot_headers, starts_from
from v2h.vendor.shell.filesystems import read_ext, read_squashfs, save_ext, unsquash
from v2h.vendor.shell.medium import Medium

FIT_IMAGE, BOOT_STATUS = "/boot/fitImage", "/boot/bootstatus"
TOTALS = ("var/data/ssbTotalEnergy", "var/data/ssbStatus.json")
CALIBRATION = "var/log/calibration.log"
ROTATED = (".2.gz", ".1.gz", "")
"""The oldest calibration.log first, so that the last number of a name counts."""
LOG_BYTES = 16 << 20
"""So much of an unpacked log is read; the published logs have far less."""
SETTINGS = "etc/default/ssb"


@dataclass(frozen=True, slots=True)
class Slot:
    """One firmware partition. boot_status: None without such a file; problem: why its fitImage cannot be used, ""
    when it can."""

    partition: int
    fit: Fit | None
    boot_status: bytes | None
    problem: str = ""

    @property
    def version(self) -> str:
        """Where the vendor writes it: the description of the configuration that U-Boot starts."""
        return self.fit.version if self.fit else ""


@dataclass(slots=True)
class Extracted:
    """files: what was written, by its path below the folder, in bytes; problems: what could not be, and why."""

    files: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def slots(medium: Medium) -> Iterator[Slot]:
    """The three firmware partitions."""
    for number in SLOTS:
        try:
            status = read_ext(medium, number, BOOT_STATUS)
        except VendorError:
            status = None
        try:
            yield Slot(number, read_fit(read_ext(medium, number, FIT_IMAGE)), status)
        except VendorError as error:
            yield Slot(number, None, status, str(error))


def inspect(medium: Medium) -> dict[str, Any]:
    """What the eMMC holds, as JSON: areas, partitions, boot headers, what the ROM and U-Boot start, each slot's images,
    and the application's settings."""
    found = list(slots(medium))
    likely = likely_slot({slot.partition: slot.version for slot in found if slot.fit})
    return {
        "source": str(medium.path),
        "cid": medium.about.cid,
        "areas": medium.about.sizes,
        "partitions": [partition._asdict() for partition in medium.table.partitions],
        "boot_headers": sorted(boot_headers(medium.read)),
        "rom_starts": starts_from(medium.read),
        "slots": [_slot_json(slot) for slot in found],
        "probably_starts": likely,
        "settings": _settings(medium, next((slot for slot in found if slot.partition == likely), None)),
    }


def extract(medium: Medium, folder: Path) -> Extracted:
    """Save everything of interest in a new folder, which only this user may read: the vendor's settings may hold
    secrets. Raises VendorError when the folder cannot be used; what is damaged in the dump is a problem in the
    result."""
    done = Extracted()
    try:
        folder.mkdir(mode=0o700, parents=True)
        for slot in slots(medium):
            _save_slot(slot, folder / f"slot{slot.partition}", done)
        _save_data(medium, folder / "data", done)
        _save_findings(folder, done)
    except OSError as error:
        raise VendorError(f"{error.filename or folder}: {error.strerror}: give a folder that does not exist") from error
    done.files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    return done


def _slot_json(slot: Slot) -> dict[str, Any]:
    fit = slot.fit
    seen = [] if fit is None else [fit.version, fit.description, *(image.description for image in fit.images)]
    images = [
        {
            "name": image.name,
            "type": image.kind,
            "description": image.description,
            "bytes": len(image.data),
            "checksums": image.checksums,
            "squashfs": _squashfs(image.data),
        }
        for image in (fit.images if fit else ())
    ]
    return {
        "partition": slot.partition,
        "boot_status": shown(slot.boot_status or b""),
        "problem": slot.problem,
        "description": fit.description if fit else "",
        "made_s": fit.made_s if fit else None,
        "configuration": fit.configuration if fit else "",
        "signed_by": list(fit.keys) if fit else [],
        "version": slot.version,
        "version_number": version_number(slot.version),
        "versions": versions(seen),
        "images": images,
    }


def _squashfs(data: bytes) -> dict[str, Any] | None:
    try:
        found = squashfs_in(data)
    except VendorError as error:
        return {"problem": str(error)}
    return found._asdict() if found else None


def _settings(medium: Medium, slot: Slot | None) -> dict[str, Any]:
    """The variables of /etc/default/ssb: partition 4 lies over the root file system, so that its file counts first."""
    places = {f"partition {DATA}": partial(read_ext, medium, DATA, f"/{SETTINGS}")}
    for image in slot.fit.images if slot and slot.fit else ():
        if slot and image.kind == "ramdisk":
            places[f"root file system of partition {slot.partition}"] = partial(read_squashfs, image.data, SETTINGS)
    problems = []
    for place, read in places.items():
        try:
            return {"found_in": place, "values": shell_settings(_words(read())), "problem": ""}
        except VendorError as error:
            problems.append(f"{place}: {error}")
    return {"found_in": "", "values": {}, "problem": "; ".join(problems)}


def _save_slot(slot: Slot, folder: Path, done: Extracted) -> None:
    folder.mkdir()
    if slot.boot_status is not None:
        (folder / "bootstatus").write_bytes(slot.boot_status)
    if slot.fit is None:
        done.problems.append(f"partition {slot.partition}: {slot.problem}")
        return
    for image in slot.fit.images:
        path = folder / NAMES.get(image.kind, "image")
        if path.exists() or image.kind not in NAMES:
            path = folder / f"{image.kind or 'image'}-{image.name}".replace("/", "-")
        path.write_bytes(image.data)
        if image.damaged:
            done.problems.append(f"partition {slot.partition}: the checksum of {path.name} is wrong: it is damaged")
        try:
            if image.kind == "ramdisk" and squashfs_in(image.data):
                unsquash(path, folder / "root")
        except VendorError as error:
            done.problems.append(f"partition {slot.partition}: {error}")


def _save_data(medium: Medium, folder: Path, done: Extracted) -> None:
    """Everything of partition 4: settings, logs, totals."""
    folder.mkdir()
    try:
        save_ext(medium, DATA, folder)
    except VendorError as error:
        done.problems.append(f"partition {DATA}: {error}")


def _save_findings(folder: Path, done: Extracted) -> None:
    data = folder / "data"
    found = {name: path for name in (*TOTALS, CALIBRATION) if (path := _find(data, name))}
    done.problems += [f"partition {DATA}: no {name}" for name in (*TOTALS, CALIBRATION) if name not in found]
    totals = {Path(name).name: content(found[name].read_bytes()) for name in TOTALS if name in found}
    logs = (_log(path) for end in ROTATED if (path := _find(data, CALIBRATION + end)))
    calibration = {name: value for log in logs for name, value in numbers(log).items()}
    places = {"data": data, **{f"slot{number}": folder / f"slot{number}" / "root" for number in SLOTS}}
    settings = {place: shell_settings(_text(path)) for place, at in places.items() if (path := _find(at, SETTINGS))}
    if not settings:
        done.problems.append(f"no {SETTINGS}, neither on partition {DATA} nor in a root file system")
    write_json(folder / "totals.json", totals)
    write_json(folder / "settings.json", settings)
    write_json(folder / "calibration.json", calibration)
    write_text(folder / "v2h.toml.snippet", snippet(_time_zone(data), calibration))


def _find(folder: Path, name: str) -> Path | None:
    """A file by the end of its path: as an overlay, the files of partition 4 may be below a folder whose name is not
    published."""
    places = (path for path in sorted(folder.rglob(Path(name).name)) if path.as_posix().endswith("/" + name))
    return next((path for path in places if path.is_file() and not path.is_symlink()), None)


def _time_zone(folder: Path) -> str:
    links = [str(path.readlink()) for path in sorted(folder.rglob("etc/localtime")) if path.is_symlink()]
    return next(filter(None, map(zone_of, [*links, _text(_find(folder, "etc/timezone"))])), "")


def _log(path: Path) -> str:
    """A log, also a packed one; "" when it is damaged."""
    if path.suffix != ".gz":
        return _text(path)
    try:
        with gzip.open(path) as packed:
            return _words(packed.read(LOG_BYTES))
    except (OSError, EOFError, zlib.error):
        return ""


def _text(path: Path | None) -> str:
    return _words(path.read_bytes()) if path else ""


def _words(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
