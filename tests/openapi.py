"""Every answer that a test gets from the ParallelCluster surface must be one that its OpenAPI document promises."""
import functools
import pathlib
import re

import fastjsonschema
import yaml

DOCUMENT = yaml.safe_load((pathlib.Path(__file__).parent.parent / "openapi/parallelcluster.yaml").read_text())

# What stands before the operations answers for itself: refused callers, limits, operations that are not built yet.
GATEWAY = {403, 408, 413, 415, 429, 431, 501, 503}
GATEWAY_BODY = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}


def closed(schema):
    """The schema, with members that it does not name forbidden: a wrongly spelt one would pass as additional."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(part) for name, part in schema.items()}
    return {**schema, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else schema


def resolve(part):
    while "$ref" in part:
        part = functools.reduce(dict.get, part["$ref"].removeprefix("#/").split("/"), DOCUMENT)
    return part


@functools.cache
def validator(reference):
    schema = GATEWAY_BODY if reference is None else {"$ref": reference}
    components = {"schemas": closed(DOCUMENT["components"]["schemas"])}
    return fastjsonschema.compile({"allOf": [closed(schema)], "components": components})


def operation(method, path):
    path = re.sub(r"^(/prod)?/v3", "", path.partition("?")[0])
    for template, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return operations.get(method.lower())
    return None


def check(method, path, answer):
    """Fails where the answer is none of those that the document has for this operation."""
    found = operation(method, path)
    if not found:
        return
    what = f"{found['operationId']} answered {answer}"
    response = found["responses"].get(str(answer.status))
    if response is None:
        assert answer.status in GATEWAY, f"{what}: openapi/ has no such status"
        reference = None
    elif "content" not in resolve(response):
        assert answer.body == b"", what
        return
    else:
        reference = resolve(response)["content"]["application/json"]["schema"]["$ref"]
    assert answer.headers["Content-Type"] == "application/json", what
    try:
        validator(reference)(answer.json)
    except fastjsonschema.JsonSchemaException as wrong:
        raise AssertionError(f"{what}: {wrong.message}") from None
