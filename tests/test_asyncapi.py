"""The generated reference: it is what the code says, and valid by tools that are not ours."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from router import contract
from router.contract.fields import FIELDS
from router.contract.messages import Message, messages
from router.events import EVENTS

ROOT = Path(__file__).parent.parent
MESSAGES = messages()
PARSE = """
const fs = require("fs");
const { Parser } = require("@asyncapi/parser");
new Parser().parse(fs.readFileSync(0, "utf8")).then(({ document, diagnostics }) => {
  const faults = diagnostics.filter(({ severity }) => severity < 2);
  console.log(JSON.stringify({ valid: document !== undefined, faults }));
});
"""


def key_of(message: Message) -> str:
    """Name a test case after its message."""
    return message.key


@pytest.mark.parametrize("path", contract.documents())
def test_the_reference_is_what_the_code_says(path: str) -> None:
    """The generated pages stand in the project as the code would write them now, whatever the order of its sets."""
    assert contract.documents()[path] == (ROOT / path).read_text(encoding="utf-8")


def test_every_event_has_its_place_in_the_reference() -> None:
    """Whatever the engine can say is described."""
    assert {f"out.{kind}" for kind in EVENTS} == {message.key for message in MESSAGES if message.key.startswith("out.")}


@pytest.mark.parametrize("message", MESSAGES, ids=key_of)
def test_an_example_is_valid_by_its_own_schema(message: Message) -> None:
    """Each message's example passes its JSON Schema, which is a schema."""
    Draft7Validator.check_schema(message.payload)
    assert [] == [error.message for error in Draft7Validator(message.payload).iter_errors(message.example)]


@pytest.mark.parametrize("message", [message for message in MESSAGES if message.channel != "available"], ids=key_of)
def test_a_schema_refuses_what_lacks_a_required_attribute(message: Message) -> None:
    """The schemas bite: without any one required attribute an example fails."""
    for name in message.payload["required"]:
        wrong = {key: value for key, value in message.example.items() if key != name}
        assert not Draft7Validator(message.payload).is_valid(wrong)


@pytest.mark.parametrize("message", MESSAGES, ids=key_of)
def test_every_field_says_what_it_means(message: Message) -> None:
    """No field of any message is left without a description, and no message without a summary."""
    assert message.summary
    assert all(field["description"] for field in message.data.get("properties", {}).values())


def test_no_meaning_is_given_to_a_field_that_is_not() -> None:
    """The table of meanings holds no entry that no message uses."""
    used = {(kind, name) for message in MESSAGES for kind, name in _fields(message.kind, message.data)}
    names = {name for _, name in used} | {f"{kind}:{name}" for kind, name in used}
    assert set() == FIELDS.keys() - names


def _fields(kind: str, schema: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, field in schema.get("properties", {}).items():
        found.append((kind, name))
        if isinstance(field.get("items"), dict):
            found += _fields(name, field["items"])
    return found


def test_no_reference_within_the_document_dangles() -> None:
    """Every `$ref` leads to something."""
    document = contract.asyncapi()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place: Any = document
        for part in reference.split("/"):
            place = place[part]
        assert place


def test_asyncapis_own_parser_accepts_the_document(asyncapi_parser: Path) -> None:
    """The AsyncAPI initiative's parser finds no error and no warning in the document."""
    document = contract.documents()["docs/reference/asyncapi.json"]
    parsed = subprocess.run(
        ["node", "-e", PARSE],  # noqa: S607 - the one from PATH, as the fixture found it
        input=document,
        cwd=asyncapi_parser,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert {"valid": True, "faults": []} == json.loads(parsed.stdout)
