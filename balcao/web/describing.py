"""The description of the API: what `/api/openapi.json` serves and `balcao openapi` prints.

Litestar describes the routes; msgspec describes every body, as it is what reads and writes
them.  The event stream, the answer to its pings and the files are no routes of Litestar's, and are
described here by hand.
"""

import json
from types import ModuleType
from typing import Any

import msgspec
from litestar import Litestar

from balcao.realtime import views
from balcao.web import bodies

REF = "#/components/schemas/{name}"
PROBLEM = {
    "description": "RFC 9457 problem details with a stable code.",
    "content": {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}},
}
STREAM = {
    "get": {
        "summary": "Desk",
        "description": (
            "Server-sent events: `snapshot` (Snapshot), then `view` (one view), `gone` (Gone), "
            "`ping` (Ping) each ten seconds, and `closed` (Closed), after which there is nothing."
        ),
        "operationId": "desk",
        "responses": {
            "200": {"description": "The stream.", "content": {"text/event-stream": {}}},
            "default": PROBLEM,
        },
    }
}

BEAT = {
    "post": {
        "summary": "Beat",
        "description": "The desk's answer to a ping.",
        "operationId": "beat",
        "responses": {
            "204": {"description": "Request fulfilled, nothing follows", "headers": {}},
            "default": PROBLEM,
        },
    }
}

UPLOAD = {
    "post": {
        "summary": "Upload",
        "description": "Upload a file, to be sent with a message; what it is shows in its bytes.",
        "operationId": "upload",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                }
            },
        },
        "responses": {
            "201": {
                "description": "Document created, URL follows",
                "content": {"application/json": {"schema": {"$ref": REF.format(name="Uploaded")}}},
            },
            "default": PROBLEM,
        },
    }
}
CONTENT = {
    "get": {
        "summary": "File",
        "description": (
            "The content of a file of a message that the caller sees, or has uploaded; whole, or "
            "the range of bytes that is asked for. With `download` it is only ever saved."
        ),
        "operationId": "file",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "download", "in": "query", "required": False, "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"description": "The content.", "content": {"*/*": {}}},
            "206": {"description": "A part of it.", "content": {"*/*": {}}},
            "default": PROBLEM,
        },
    }
}

BY_HAND = {
    "/api/desk": STREAM,
    "/api/desk/beat": BEAT,
    "/api/media": UPLOAD,
    "/api/media/{id}": CONTENT,
}


def describe(app: Litestar) -> dict[str, Any]:
    """The OpenAPI description of *app*, and of what stands beside it."""
    description: dict[str, Any] = app.openapi_schema.to_schema()
    for path in description["paths"].values():
        for operation in path.values():
            operation["responses"].pop("400", None)
            operation["responses"].get("204", {}).pop("content", None)
            operation["responses"]["default"] = PROBLEM
    description["paths"] |= BY_HAND
    description["paths"] = dict(sorted(description["paths"].items()))
    _, schemas = msgspec.json.schema_components(
        [*_structs(views), *_structs(bodies)], ref_template=REF
    )
    description["components"] = {"schemas": dict(sorted(schemas.items()))}
    return description


def printed(description: dict[str, Any]) -> str:
    """The text of *description*, as it is committed."""
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"


def _structs(module: ModuleType) -> list[type[msgspec.Struct]]:
    values = [value for value in vars(module).values() if isinstance(value, type)]
    return [value for value in values if issubclass(value, msgspec.Struct) and _own(value)]


def _own(struct: type[msgspec.Struct]) -> bool:
    """One with a name of its own, and not what others have in common."""
    return struct is not msgspec.Struct and not struct.__name__.startswith("_")
