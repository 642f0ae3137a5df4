"""What has a fault already, so that a rule knows whether it may judge, and says so where it may not.

`told` are always the fields that have a fault of form or an unknown name in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from router.centre.document import Path, dotted
from router.errors import Fault
from router.nearest import did_you_mean

Finding = Fault | str
"""What a rule finds: a fault, or else what it cannot judge yet, as people read it after "not judged yet:"."""


def wrong_settings(path: Path, told: Collection[str]) -> set[str]:
    """The settings of an entry that have a fault, among them those that there are not."""
    entry = dotted(path)
    return {re.split(r"[.[]", field.removeprefix(f"{entry}."))[0] for field in told if field.startswith(f"{entry}.")}


def is_clear(path: Path, model: type[BaseModel], matter: Collection[str], told: Collection[str]) -> bool:
    """Whether an entry has no fault in the settings that matter, nor in one that could be any of them, misspelt."""
    return dotted(path) not in told and wrong_settings(path, told) <= model.model_fields.keys() - set(matter)


def is_misspelt(setting: str, entry: Mapping[str, Any], model: type[BaseModel]) -> bool:
    """Whether an entry has, instead of a setting, one that has nearly its name."""
    unknown = entry.keys() - model.model_fields.keys()
    return setting not in entry and any(f"`{setting}`" in did_you_mean(name, model.model_fields) for name in unknown)


def waiting(what: str, reasons: Iterable[str]) -> Iterator[str]:
    """The sentence that something is not judged for these reasons; none where there are none."""
    if causes := ", ".join(dict.fromkeys(reasons)):
        yield f"{what}, until these are mended: {causes}"
