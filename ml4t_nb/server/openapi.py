"""The OpenAPI document of all paths, made of the verbs' declarations and documents' types."""

from __future__ import annotations

from http import HTTPStatus
from inspect import Parameter
from typing import Any, TypeAlias

import ml4t_nb
from ml4t_nb.commands.declaration import SERVED, Option, Verb, summary, taken
from ml4t_nb.render.json_schemas import DOCUMENTS, SHOWN_TYPES, SchemaTypes, schema_name
from ml4t_nb.server.bars_files import MEDIA_TYPES
from ml4t_nb.server.bars_headers import BARS_HEADERS
from ml4t_nb.server.problems import MEDIA_TYPE
from ml4t_nb.verbs.arguments import ALIASES, served_as

__all__ = ["openapi"]

_Plain: TypeAlias = dict[str, Any]

_TEXT = {"type": "string"}
_PLACE = "#/components/schemas/"
_ERRORS = (400, 403, 404, 405, 406, 409, 413, 415, 422, 423, 500, 501, 503)
_NULLABLE = {"type": ["number", "null"]}
_JOB: _Plain = {
    "description": "A command in the background.",
    "type": "object",
    "properties": {
        "id": _TEXT,
        "verb": _TEXT,
        "line": {**_TEXT, "description": "The same in a shell."},
        "state": {"enum": ["running", "done", "failed", "cancelled"]},
        "exit_code": {
            "type": ["integer", "null"],
            "description": "What a shell would have, once it has ended.",
        },
        "elapsed_s": {"type": "number"},
        "left_s": _NULLABLE,
        "datasets": {"type": "integer"},
        "done": {"type": "integer"},
        "failed": {"type": "integer"},
        "doing": _TEXT,
        "report": {"type": ["object", "null"], "description": "What came of it, as --json has it."},
        "error": {"anyOf": [{"$ref": f"{_PLACE}Problem"}, {"type": "null"}]},
    },
    "required": ["id", "verb", "line", "state", "exit_code", "elapsed_s", "left_s", "datasets",
                 "done", "failed", "doing"],
}  # fmt: skip
_PROBLEM: _Plain = {
    "description": "Why a request failed, as of RFC 9457.",
    "type": "object",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "hint": {**_TEXT, "description": "What to do next."},
        "error": {**_TEXT, "description": "The error's class in Python."},
        "job": {**_TEXT, "description": "The job that is in the way."},
    },
    "required": ["type", "title", "status", "detail", "hint", "error"],
}
_VERSION: _Plain = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {**_TEXT, "anyOf": [{"format": "date"}, {"format": "date-time"}]},
    ]
}
_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT}


def openapi(address: str) -> _Plain:
    """The document of a server whose paths begin with ``address``."""
    types = SchemaTypes(SHOWN_TYPES, is_stored=False, place=_PLACE)
    paths = {f"/{name}": _verb(name, verb, types) for name, verb in SERVED.items()}
    schemas = {**types.named, "Job": _JOB, "Problem": _PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ml4t_nb",
            "version": ml4t_nb.__version__,
            "description": "Market history of one store: read at once, changed by jobs.",
        },
        "servers": [{"url": address}],
        "security": [{"token": []}],
        "paths": {**paths, **_jobs(), "/openapi.json": {"get": _itself()}},
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _verb(name: str, verb: Verb, types: SchemaTypes) -> _Plain:
    known = taken(verb)
    reads, path = served_as(verb) == "read", {}
    if reads:
        parameters = [_parameter(*each) for each in known.items() if not each[1].writes]
        document = types.of(DOCUMENTS["export" if name == "bars" else schema_name(name)])
        content: _Plain = {"application/json": {"schema": document}}
        if name == "bars":
            content |= {each: {} for each in MEDIA_TYPES if each not in content}
        found = _answer("What was found.", content)
        if name == "bars":
            found["headers"] = {
                header: {"description": words, "required": is_always, "schema": _TEXT}
                for header, (words, is_always) in BARS_HEADERS.items()
            }
        path["get"] = _operation(name, verb, {"200": found})
        path["get"]["parameters"] = parameters
    if not reads or any(option.writes for option in known.values()):
        body = {
            "type": "object",
            "properties": {each: _described(option) for each, option in known.items()},
            "additionalProperties": False,
        }
        started = _answer("The job that does it.", _content("Job"))
        path["post"] = _operation(f"start_{name}", verb, {"202": started})
        path["post"]["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return path


def _parameter(name: str, option: Option) -> _Plain:
    return {
        "name": name,
        "in": "query",
        "description": option.help,
        "required": option.default is Parameter.empty,
        "schema": _schema(option),
        **({"explode": False} if option.kind in ("choices", "pair") else {}),
    }


def _described(option: Option) -> _Plain:
    return {**_schema(option), "description": option.help}


def _schema(option: Option) -> _Plain:
    """The values that an option takes."""
    words = [*option.choices, *ALIASES.get(option.name, {})]
    plain: dict[str, _Plain] = {
        "switch": {"type": "boolean"},
        "choice": {"enum": words},
        "choices": {"type": "array", "items": {"enum": words}, "minItems": 1},
        "frequency": {"anyOf": [{"enum": words}, {"type": "string", "pattern": "^[0-9]+m$"}]},
        "whole": {"type": "integer"},
        "version": _VERSION,
        "pair": {"type": "array", "items": _VERSION, "minItems": 2, "maxItems": 2},
        "number": {"type": "number"},
        "day": {"type": "string", "format": "date"},
        "moment": {**_TEXT, "anyOf": [{"format": "date"}, {"format": "date-time"}]},
        "word": {"type": "string", "minLength": 1},
    }
    schema = plain[option.kind]
    if option.is_repeated:
        return {"type": "array", "items": schema, "minItems": 1}
    if isinstance(option.default, bool | int | float | str):
        default = [option.default] if option.kind == "choices" else option.default
        schema = {**schema, "default": default}
    return schema


def _operation(name: str, verb: Verb, answers: _Plain) -> _Plain:
    return {"operationId": name, "summary": summary(verb), "responses": {**answers, **_errors()}}


def _jobs() -> _Plain:
    listed = {
        "type": "object",
        "properties": {"jobs": {"type": "array", "items": {"$ref": f"{_PLACE}Job"}}},
        "required": ["jobs"],
    }
    every = _answer("All jobs.", {"application/json": {"schema": listed}})
    one = _answer("The job.", _content("Job"))
    events = _answer("Events progress, then end.", {"text/event-stream": {"schema": _TEXT}})
    return {
        "/jobs": {"get": _plain("jobs", "List the jobs of this server.", {"200": every})},
        "/jobs/{id}": {
            "parameters": [_ID],
            "get": _plain("job", "How far a job is, or what came of it.", {"200": one}),
            "delete": _plain("cancel", "End a job; what is committed stays.",
                             {"200": one, "202": one}),
        },
        "/jobs/{id}/events": {
            "parameters": [_ID],
            "get": _plain("events", "Follow a job.", {"200": events}),
        },
    }  # fmt: skip


def _itself() -> _Plain:
    content = {"application/json": {"schema": {"type": "object"}}}
    return _plain("openapi", "This document.", {"200": _answer("This document.", content)})


def _plain(name: str, words: str, answers: _Plain) -> _Plain:
    return {"operationId": name, "summary": words, "responses": {**answers, **_errors()}}


def _errors() -> _Plain:
    problem = {MEDIA_TYPE: {"schema": {"$ref": f"{_PLACE}Problem"}}}
    return {str(each): _answer(HTTPStatus(each).phrase, problem) for each in _ERRORS}


def _content(name: str) -> _Plain:
    return {"application/json": {"schema": {"$ref": f"{_PLACE}{name}"}}}


def _answer(words: str, content: _Plain) -> _Plain:
    return {"description": words, "content": content}
