"""The reference of all settings, written from the models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter

from router.centre import calendars, schema
from router.centre.entries import Fact, Id, Key, Language

INTRODUCTION: Final = """\
# The files of a centre

This page is written from the models that check the files (`./dev docs`); a test compares the two.

A centre is a folder. Every file in it that ends in `.yaml` gives sections; how they are spread over files is yours to
choose. A section may stand in several files, an entry only once. `firstline check FOLDER` lists every fault with its
file, line and setting, and a hint; nothing is started with a centre that has one.

Checked are not only the settings themselves, but also what they say together: that every name names something, that
every prompt exists in every language of the centre, that no date lies outside the horizon and no calendar is always
closed, that callers reach every node of a menu and come to an end even if they press nothing, that no two entry points
share an address, that for every queue and language in which contacts come there is an agent who could serve them, and
that no rule is idle: a tier that never opens, a relaxation that adds nobody, a skill that nobody has, a setting
without effect beside another.

The same content has the same hash, however the files are laid out and in whatever order. Names for people (the texts
under `skills` and `reasons`) and the `population` of the simulator are no part of it.

**Text.** Files are YAML 1.2 in UTF-8, so that `no`, `09:00` and `2026-01-31` need no quotes. A number that is a name,
such as a dialled one, does: `"100"`. Aliases (`*name`) and tags (`!name`) are not used: a value has one place.

| a value of | is |
|---|---|
| id | lower-case letters, digits and hyphens or underscores, such as `hr-zh` |
| duration | `20s`, `3m`, `2h`, `1h30m`, `500ms`. There is no day: write the hours you mean |
| date | `2026-01-31` |
| language | a tag of BCP 47: `en`, `ja`, `zh-Hant` |
| fact | what is known of a contact: lower-case letters, digits and underscores, such as `employee_number` |
| key | `0` to `9`, `'*'` or `'#'`; these two in quotes |
| address | a dialled number or an extension, in quotes |

"""

Schema = dict[str, Any]

_NAMED: Final = [TypeAdapter(kind).json_schema() for kind in (Fact, Id, Key, Language)]

NAMES: Final[dict[str, str]] = {about["pattern"]: about["format"] for about in _NAMED}
"""What the keys of a mapping are called, by the pattern that the schema has for them."""


def manual() -> str:
    """The page in Markdown: every section, every setting, its values, its default and its meaning."""
    whole = schema()
    models = whole["$defs"]
    parts = [INTRODUCTION]
    for name, section in whole["properties"].items():
        parts.append(f"## `{name}`\n\n{section['description']}\n\n")
        if name == "calendars":
            parts.append(f"{inspect.getdoc(calendars)}\n\n")
        for path, model in _models_in(section, models, name):
            parts.append(_table(path, model, models))
    return "".join(parts).rstrip("\n") + "\n"


def _models_in(value: Schema, models: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every model that a value at `path` may hold, however deep, with its own path."""
    if "properties" in (model := models.get(value.get("$ref", "").removeprefix("#/$defs/"), {})):
        yield path, model
        for name, setting in model["properties"].items():
            yield from _models_in(setting, models, f"{path}.{name}")
    for one in [*value.get("anyOf", ()), *value.get("oneOf", ())]:
        yield from _models_in(one, models, path)
    for one in value.get("patternProperties", {}).values():
        yield from _models_in(one, models, f"{path}.ID")
    if isinstance(of_each := value.get("additionalProperties"), dict):
        yield from _models_in(of_each, models, f"{path}.NAME")
    if "items" in value:
        yield from _models_in(value["items"], models, f"{path}[]")


def _table(path: str, model: Schema, models: Schema) -> str:
    title = ", ".join([f"### `{path}`", *_kind(model)])
    rows = [_row(name, setting, model, models) for name, setting in model["properties"].items()]
    head = "| setting | value | default | meaning |\n|---|---|---|---|"
    return "\n".join([title, "", model["description"], "", head, *rows, "", ""])


def _kind(model: Schema) -> Iterator[str]:
    """Which of the kinds that may stand in one place a model is: by its node, or by what its strategies begin with."""
    properties = model["properties"]
    if node := properties.get("node", {}).get("const"):
        yield f"`node: {node}`"
    if strategies := properties.get("strategy", {}).get("enum"):
        yield f"`strategy: {strategies[0].rpartition('.')[0]}.*`"


def _row(name: str, setting: Schema, model: Schema, models: Schema) -> str:
    must = name in model.get("required", ())
    default = "(needed)" if must else f"`{json.dumps(setting['default'])}`".replace('"', "")
    meaning = setting.get("description", "Which kind of node this is." if name == "node" else "As shown above.")
    return f"| `{name}` | {_values(setting, models)} | {default} | {meaning} |"


def _values(value: Schema, models: Schema) -> str:
    """What may stand as a value, in words."""
    value = {**models.get(value.get("$ref", "").removeprefix("#/$defs/"), {}), **value}
    if "anyOf" in value:
        return ", or ".join(_values(one, models) for one in value["anyOf"])
    if options := value.get("enum", [value["const"]] if "const" in value else []):
        return ", ".join(f"`{one}`" for one in options)
    writers = {"array": _list, "object": _object, "integer": _number}
    return writers.get(str(value.get("type")), _word)(value, models)


def _list(value: Schema, models: Schema) -> str:
    return f"list: {_values(value['items'], models)}"


def _object(value: Schema, models: Schema) -> str:
    if "properties" in value:
        return "settings (below)"
    return f"mapping: {_keys(value, models)} to {_values(_item(value), models)}"


def _number(value: Schema, _: Schema) -> str:
    low, high = value.get("minimum"), value.get("maximum")
    bounds = f"{low} to {high}" if high is not None else f"{low} or more" if low is not None else ""
    return f"number, {bounds}".rstrip(", ")


def _word(value: Schema, _: Schema) -> str:
    if "oneOf" in value:
        return "settings (below)"
    names = {"string": "text", "boolean": "`true`, `false`", "null": "`null`"}
    return str(value.get("format") or names[value["type"]])


def _keys(value: Schema, models: Schema) -> str:
    if "propertyNames" in value:
        return _values({"type": "string", **value["propertyNames"]}, models)
    pattern: str = next(iter(value.get("patternProperties", [""])))
    return NAMES.get(pattern, "text")


def _item(value: Schema) -> Schema:
    items = value.get("patternProperties", {"": value.get("additionalProperties")})
    item: Schema = next(iter(items.values()))
    return item
