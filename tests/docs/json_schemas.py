"""JSON schemas of the documents that ``--json`` prints and of the manifest, from their types.

``python -m tests.docs.json_schemas`` writes docs/schema anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from docstring_parser import DocstringStyle, parse

from ml4t_nb.codec import OMITTED, is_inline, union_members
from ml4t_nb.model import DatasetId, Hint
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render import documents, review_documents
from ml4t_nb.render.sql_document import SqlDocument
from ml4t_nb.reports import GapsReport, HealthReport, PlotReport, ReviewReport, RunReport
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.manifest_file import VERSION

__all__ = ["FOLDER", "Schema", "schemas", "written"]

FOLDER = Path(__file__).parent.parent.parent / "docs" / "schema"
Schema = dict[str, Any]

_FILES: dict[str, Any] = {
    "run": documents.RunDocument,
    "health": documents.HealthDocument,
    "list": documents.ListDocument,
    "gaps": documents.GapsDocument,
    "review": review_documents.ReviewDocument,
    "history": review_documents.HistoryDocument,
    "export": documents.ExportDocument,
    "plot": documents.MapDocument,
    "compare": documents.CompareDocument,
    "sql": SqlDocument,
    "remove": documents.RemoveDocument,
    "providers": documents.ProvidersDocument,
    "error": documents.ErrorDocument,
}
# Whose docstrings explain the fields of a document.
_SAME_FIELDS: Mapping[type, tuple[type, ...]] = {
    documents.DetailedResult: (UpdateRecord, UpdateResult),
    documents.RunDocument: (RunReport,),
    documents.GapsDocument: (GapsReport,),
    review_documents.ReviewDocument: (ReviewReport,),
    documents.HealthDocument: (HealthReport,),
    documents.MapDocument: (PlotReport,),
}
# A frame in the report, which the docstring describes, and rows in the document.
_FRAME = (documents.MapDocument, "sessions")
_TEXT: Schema = {"type": "string"}
_PLAIN: Mapping[Any, Schema] = {
    str: _TEXT,
    Path: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}
_SHOWN: Mapping[Any, Schema] = {
    **_PLAIN,
    float: {"type": ["number", "null"]},
    DatasetId: {"type": "string", "description": "CLASS/FREQUENCY/SYMBOL"},
    Hint: {
        "type": "string",
        "description": "What to do next, as its reader types it",
    },
}
_STORED: Mapping[Any, Schema] = {
    **_PLAIN,
    float: {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]},
}


def schemas() -> dict[str, Schema]:
    """Each schema by the name of its file."""
    shown = {name: _Types(_SHOWN, is_stored=False).whole(hint) for name, hint in _FILES.items()}
    manifest = _Types(_STORED, is_stored=True).whole(Manifest | None)
    envelope = {
        "type": "object",
        "properties": {
            "version": {"const": VERSION},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "manifest": {"anyOf": manifest.pop("anyOf")},
        },
        "required": ["version", "sha256", "manifest"],
        "additionalProperties": False,
    }
    return {**shown, "manifest": {**manifest, **envelope}}


class _Types:
    """The schemas of types, and of those that they name.

    Parameters
    ----------
    plain
        Types that are no object, and how they are written.
    is_stored
        Whether fields that equal their default are left out, and no other may be added.
    """

    def __init__(self, plain: Mapping[Any, Schema], *, is_stored: bool) -> None:
        self._plain = plain
        self._is_stored = is_stored
        self._named: dict[str, Schema] = {}

    def whole(self, hint: Any) -> Schema:  # noqa: ANN401
        """The schema of ``hint``, complete."""
        draft = "https://json-schema.org/draft/2020-12/schema"
        own = self._of(hint)
        return {"$schema": draft, **own, "$defs": dict(sorted(self._named.items()))}

    def _of(self, hint: Any) -> Schema:  # noqa: ANN401, PLR0911  # one for each kind of type
        if hint in self._plain:
            return dict(self._plain[hint])
        if is_dataclass(hint) or is_typeddict(hint):
            return self._ref(hint)
        kinds = get_args(hint)
        if members := union_members(hint):
            null = [{"type": "null"}] if NoneType in kinds else []
            return {"anyOf": [*map(self._of, members), *null]}
        if hint is Any:
            return {}
        if get_origin(hint) is Literal:
            return {"enum": [*kinds]}
        if get_origin(hint) is dict:
            return {"type": "object", "additionalProperties": self._of(kinds[1])}
        items = [self._of(kind) for kind in kinds if kind is not ...]
        if ... in kinds:
            return {"type": "array", "items": items[0]}
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}

    def _ref(self, kind: Any) -> Schema:  # noqa: ANN401
        name = kind.__name__
        if name not in self._named:
            self._named[name] = self._object(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, kind: Any) -> Schema:  # noqa: ANN401
        words = parse(kind.__doc__ or "", DocstringStyle.NUMPYDOC)
        helps = {
            name: " ".join((each.description or "").split())
            for source in (*_SAME_FIELDS.get(kind, ()), kind)
            for each in parse(source.__doc__ or "", DocstringStyle.NUMPYDOC).params
            for name in each.arg_name.split(", ")
        }
        hints = get_type_hints(kind)
        own: dict[str, Field[Any]] = (
            {each.name: each for each in fields(kind)} if is_dataclass(kind) else {}
        )
        schema: Schema = {"description": words.short_description, "type": "object"}
        properties: Schema = {}
        required = []
        for name, hint in hints.items():
            if hint in _inlined(kind):
                inline = self._object(hint)
                properties |= inline["properties"]
                required += inline["required"]
                continue
            properties[name] = self._of(hint)
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


def written(schema: Schema) -> str:
    """The file of a schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(written(schema), encoding="utf-8")
