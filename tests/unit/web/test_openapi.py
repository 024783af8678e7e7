"""The API against its own document: it lists every route, and thousands of odd requests get a documented answer."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Response, request
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.knownweb import Log, known
from tests.support.webapp import WebApp
from v2h.web.auth import BINARY
from v2h.web.auth_store import SCOPES
from v2h.web.openapi import document

EXAMPLES = 20
APART = r"/(stream|database|update/\w+|(log|samples|energy|sessions)\.csv|captures/\{name\})$"
"""Streams, downloads and updates have their own tests."""


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made = WebApp(tmp_path)
    known(made.state)
    return made


@pytest.fixture
def api(web: WebApp) -> Iterator[Any]:
    """The schema as the application serves it. At the end, every operation must have succeeded at least once."""
    app = web.make(archive=Log())
    done: set[str] = set()

    @app.after_request
    def count(response: Response) -> Response:
        if response.status_code == 200:
            done.add(f"{request.method.lower()} {request.path.removeprefix('/api/v1')}")
        return response

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    schema.config.headers = web.token() | {"Accept-Encoding": "identity"}
    yield schema
    operations = {f"{method} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert {name for name in operations if not re.search(APART, name)} <= done


schema = schemathesis.pytest.from_fixture("api").exclude(path_regex=APART)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_door_keeps_to_the_document(case: Any) -> None:
    response = case.call()
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


def test_the_document_names_the_scope_that_each_operation_needs(web: WebApp) -> None:
    client, made = web.make(archive=Log()).test_client(), {scope: web.token(scope) for scope in SCOPES}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            *without, (needed,) = [way.get("token", ()) for way in operation["security"]]
            address = "/api/v1" + path.replace("{name}", "none.log")
            for scope, header in {**made, "": {}}.items():
                if path == "/stream":
                    continue  # it does not end
                sent: dict[str, Any] = {} if method == "get" else {"json": {"x": 1}}
                if BINARY in operation.get("requestBody", {}).get("content", ()):
                    sent = {"data": b"x", "content_type": BINARY}
                answer = client.open(address, method=method, headers=header, **sent)
                may = bool(without) if not scope else list(SCOPES).index(scope) >= list(SCOPES).index(needed)
                assert (answer.status_code not in (401, 403)) is may, (method, path, scope)
                answer.close()
            assert f"Scope of the token: {needed}." in operation["description"]


def test_every_route_is_in_the_document_and_nothing_else(web: WebApp) -> None:
    app = web.make()
    prefix = "/api/v1"
    served = {
        (method.lower(), rule.rule.removeprefix(prefix).replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    written = {
        (method, re.sub(r"^/(command|evcc)/.*", r"/\1/{name}", path))
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert written == served and len(served) >= 18
    assert [path for path in document()["paths"] if path.startswith("/command/")] != []


def test_each_operation_has_a_name_of_its_own() -> None:
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
