"""What Raspberry Pi Imager reads of a manifest, as a JSON schema.

The facts are those of doc/json-schema/os-list-schema.json and doc/schema-notes.md in Imager's repository: the nine keys
that an entry needs, their types, and the values of init_format. This schema is stricter: no key without a meaning
there, checksums and dates in their form, and a device of our own for every tag.
"""

from functools import cache

from jsonschema_rs import Draft7Validator

SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SIZE = {"type": "integer", "minimum": 1}
TEXT = {"type": "string", "minLength": 1}
TAGS = {"type": "array", "minItems": 1, "items": {"const": "v2h"}}
PICTURE = {"type": "string", "pattern": "^(https://|data:image/)"}
SYSTEM = {
    "name": TEXT,
    "description": TEXT,
    "icon": PICTURE,
    "url": {"type": "string", "pattern": r"^(https?|file)://\S+\.img(\.xz)?$"},
    "extract_size": SIZE,
    "extract_sha256": SHA256,
    "image_download_size": SIZE,
    "image_download_sha256": SHA256,
    "release_date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "devices": TAGS,
    "init_format": {"enum": ["none", "systemd", "cloudinit", "cloudinit-rpi"]},
}
DEVICE = {
    "name": TEXT,
    "description": TEXT,
    "icon": PICTURE,
    "tags": TAGS,
    "default": {"type": "boolean"},
    "matching_type": {"enum": ["exclusive", "inclusive"]},
}


def _closed(properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@cache
def imager_schema() -> Draft7Validator:
    """The schema of a whole manifest, ready to validate."""
    one = {"type": "array", "minItems": 1}
    devices = _closed({"devices": one | {"items": _closed(DEVICE)}})
    return Draft7Validator(_closed({"imager": devices, "os_list": one | {"items": _closed(SYSTEM)}}))
