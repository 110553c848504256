"""What Dynamo's operator takes as a DynamoGraphDeployment of nvidia.com/v1beta1, as far as a plan
needs it: a JSON schema written after the types and the rules of admission in ai-dynamo/dynamo,
deploy/operator/api/v1beta1 (commit 0fddc01b, read in November 2026). Fields that a plan never sets
are left out, and so are no fields that are unknown there.
"""

from typing import Any

__all__ = ["DYNAMO_GRAPH", "names_differ_in_more_than_case"]

CONTAINER: dict[str, Any] = {
    "type": "object",
    "required": ["name", "image"],
    "properties": {
        "name": {"const": "main"},
        # The operator reads the version of Dynamo off the tag.
        "image": {"type": "string", "pattern": r"^[^:]+:[0-9]+\.[0-9]+\.[0-9]+$"},
        "command": {"type": "array", "items": {"type": "string"}},
        "args": {"type": "array", "items": {"type": "string"}},
        "resources": {
            "type": "object",
            "properties": {
                "limits": {
                    "type": "object",
                    "properties": {
                        "nvidia.com/gpu": {"type": "string", "pattern": "^[1-9][0-9]*$"}
                    },
                }
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

COMPONENT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "podTemplate"],
    "properties": {
        "name": {
            "type": "string",
            "maxLength": 63,
            "pattern": "^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$",
        },
        "type": {"enum": ["frontend", "worker", "prefill", "decode", "planner", "epp"]},
        "replicas": {"type": "integer", "minimum": 0},
        "podTemplate": {
            "type": "object",
            "required": ["spec"],
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["containers"],
                    "properties": {
                        "containers": {"type": "array", "items": CONTAINER, "minItems": 1}
                    },
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

DYNAMO_GRAPH: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "nvidia.com/v1beta1"},
        "kind": {"const": "DynamoGraphDeployment"},
        "metadata": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}
            },
        },
        "spec": {
            "type": "object",
            "properties": {
                "backendFramework": {"enum": ["sglang", "vllm", "trtllm"]},
                "components": {"type": "array", "items": COMPONENT, "maxItems": 25},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


def names_differ_in_more_than_case(graph: dict[str, Any]) -> bool:
    """Whether no two components have one name, however it is written."""
    names = [one["name"].lower() for one in graph["spec"]["components"]]
    return len(set(names)) == len(names)
