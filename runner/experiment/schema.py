"""The JSON Schema of an experiment file, for editors that complete and check while one types."""

from typing import Any

from runner.experiment.document import Document, Points, SeedRange
from runner.experiment.limits import LARGEST, POINTS, SEEDS
from runner.experiment.spec import SWEEPABLE
from runner.experiment.weight_axes import PATTERN

_RANGED = {"integer", "number"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an experiment file.

    It holds what can be said of one key alone; `runner.experiment.reading.read` knows the rules between keys too.
    """
    document = Document.model_json_schema()
    tables = document["$defs"]
    tables["Points"], tables["SeedRange"] = Points.model_json_schema(), SeedRange.model_json_schema()
    seed = tables["SeedRange"]["properties"]["first"]
    seeds = [{"type": "integer", "minimum": 1, "maximum": SEEDS}, _list_of(seed), {"$ref": "#/$defs/SeedRange"}]
    axes = {key: _axis(tables[table.title()]["properties"][key]) for key, table in SWEEPABLE.items()}
    tables["Sweep"] = {
        "type": "object",
        "description": "One grid: the product of its axes, each trained from every seed.",
        "properties": {"seeds": {"anyOf": seeds}, **axes},
        "patternProperties": {PATTERN: _axis({"type": "number", "minimum": -LARGEST, "maximum": LARGEST})},
        "additionalProperties": False,
        "minProperties": 1,
    }
    sweep = {"$ref": "#/$defs/Sweep"}
    document["properties"]["sweep"] = {"anyOf": [sweep, {"type": "array", "items": sweep, "minItems": 1}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}


def _axis(value: dict[str, Any]) -> dict[str, Any]:
    kinds = {form.get("type") for form in (value, *value.get("anyOf", ()))}
    return {"anyOf": [_list_of(value), {"$ref": "#/$defs/Points"}]} if kinds & _RANGED else _list_of(value)


def _list_of(value: dict[str, Any]) -> dict[str, Any]:
    items = {key: item for key, item in value.items() if key not in {"default", "title"}}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": POINTS, "uniqueItems": True}
