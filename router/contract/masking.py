"""What is kept of an input that is refused: its shape and its public fields, and no personal value.

Known public fields of a readable event stay; everything else becomes `***`. Of a body that cannot be read, only the
contract's own words and the punctuation stay, which is enough to see where it broke.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from router.contract.inputs import INPUTS, Envelope

MASK: Final = "***"
KEPT_BYTES_MAX: Final = 4_096
"""How much is kept of a body that cannot be read."""

_ATTRIBUTES: Final = Envelope.model_fields.keys() | {"type", "data"}
_WORD: Final = re.compile(r"[\w#]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:+/-]{0,128}")
_VOCABULARY: Final = (
    {"true", "false", "null", "application", "json"}
    | _ATTRIBUTES
    | {word for kind in INPUTS for word in kind.split(".")}
    | {name for each in INPUTS.values() for name in each.fields}
)


def mask(kind: str, value: str) -> str:
    """A `router.codec.Seal` that gives no value away: for what is kept of facts that were refused."""
    return MASK


def masked_event(body: Any) -> bytes:
    """A JSON value that is no event of ours, as JSON, with whatever might be personal masked."""
    if not isinstance(body, dict):
        return json.dumps(MASK).encode()
    kept = {name: _public(body[name]) for name in body if name in _ATTRIBUTES and name != "data"}
    if "data" in body:
        kept["data"] = _masked_data(body.get("type"), body["data"])
    if body.keys() - _ATTRIBUTES:
        kept[MASK] = MASK
    return json.dumps(kept).encode()


def masked_text(payload: bytes) -> bytes:
    """The beginning of a body that cannot be read, every word of it masked that is not the contract's."""
    text = payload[:KEPT_BYTES_MAX].decode(errors="replace")
    return _WORD.sub(_unless_ours, text).encode(errors="replace")


def _masked_data(kind: Any, data: Any) -> Any:
    if not isinstance(data, dict):
        return MASK
    known = INPUTS.get(kind) if isinstance(kind, str) else None
    names, personal = (known.fields, known.personal) if known else ((), frozenset[str]())
    kept = {name: MASK if name in personal else _public(data[name]) for name in data if name in names}
    return kept if len(kept) == len(data) else kept | {MASK: MASK}


def _public(value: Any) -> Any:
    """The value of a public field, unless it is of a form that no public field has."""
    plain = value is None or isinstance(value, bool | int) or (isinstance(value, str) and _PLAIN.fullmatch(value))
    return value if plain else MASK


def _unless_ours(word: re.Match[str]) -> str:
    return word[0] if word[0] in _VOCABULARY else "*" * len(word[0])
