"""JSON schemas of the documents that ``--json`` prints and of the manifest, from their types.

``python -m tests.docs.json_schemas`` writes docs/schema anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml4t_nb.render.json_schemas import (
    DOCUMENTS,
    PLAIN_TYPES,
    SHOWN_TYPES,
    Schema,
    SchemaTypes,
)
from ml4t_nb.storage.manifest import Manifest, Removal
from ml4t_nb.storage.manifest_file import VERSION

__all__ = ["FOLDER", "schemas", "written"]

FOLDER = Path(__file__).parent.parent.parent / "docs" / "schema"

_STORED: Mapping[Any, Schema] = {
    **PLAIN_TYPES,
    float: {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]},
}


def schemas() -> dict[str, Schema]:
    """Each schema by the name of its file."""
    shown = {
        name: SchemaTypes(SHOWN_TYPES, is_stored=False).whole(hint)
        for name, hint in DOCUMENTS.items()
    }
    manifest = SchemaTypes(_STORED, is_stored=True).whole(Manifest | Removal | None)
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


def written(schema: Schema) -> str:
    """The file of a schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(written(schema), encoding="utf-8")
