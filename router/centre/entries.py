"""What entries of a centre's files are made of: the kinds of texts and numbers, and the model that all entries are."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from router.centre.names import named


def _text(title: str, pattern: str, sentence: str) -> tuple[Any, Any]:
    """A text of a given form: a fault is a sentence, where pydantic would print the pattern."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"`{text}` is no {title}: {sentence}")
        return text

    return AfterValidator(check), WithJsonSchema({"type": "string", "format": title, "pattern": f"^({pattern})$"})


_ID = _text(
    "id", r"(?=.{1,64}$)[a-z0-9]+([_-][a-z0-9]+)*", "use up to 64 lower-case letters and digits, joined by hyphens"
)
_LANGUAGE = _text("language", r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "use a tag such as en, ja or zh-Hant (BCP 47)")
_FACT = _text("fact", r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "use lower-case letters, digits and underscores")
_KEY = _text("key", r"[0-9*#]", "a telephone has 0 to 9, * and #")
_ADDRESS = _text("address", r"[^\s/]{1,128}", "use a number such as +862150505001 or an extension, without blanks")

Id = Annotated[str, *_ID]
Language = Annotated[str, *_LANGUAGE]
Fact = Annotated[str, *_FACT]
Key = Annotated[str, *_KEY]
Address = Annotated[str, *_ADDRESS]
SpokenLanguage = Annotated[Language, named("languages", "language of this centre")]
ServiceLine = Annotated[Id, named("service_lines", "service line of any team")]
CalendarName = Annotated[Id, named("calendars", "calendar of this centre")]
PromptName = Annotated[Id, named("prompts", "prompt of this centre")]
FlowName = Annotated[Id, named("flows", "flow of this centre")]
SkillName = Annotated[Id, named("skills", "skill of this centre")]
QueueName = Annotated[Id, named("queues", "queue of this centre")]
TeamName = Annotated[Id, named("teams", "team of this centre")]
AgentName = Annotated[Id, named("agents", "agent or group of agents of this centre")]
WrapUpCode = Annotated[Id, named("reasons", "wrap-up code of this centre")]
CaseTypeName = Annotated[Id, named("case_types", "case type of this centre")]
Condition = Annotated[str, Field(min_length=1, json_schema_extra={"format": "condition"})]
"""An expression in CEL about a contact, true or false."""
Words = Annotated[str, Field(min_length=1)]
Level = Annotated[int, Field(ge=1, le=10)]
Priority = Annotated[int, Field(ge=-1000, le=1000)]
Attempts = Annotated[int, Field(ge=1, le=10)]
Digits = Annotated[int, Field(ge=1, le=32)]


def lasting(default: str, description: str) -> Any:
    """A setting of a duration, with its default as people write it.

    `Field` itself, but typed as anything: the default is a text, which validation turns into milliseconds, where mypy
    would ask for a default that is milliseconds already.
    """
    return Field(default, description=description)


class Entry(BaseModel):
    """Nothing is guessed: unknown settings are faults, and `7` is not taken for "7"."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
