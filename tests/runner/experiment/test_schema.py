import json
import re
import tomllib

import pytest

from runner.experiment.reading import read, schema, whole
from runner.experiment.source import shipped
from runner.experiment.starter import starter

SCHEMA = schema()
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}


def fits(value, rule):
    """A reference for the part of JSON Schema that this schema uses."""
    if "$ref" in rule:
        return fits(value, SCHEMA["$defs"][rule["$ref"].rpartition("/")[2]])
    kind = rule.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return all(
        (
            kind is None or (number if kind in ("number", "integer") else isinstance(value, KINDS[kind])),
            kind != "integer" or (number and value == int(value)),
            "enum" not in rule or value in rule["enum"],
            "const" not in rule or value == rule["const"],
            "anyOf" not in rule or any(fits(value, branch) for branch in rule["anyOf"]),
            "oneOf" not in rule or sum(fits(value, branch) for branch in rule["oneOf"]) == 1,
            not number or rule.get("minimum", value) <= value <= rule.get("maximum", value),
            not number or "exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"],
            not isinstance(value, str) or re.search(rule.get("pattern", ""), value) is not None,
            not isinstance(value, list) or len(value) >= rule.get("minItems", 0),
            not isinstance(value, list) or all(fits(item, rule.get("items", {})) for item in value),
            not isinstance(value, dict) or len(value) >= rule.get("minProperties", 0),
            not isinstance(value, dict) or all(key in value for key in rule.get("required", ())),
            not isinstance(value, dict)
            or all(
                fits(item, rule["properties"][key])
                if key in rule.get("properties", {})
                else rule.get("additionalProperties", True)
                for key, item in value.items()
            ),
        )
    )


def test_shipped_experiments_and_the_starter_fit_the_schema():
    for path in shipped().values():
        assert fits(tomllib.loads(path.read_text(encoding="utf-8")), SCHEMA), path
    assert fits(tomllib.loads(starter("abc")), SCHEMA)


def test_whole_experiments_fit_the_schema():
    for name in shipped():
        assert fits(whole(read(name)), SCHEMA), name


@pytest.mark.parametrize(
    "content",
    [
        {"name": "a"},
        {"name": "A", "task": "xor"},
        {"name": "a", "task": "xor", "netwrk": {}},
        {"name": "a", "task": "xor", "network": {"hidden": 0}},
        {"name": "a", "task": "xor", "sweep": {}},
        {"name": "a", "task": "xor", "sweep": []},
        {"name": "a", "task": "xor", "sweep": {"hidden": ["x"]}},
        {"name": "a", "task": "xor", "sweep": {"stop": {"start": 0, "stop": 1, "num": 2}}},
        {"name": "a", "task": {"inputs": [[1]]}},
    ],
)
def test_what_the_schema_can_say_it_says(content):
    assert not fits(content, SCHEMA)


def test_the_schema_is_json_of_the_2020_dialect():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
