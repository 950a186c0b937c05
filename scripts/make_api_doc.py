#!/usr/bin/env python3
"""Writes docs/api.md, the list of all operations, from store/openapi.json. `--check` only compares."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEAD = """# All operations of the store

Made by `scripts/make_api_doc.py` from [store/openapi.json](../store/openapi.json), which the store shows at `/openapi.json`;
[store-api.md](store-api.md) explains them. Every change also takes `comment` and `dryRun`; those marked * want `If-Match`.
"""


def name_of(schema):
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    return ", ".join(f"{key}: {name_of(value['items'])}[]" for key, value in schema.get("properties", {}).items()
                     if value.get("type") == "array") or schema.get("type", "")


def row(document, method, path, operation):
    names = [document["components"]["parameters"][p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p
             for p in operation.get("parameters", [])]
    query = ", ".join(f"`{p['name']}`" for p in names if p["in"] == "query" and p["name"] not in ("comment", "dryRun"))
    guard = "*" if any(p["name"] == "If-Match" for p in names) else ""
    body = next((name_of(media["schema"]) for media in operation.get("requestBody", {}).get("content", {}).values()), "")
    answers = "; ".join(
        " ".join([status, *(name_of(media["schema"]) for media in answer.get("content", {}).values())])
        for status, answer in operation["responses"].items() if status != "default")
    return f"| `{method.upper()} {path}`{guard} | {operation['summary']} | {query} | {body} | {answers} |"


def kind_of(schema):
    if "$ref" in schema:
        return name_of(schema)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"{kind_of(schema['items'])}[]"
    kinds = schema.get("type", "any")
    return schema.get("format") or (kinds if isinstance(kinds, str) else " or ".join(kinds))


def shapes(document):
    """A row for each schema with members: what bodies and answers are made of."""
    text = "\n## Shapes\n\nMembers marked ? may be left out.\n\n| shape | members |\n|---|---|\n"
    for name, schema in document["components"]["schemas"].items():
        members = [f"`{member}`{'' if member in schema.get('required', []) else '?'} {kind_of(value)}"
                   for member, value in schema.get("properties", {}).items()]
        if members:
            text += f"| {name} | {', '.join(members)} |\n"
    return text


def make():
    document = json.loads((ROOT / "store" / "openapi.json").read_text())
    sections = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            sections.setdefault(operation["tags"][0], []).append(row(document, method, path, operation))
    text = HEAD
    for tag, rows in sections.items():
        text += f"\n## {tag.capitalize()}\n\n| request | | query | body | answer |\n|---|---|---|---|---|\n"
        text += "\n".join(rows) + "\n"
    return text + shapes(document)


target = ROOT / "docs" / "api.md"
if sys.argv[1:] == ["--check"]:
    sys.exit(0 if target.read_text() == make() else "docs/api.md is old: run scripts/make_api_doc.py")
target.write_text(make())
