"""The JSON Schema of a scenario's file, for editors. Pure.

It says all that a schema can say. That names lead to steps, and that placeholders exist, only
`reading` knows.
"""

from collections.abc import Mapping
from typing import Any, Final

from gooclaim_cli.firing.faults import SINGLE, Fault
from gooclaim_cli.stories.grammar import (
    EVENT,
    EXPECT,
    LONGEST_SPAN,
    MOST_TIMES,
    NAME,
    NUMBER_VALUE,
    SCENARIO,
    STATUS,
    STEP,
    TEXT_VALUE,
    VALUE,
)
from gooclaim_cli.wire import CATALOGUE

_SPAN: Final = r"^\s*[0-9]{1,12}(\.[0-9]+)?\s*(ms|s|m|h|d|MS|S|M|H|D)?\s*$"
# YAML takes 2024 for a number and no for a boolean: as text both are meant.
_TEXT: Final = ("string", "number", "boolean")


def scenario_schema() -> dict[str, Any]:
    """The schema as a value of JSON, in draft 7, which every editor knows."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A scenario of gooclaim",
        **_object(
            SCENARIO,
            {
                "title": _text(),
                "about": _text(),
                "values": _values(),
                "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}},
            },
        ),
        "required": ["steps"],
        "definitions": {
            "step": _step(),
            "expect": _expect(),
            "span": {
                "anyOf": [
                    {"type": "string", "pattern": _SPAN},
                    {"type": "number", "minimum": 0, "maximum": LONGEST_SPAN},
                ]
            },
            "status": {
                "anyOf": [
                    {"type": "string", "pattern": f"^{STATUS}$"},
                    {"type": "integer", "minimum": 100, "maximum": 599},
                ]
            },
            "statuses": {
                "anyOf": [
                    {"$ref": "#/definitions/status"},
                    {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/status"}},
                ]
            },
        },
    }


def _values() -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{VALUE}$"},
        "patternProperties": {
            f"^{TEXT_VALUE}$": {"type": "string"},
            f"^{NUMBER_VALUE}$": {"type": "integer"},
        },
    }


def _step() -> dict[str, Any]:
    several = [fault.value for fault in Fault if fault not in SINGLE]
    judged = [{"required": ["status"]}, {"required": ["duplicate"]}]
    return {
        **_object(
            STEP,
            {
                "event": {"anyOf": [_known_events(), {"type": "string", "pattern": f"^{EVENT}$"}]},
                "again": _text(NAME),
                "name": _text(NAME),
                "note": _text(),
                "after": {"$ref": "#/definitions/span"},
                "times": {"type": "integer", "minimum": 1, "maximum": MOST_TIMES},
                "every": {"$ref": "#/definitions/span"},
                "at_once": {"type": "boolean"},
                "arrives_behind": _text(NAME),
                "fault": {"enum": [fault.value for fault in Fault]},
                "data": {"type": "object"},
                "expect": {"$ref": "#/definitions/expect"},
            },
        ),
        "oneOf": [{"required": ["event"]}, {"required": ["again"]}],
        "allOf": [
            {"not": {"required": ["every", "at_once"]}},
            {"not": {"required": ["again", "data"]}},
            {
                "if": {"required": ["fault"], "properties": {"fault": {"enum": several}}},
                "then": {"properties": {"expect": {"not": {"anyOf": judged}}}},
            },
        ],
    }


def _expect() -> dict[str, Any]:
    return _object(
        EXPECT,
        {
            "status": {"$ref": "#/definitions/statuses"},
            "within": {"$ref": "#/definitions/span"},
            "duplicate": {"$ref": "#/definitions/statuses"},
        },
    )


def _known_events() -> dict[str, Any]:
    return {
        "oneOf": [
            {"const": name, "description": each.description} for name, each in CATALOGUE.items()
        ]
    }


def _text(pattern: str | None = None) -> dict[str, Any]:
    return {"type": list(_TEXT)} | ({"pattern": f"^{pattern}$"} if pattern else {})


def _object(described: Mapping[str, str], properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object of these members and no others; `allOf`, since a $ref stands alone in draft 7."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"description": described[name], "allOf": [each]}
            if "$ref" in each
            else {"description": described[name], **each}
            for name, each in properties.items()
        },
    }
