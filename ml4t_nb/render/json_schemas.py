"""JSON schemas of documents, made of the types that they are written from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints, is_typeddict

from ml4t_nb.check_reports import CheckReport
from ml4t_nb.codec import OMITTED, is_inline, union_members
from ml4t_nb.model import DatasetId, Hint
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render import documents, review_documents
from ml4t_nb.render.backup_document import BackupDocument, CheckBackupDocument
from ml4t_nb.render.check_document import CheckDocument
from ml4t_nb.render.export_document import ExportDocument
from ml4t_nb.render.notify_document import NotifyDocument
from ml4t_nb.render.pins_document import PinsDocument
from ml4t_nb.render.plan_document import PlanDocument
from ml4t_nb.render.sql_document import SqlDocument
from ml4t_nb.render.sync_document import SyncDocument
from ml4t_nb.reports import (
    GapsReport,
    HealthReport,
    PlotReport,
    ReviewReport,
    RunReport,
    SyncReport,
)
from ml4t_nb.verbs.docstrings import paragraphs

__all__ = ["DOCUMENTS", "PLAIN_TYPES", "SHOWN_TYPES", "Schema", "SchemaTypes", "schema_name"]

Schema: TypeAlias = dict[str, Any]

DOCUMENTS: dict[str, Any] = {
    "run": documents.RunDocument,
    "sync": SyncDocument,
    "health": documents.HealthDocument,
    "list": documents.ListDocument,
    "gaps": documents.GapsDocument,
    "review": review_documents.ReviewDocument,
    "history": review_documents.HistoryDocument,
    "export": ExportDocument,
    "plot": documents.MapDocument,
    "compare": documents.CompareDocument,
    "sql": SqlDocument,
    "remove": documents.RemoveDocument,
    "providers": documents.ProvidersDocument,
    "notify": NotifyDocument,
    "pins": PinsDocument,
    "backup": BackupDocument,
    "check-backup": CheckBackupDocument,
    "check": CheckDocument,
    "plan": PlanDocument,
    "error": documents.ErrorDocument,
}
"""The type of each document, by the name of its schema."""

_ONE_FOR_ALL = (
    "load", "update", "reconcile", "end", "rename", "undo", "archive", "recompress",
    "rechunk",
)  # fmt: skip
# Whose docstrings explain the fields of a document.
_SAME_FIELDS: Mapping[type, tuple[type, ...]] = {
    documents.DetailedResult: (UpdateRecord, UpdateResult),
    documents.RunDocument: (RunReport,),
    SyncDocument: (SyncReport, RunReport),
    documents.GapsDocument: (GapsReport,),
    review_documents.ReviewDocument: (ReviewReport,),
    documents.HealthDocument: (HealthReport,),
    documents.MapDocument: (PlotReport,),
    CheckDocument: (CheckReport,),
}
# A frame in the report, which the docstring describes, and rows in the document.
_FRAME = (documents.MapDocument, "sessions")
_TEXT: Schema = {"type": "string"}
PLAIN_TYPES: Mapping[Any, Schema] = {
    str: _TEXT,
    Path: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}
SHOWN_TYPES: Mapping[Any, Schema] = {
    **PLAIN_TYPES,
    float: {"type": ["number", "null"]},
    DatasetId: {"type": "string", "description": "CLASS/FREQUENCY/SYMBOL"},
    Hint: {
        "type": "string",
        "description": "What to do next, as its reader types it",
    },
}


def schema_name(verb: str) -> str:
    """The name of the schema of a verb's document."""
    return "run" if verb in _ONE_FOR_ALL else verb


class SchemaTypes:
    """The schemas of types, and of those that they name.

    Parameters
    ----------
    plain
        Types that are no object, and how they are written.
    is_stored
        Whether fields that equal their default are left out, and no other may be added.
    place
        Where the document has the schemas of types that others name.
    """

    def __init__(
        self, plain: Mapping[Any, Schema], *, is_stored: bool, place: str = "#/$defs/"
    ) -> None:
        self._plain = plain
        self._is_stored = is_stored
        self._place = place
        self.named: dict[str, Schema] = {}

    def whole(self, hint: Any) -> Schema:  # noqa: ANN401
        """The schema of ``hint``, complete."""
        draft = "https://json-schema.org/draft/2020-12/schema"
        own = self.of(hint)
        return {"$schema": draft, **own, "$defs": dict(sorted(self.named.items()))}

    def of(self, hint: Any) -> Schema:  # noqa: ANN401, PLR0911  # one for each kind of type
        """The schema of ``hint``, which may refer to those that are ``named``."""
        if hint in self._plain:
            return dict(self._plain[hint])
        if is_dataclass(hint) or is_typeddict(hint):
            return self._ref(hint)
        kinds = get_args(hint)
        if members := union_members(hint):
            null = [{"type": "null"}] if NoneType in kinds else []
            return {"anyOf": [*map(self.of, members), *null]}
        if hint is Any:
            return {}
        if get_origin(hint) is Literal:
            return {"enum": [*kinds]}
        if get_origin(hint) is dict:
            return {"type": "object", "additionalProperties": self.of(kinds[1])}
        items = [self.of(kind) for kind in kinds if kind is not ...]
        if ... in kinds:
            return {"type": "array", "items": items[0]}
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}

    def _ref(self, kind: Any) -> Schema:  # noqa: ANN401
        name = kind.__name__
        if name not in self.named:
            self.named[name] = self._object(kind)
        return {"$ref": f"{self._place}{name}"}

    def _object(self, kind: Any) -> Schema:  # noqa: ANN401
        helps: dict[str, str] = {}
        for source in (*_SAME_FIELDS.get(kind, ()), kind):
            helps |= paragraphs(_docstring(source))
        hints = get_type_hints(kind)
        own: dict[str, Field[Any]] = (
            {each.name: each for each in fields(kind)} if is_dataclass(kind) else {}
        )
        schema: Schema = {"description": _docstring(kind).partition("\n")[0], "type": "object"}
        properties: Schema = {}
        required = []
        for name, hint in hints.items():
            if hint in _inlined(kind):
                inline = self._object(hint)
                properties |= inline["properties"]
                required += inline["required"]
                continue
            properties[name] = self.of(hint)
            if name in helps and (kind, name) != _FRAME:
                properties[name]["description"] = helps[name]
            if self._is_required(own.get(name)) and name not in _optional(kind):
                required.append(name)
        schema |= {"properties": properties, "required": required}
        return schema | ({"additionalProperties": False} if self._is_stored else {})

    def _is_required(self, field: Field[Any] | None) -> bool:
        """Whether it is written whatever its value; a TypedDict has no fields."""
        if field is None or not self._is_stored:
            return field is None or field.default is not OMITTED
        return field.default is MISSING


def _docstring(kind: Any) -> str:  # noqa: ANN401
    return inspect.cleandoc(kind.__doc__ or "")


def _optional(kind: Any) -> frozenset[str]:  # noqa: ANN401
    """Keys that a TypedDict may lack."""
    keys: frozenset[str] = getattr(kind, "__optional_keys__", frozenset())
    return keys


def _inlined(kind: Any) -> list[Any]:  # noqa: ANN401
    """Types whose fields a dataclass has as its own."""
    if not is_dataclass(kind):
        return []
    hints = get_type_hints(kind)
    return [hints[each.name] for each in fields(kind) if is_inline(each)]
