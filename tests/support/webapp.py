"""A whole application with no programs behind it, for HTTP tests: keys in a real file, orders kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from v2h.bus.messages import Reply
from v2h.config.loading import load
from v2h.web import passwords
from v2h.web.app import create_app
from v2h.web.auth import SESSION_COOKIE
from v2h.web.auth_store import AuthStore, csrf_token
from v2h.web.pairing import Window
from v2h.web.site_edits import SiteEdits
from v2h.web.state import LiveState

PASSWORD = "correct horse battery"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost"}


class Compiled(BytecodeCache):
    """The compiled templates of all applications of this process. Without it, each application would compile the same
    pages again. A template with a changed text has another checksum and is compiled again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


@dataclass
class WebApp:
    """The application and its surroundings. orders: what reached the bus; events: what was reported."""

    folder: Path
    state: LiveState = field(default_factory=LiveState)
    window: Window = field(default_factory=Window)
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    reply: Reply | None = field(default_factory=lambda: Reply("1", True, "mode is v2h", {"mode": "v2h"}))

    def __post_init__(self) -> None:
        self.data = self.folder / "v2h"
        self.data.mkdir(exist_ok=True)
        self.card = self.folder / "v2h.toml"
        self.keys = AuthStore(self.folder / "web")

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        """The receiver of commands."""
        self.orders.append((name, values))
        return self.reply

    def tell(self, level: str, code: str, text: str) -> None:
        self.events.append((level, code, text))

    def make(self, **options: Any) -> Flask:
        self.site = SiteEdits([self.card], self.folder / "site" / "v2h-toml.json", load([self.card]))
        app = create_app(
            self.state,
            self,
            self.keys,
            window=self.window,
            tell=self.tell,
            site=self.site,
            data=self.data,
            **options,
        )
        app.jinja_env.bytecode_cache = COMPILED
        return app

    def session(self) -> str:
        """Return the secret of a logged-in browser; set the password if there is none. The hash of this password is
        cheap, because most tests only need an owner. test_auth_store.py checks the true cost of a new password."""
        if not self.keys.has_password:
            with pytest.MonkeyPatch.context() as cheap:
                cheap.setattr(passwords, "LOG2_N", 6)
                return self.keys.set_password(PASSWORD)
        return self.keys.log_in(PASSWORD, 0.0)

    def token(self, scope: str = "configure") -> dict[str, str]:
        """The header that a program with a token sends."""
        self.session()
        return {"Authorization": f"Bearer {self.keys.make_token('test', scope)}"}


def browser(app: Flask, session: str) -> tuple[FlaskClient, dict[str, str]]:
    """A client with this session's cookie, and the header that its page's script sends with each change."""
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, session)
    return client, {"X-CSRF-Token": csrf_token(session)}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every (endpoint, method, path) of the application, with the placeholders filled."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<path:filename>", "page.css").replace("<key_id>", "0")
        path = path.replace("<name>", "stop" if "command" in path else "none.log")
        assert "<" not in path, f"a placeholder that this list does not know: {path}"
        found += [(rule.endpoint, method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found
