"""What Kubernetes' API server would find in exported objects.

The schemas are the projects' own (CRDs, values.schema.json); they lie next to the checkout and are
no part of it. Where they are missing, the fields that their documents call required are still
looked for.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema
import yaml

from tests.support.paths import SHARED

__all__ = ["SCHEMAS", "crd_problems", "helm_problems"]

SCHEMAS = SHARED / "schemas"
CRDS = {
    ("serving.kserve.io/v1alpha2", "LLMInferenceService"): "kserve-llminferenceservices.yaml",
    ("inference.networking.k8s.io/v1", "InferencePool"): "gie-inferencepools.yaml",
    ("llm-d.ai/v1alpha2", "InferenceObjective"): "llm-d-inferenceobjectives.yaml",
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "gateway-api-httproutes.yaml",
    ("keda.sh/v1alpha1", "ScaledObject"): "keda-scaledobjects.yaml",
}
REQUIRED = {
    "LLMInferenceService": ("spec.model.uri",),
    "InferencePool": ("spec.selector.matchLabels", "spec.targetPorts"),
    "InferenceObjective": ("spec.poolRef.name",),
    "HTTPRoute": ("spec.parentRefs", "spec.rules"),
    "ScaledObject": ("spec.scaleTargetRef.name", "spec.triggers"),
}
Schema = dict[str, Any]


def crd_problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with an object of one of CRDS; a field that the server would drop is wrong."""
    version, kind = document["apiVersion"], document["kind"]
    problems = [
        f"{path} is missing" for path in REQUIRED[kind] if not _has(document, path.split("."))
    ]
    file = SCHEMAS / CRDS[version, kind]
    if file.exists():
        problems += _messages(_crd_validator(CRDS[version, kind], version), document)
    return problems


def helm_problems(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with values of production-stack's chart."""
    path = SCHEMAS / "production-stack-values.schema.json"
    if not path.exists():
        return []
    schema = json.loads(path.read_text(encoding="utf-8"))
    return _messages(jsonschema.Draft7Validator(_closed(schema)), values)


def _messages(validator: Any, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def _has(document: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return document not in ("", [], {})


@cache
def _crd_validator(name: str, version: str) -> Any:
    """The structural schema of a CRD's version as JSON Schema."""
    crd = yaml.load((SCHEMAS / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
    (found,) = (
        one["schema"]["openAPIV3Schema"]
        for one in crd["spec"]["versions"]
        if one["name"] == version.rpartition("/")[2]
    )
    return jsonschema.Draft7Validator(_closed(found))


def _closed(schema: Schema) -> Schema:
    """A schema that refuses what it does not name, as `kubectl --validate=strict` does.

    A CRD's schema differs from JSON Schema in `nullable` and in x-kubernetes-int-or-string, which
    says in a field of its own what `anyOf` already says where it is written.
    """
    closed = {key: _closed_part(key, value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        closed.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    named = "properties" in schema and "additionalProperties" not in schema
    if named and not schema.get("x-kubernetes-preserve-unknown-fields"):
        closed["additionalProperties"] = False
    return {"anyOf": [closed, {"type": "null"}]} if schema.get("nullable") else closed


def _closed_part(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _closed(one) for name, one in value.items()}
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _closed(value)
    return value
