"""What pydantic found wrong, said for people and put in its place in the files."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from router.centre.document import Document, Path, dotted, holds
from router.centre.names import UNKNOWN_NAME, Known
from router.errors import Fault
from router.nearest import did_you_mean, what_there_is

SENTENCES: Final[Mapping[str, str]] = {
    "string_type": "this must be text",
    "int_type": "this must be a whole number",
    "float_type": "this must be a number",
    "bool_type": "this must be true or false",
    "list_type": "this must be a list",
    "dict_type": "this must be a mapping of names to values",
    "model_type": "this must be a mapping of settings",
    "model_attributes_type": "this must be a mapping of settings",
    "date_type": "this must be a date",
    "date_parsing": "this must be a date that exists",
    "date_from_datetime_parsing": "this must be a date that exists",
    "string_too_short": "this must not be empty",
    "too_short": "this must not be empty",
    "greater_than_equal": "this must be {ge} or more",
    "less_than_equal": "this must be {le} or less",
    "greater_than": "this must be more than {gt}",
    "less_than": "this must be less than {lt}",
    "literal_error": "this must be {expected}",
    "enum": "this must be {expected}",
}

HINTS: Final[Mapping[str, str]] = {
    "string_type": "put it in quotes",
    "bool_type": "without quotes",
    "int_type": "without quotes and without a point",
    "list_type": "write [one, another], or one - a line",
    "date_type": "write it like 2026-01-31",
    "date_parsing": "write it like 2026-01-31",
    "date_from_datetime_parsing": "write it like 2026-01-31",
}

NUMBER_MAX: Final = 10**18
"""Above it a row of digits is no whole number; see `router.centre.document`."""

_KINDLESS: Final = frozenset({"union_tag_invalid", "union_tag_not_found"})

_Model = TypeVar("_Model", bound=BaseModel)


def validated(model: type[_Model], value: Any, known: Known | None = None) -> _Model:
    """Validation as of JSON, whose strict mode takes a date's text for a date, but no text for a number."""
    return model.model_validate_json(json.dumps(value, allow_nan=False), context=known)


def errors_of(model: type[BaseModel], value: Any, known: Known) -> tuple[list[ErrorDetails], list[ErrorDetails]]:
    """What is wrong with the form of a value, and the names in it that name nothing.

    Two searches, since pydantic asks no rule about a setting as a whole once any part of it is wrong: an unknown name
    in a list must not hide that the list is too short.
    """
    found = _errors(model, value, known)
    names = [details for details in found if details["type"] == UNKNOWN_NAME]
    return (_errors(model, value, None) if found else []), names


def _errors(model: type[BaseModel], value: Any, known: Known | None) -> list[ErrorDetails]:
    try:
        validated(model, value, known)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def sound_part(
    model: type[BaseModel],
    value: Mapping[str, Any],
    form: Iterable[ErrorDetails],
    whole: Collection[str],
    optional: Collection[str] = (),
) -> dict[str, Any]:
    """What is left of a value without what has a fault of form.

    That takes sections that are `whole`, single settings of entries where all are `optional`, and else entries.
    """
    faulty = {_taken_out(details["loc"], whole, optional) for details in form if details["loc"]}
    left: dict[str, Any] = {}
    for name, section in value.items():
        if (name,) in faulty or name not in model.model_fields:
            continue
        if name in whole:
            left[name] = section
        elif isinstance(section, dict):
            entries = {key: entry for key, entry in section.items() if (name, key) not in faulty}
            left[name] = {key: _without(entry, (name, key), faulty) for key, entry in entries.items()}
    return left


def _taken_out(loc: Path, whole: Collection[str], optional: Collection[str]) -> Path:
    """The way to what a fault of form takes with it."""
    if loc[0] in whole:
        return loc[:1]
    return loc[:3] if loc[0] in optional and loc[2:] != ("[key]",) else loc[:2]


def _without(entry: Any, path: Path, faulty: Collection[Path]) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {setting: value for setting, value in entry.items() if (*path, setting) not in faulty}


def explain(document: Document, path: Path, model: type[BaseModel], errors: Iterable[ErrorDetails]) -> list[Fault]:
    """One fault for each error that validating the value at `path` with `model` gave."""
    return [_fault(document, path, model, details) for details in errors]


def told_once(faults: Iterable[Fault]) -> list[Fault]:
    """The faults without those that something is missing which is there, misspelt: that is told of the other name."""
    faults = list(faults)
    meant = {(fault.field.rpartition(".")[0], fault.hint) for fault in faults if fault.message.startswith("unknown ")}

    def is_misspelt(fault: Fault) -> bool:
        entry, _, setting = fault.field.rpartition(".")
        return fault.message == f"`{setting}` is missing" and (entry, did_you_mean(setting, [setting])) in meant

    return [fault for fault in faults if not is_misspelt(fault)]


def not_read(document: Document, path: Path, errors: Iterable[ErrorDetails]) -> Iterator[str]:
    """A sentence for each value that nothing can be said of, as its setting, its form or its kind is another."""
    for details in errors:
        here = _real(document, path, details["loc"])
        if details["type"] in _KINDLESS:
            yield f"the settings of {dotted(here)}, whose kind is not known"
        is_unknown = details["type"] == "extra_forbidden" and len(here) > 1
        is_other = details["type"].endswith("_type") and isinstance(document.value(here), dict | list)
        if is_unknown or (is_other and document.value(here)):
            yield f"what stands in {dotted(here)}"


def _fault(document: Document, path: Path, model: type[BaseModel], details: ErrorDetails) -> Fault:
    here = _real(document, path, details["loc"])
    if details["type"] == "extra_forbidden":
        known = {name for name, _ in _settings(model, document, path, here[len(path) : -1])}
        what = "section" if len(here) == 1 else "setting"
        return document.fault(here, f"unknown {what} `{here[-1]}`", what_there_is(str(here[-1]), known))
    if details["type"] == "missing":
        return document.fault(here, f"`{here[-1]}` is missing", _meaning(document, path, model, here))
    if details["type"] == UNKNOWN_NAME:
        return document.fault(here, details["msg"], details["ctx"]["hint"])
    if details["type"] in _KINDLESS:
        return _unknown_kind(document, here, details)
    return document.fault(here, _sentence(details), _hint(details) or _meaning(document, path, model, here))


def _unknown_kind(document: Document, path: Path, details: ErrorDetails) -> Fault:
    """A node (or whatever else has kinds) of a kind that does not exist, or of none."""
    context = details.get("ctx", {})
    key = str(context["discriminator"]).strip("'")
    kinds = re.findall(r"'([^']*)'", str(context.get("expected_tags", "")))
    if details["type"] == "union_tag_not_found":
        return document.fault(path, f"`{key}` is missing", "it says of which kind this is")
    if not isinstance(document.value((*path, key)), str):
        return document.fault((*path, key), SENTENCES["string_type"], what_there_is("", kinds))
    kind = str(context["tag"])
    return document.fault((*path, key), f"unknown kind `{kind}`", what_there_is(kind, kinds))


def _real(document: Document, path: Path, loc: tuple[str | int, ...]) -> Path:
    """The way to a value in the files, without what pydantic adds to it: the tags of unions, and `[key]` for a key."""
    parts = [part for part in loc if part != "[key]"]
    for index, part in enumerate(parts):
        value = document.value(path)
        if holds(value, part) or (index == len(parts) - 1 and isinstance(value, dict)):
            path = (*path, part)
    return path


def _is_too_large(value: object) -> bool:
    """Whether a number has more digits than a file's whole numbers may have; it is read as another kind of value."""
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?[0-9]{19,}", value) is not None
    return isinstance(value, float) and abs(value) >= NUMBER_MAX


def _sentence(details: ErrorDetails) -> str:
    if details["type"] in {"int_type", "float_type"} and _is_too_large(details["input"]):
        return "this number is too large"
    if details["type"] in {"value_error", "assertion_error"}:
        return details["msg"].partition(", ")[2]
    if (sentence := SENTENCES.get(details["type"])) is None:
        return details["msg"]
    bounds = {name: _number(value) for name, value in details.get("ctx", {}).items()}
    return sentence.format(**bounds).replace("'", "`")


def _number(value: Any) -> Any:
    """A bound as people write it: 1, not 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _hint(details: ErrorDetails) -> str:
    if details["type"] in {"int_type", "float_type"} and _is_too_large(details["input"]):
        return "a number has 18 digits at most"
    allowed = re.findall(r"'([^']*)'", str(details.get("ctx", {}).get("expected", "")))
    return did_you_mean(str(details["input"]), allowed) if len(allowed) > 1 else HINTS.get(details["type"], "")


def _meaning(document: Document, path: Path, model: type[BaseModel], here: Path) -> str:
    """What is written here, for a fault that says no more than that it is wrong: as the nearest setting around it says.

    It is the first sentence of the manual's description, which ends where a hint's brackets do.
    """
    for end in range(len(here), len(path), -1):
        for name, field in _settings(model, document, path, here[len(path) : end - 1]):
            if name == here[end - 1] and field.description:
                sentence = field.description.partition(". ")[0].rstrip(".,")
                return sentence[0].lower() + sentence[1:]
    return "docs/reference/centre.md describes what may stand here"


def _settings(kind: Any, document: Document, here: Path, way: Path) -> Iterator[tuple[str, FieldInfo]]:
    """The settings, with their names, that the models under `kind` have at the end of `way`, for hints."""
    if get_origin(kind) is Annotated:
        yield from _settings(get_args(kind)[0], document, here, way)
    elif get_origin(kind) in {Union, types.UnionType}:
        for member in get_args(kind):
            yield from _settings(member, document, here, way)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _settings_of_model(kind, document, here, way)
    elif get_args(kind) and way:
        yield from _settings(get_args(kind)[-1], document, (*here, way[0]), way[1:])


def _settings_of_model(
    model: type[BaseModel], document: Document, here: Path, way: Path
) -> Iterator[tuple[str, FieldInfo]]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if not _is_meant(model, document.value(here)):
        return
    if not way:
        yield from fields.items()
    elif str(way[0]) in fields:
        yield from _settings(fields[str(way[0])].annotation, document, (*here, way[0]), way[1:])


def _is_meant(model: type[BaseModel], value: object) -> bool:
    """Whether a value is of the model's kind: of several models, only one has the `node` that the value says."""
    if not isinstance(value, dict):
        return True
    kinds = {
        name: get_args(field.annotation)
        for name, field in model.model_fields.items()
        if field.is_required() and get_origin(field.annotation) is Literal
    }
    return all(value.get(name) in allowed for name, allowed in kinds.items())
