"""What may come in: one strict pydantic model for each fact, made from the fact's own class and the bounds in `fields`.

The models are made, not written, so that a fact and what is let in for it cannot drift apart.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, ClassVar, Final, Literal, get_type_hints

import pydantic
from pydantic import BaseModel, ConfigDict, create_model

from router.contract.fields import meaning_of
from router.contract.topics import ID_PATTERN, NAME_PATTERN
from router.events import FACTS, CentreStarted

SEQUENCE_MAX: Final = 2**31 - 1
"""The greatest Integer of CloudEvents 1.0."""

_TIME: Final = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"
).replace(r"\d", "[0-9]")


@dataclass(frozen=True, slots=True)
class SnapshotRequested:
    """A question: what does the floor look like? Answered with `snapshot`; it changes nothing and is not journaled."""

    kind: ClassVar[str] = "snapshot.requested"


class Strict(BaseModel):
    """Nothing is guessed: "7" is not taken for 7, NaN is no number, and an unknown field is a fault."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Envelope(Strict):
    """What every input has around its data: CloudEvents 1.0 in JSON, and `sequence`, an extension of ours."""

    specversion: Literal["1.0"] = pydantic.Field(description="The version of CloudEvents.")
    id: str = pydantic.Field(
        pattern=ID_PATTERN,
        description="The sender's own id for this input, never used for another one.",
        examples=["7c1e"],
    )
    source: str = pydantic.Field(
        pattern=NAME_PATTERN, description="The sender: the participant that the topic names.", examples=["pbx"]
    )
    time: str | None = pydantic.Field(
        None,
        pattern=_TIME,
        description="The sender's time (RFC 3339). Kept as a fact; the engine's own time is what counts.",
        json_schema_extra={"format": "date-time"},
    )
    datacontenttype: Literal["application/json"] | None = pydantic.Field(None, description="What `data` is.")
    subject: str | None = pydantic.Field(
        None, description="The contact, or else the agent or the case, that `data` names. May be left out."
    )
    sequence: int | None = pydantic.Field(
        None,
        ge=1,
        le=SEQUENCE_MAX,
        description="The sender's own number for it, 1, 2, 3, ... for each subject. May be left out.",
    )


@dataclass(frozen=True, slots=True)
class Input:
    """One kind of input: the class of its fact, the model of the whole event, and the names of its personal fields."""

    kind: str
    fact: type
    model: type[Any]
    subject: str
    fields: tuple[str, ...]
    personal: frozenset[str]


def _input(fact: type) -> Input:
    kind: str = fact.kind  # type: ignore[attr-defined]
    names = tuple(each.name for each in fields(fact))
    subject = next((name for name in ("contact", "agent", "case") if name in names), "")
    personal = frozenset(each.name for each in fields(fact) if "personal" in each.metadata)
    return Input(kind, fact, _model(kind, fact), subject, names, personal)


def _model(kind: str, fact: type) -> type[BaseModel]:
    hints = get_type_hints(fact)
    content: dict[str, Any] = {each.name: _declared(kind, each, hints[each.name]) for each in fields(fact)}
    data = create_model(fact.__name__, __base__=Strict, __doc__=fact.__doc__, **content)
    kind_only: Any = (Literal[kind], pydantic.Field(description="The kind of event."))
    given: Any = (data, pydantic.Field(description="The fact itself."))
    if not content:
        given = (data, pydantic.Field(default_factory=data, description="Nothing. May be left out."))
    return create_model(f"{fact.__name__}Input", __base__=Envelope, type=kind_only, data=given)


def _declared(kind: str, each: Field[Any], hint: Any) -> Any:
    meaning = meaning_of(kind, each.name)
    default = ... if each.default is MISSING else each.default
    bounded = pydantic.Field(description=meaning.text, examples=[meaning.example], **meaning.limits)
    return (Annotated[hint, bounded], default)


INPUTS: Final[dict[str, Input]] = {
    each.kind: each for each in map(_input, (*(fact for fact in FACTS if fact is not CentreStarted), SnapshotRequested))
}
