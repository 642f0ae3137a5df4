"""Which names there are, and the mark in a model's types that says of what a text must be the name.

    team: Annotated[Id, named("teams", "team of this centre")]

Names are looked up by pydantic, which goes on to the next value after each mistake: so an entry that has a fault of
form is searched like any other. They are looked up only where validation is given what there is, as its context.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from router.centre.document import Document
from router.nearest import did_you_mean, what_there_is

UNKNOWN_NAME: Final = "unknown_name"
"""The type that pydantic's errors have when a name names nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names there are, by what they name. What is not in `names` cannot be known, so nothing is wrong with it.

    One mistake is one fault: an entry with faults of its own has a name, and so has one that may stand in a file which
    cannot be read.
    """

    document: Document
    names: Mapping[str, Collection[str]]

    def lacks(self, kind: str, name: str) -> bool:
        """Whether `name` surely names nothing of this kind."""
        return kind in self.names and name not in self.names[kind] and not self.document.may_hold(name)

    def hint(self, kind: str, name: str) -> str:
        """The name that was probably meant, or those there are."""
        if not self.document.broken:
            return what_there_is(name, self.names[kind])
        return did_you_mean(name, self.names[kind]) or "nor does it stand in a file that cannot be read"


def named(kind: str, what: str) -> AfterValidator:
    """A text that names one of `kind`; `what` is that in words, after "is no"."""

    def look_up(name: str, info: ValidationInfo) -> str:
        known: Known | None = info.context
        if known is not None and known.lacks(kind, name):
            about = {"name": name, "what": what, "hint": known.hint(kind, name)}
            raise PydanticCustomError(UNKNOWN_NAME, "`{name}` is no {what}", about)
        return name

    return AfterValidator(look_up)
