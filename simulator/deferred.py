"""What a fault in one setting of a population keeps from being judged in another of the same entry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from router.centre.clear import wrong_settings
from router.centre.document import Document, Path, dotted
from router.nearest import did_you_mean
from simulator.distributions import DistributionSpec

# A setting that is judged by another one of its entry, and what of it.
_BESIDE: Final = {
    "high": ("low", "whether {} is below its `low`"),
    "miss": ("decline", "whether {} and its `decline` add up to more than all"),
    "partial": ("closed", "whether a date of {} is closed as well"),
}


def not_judged(document: Document, told: Collection[str]) -> Iterator[str]:
    """A sentence for each rule about several settings of which one has a fault. `told` are the fields that have one."""
    for path, entry in _mappings(document.section("population"), ("population",)):
        if wrong := wrong_settings(path, told):
            yield from _of_entry(path, entry, wrong)
            yield from _of_whole(path, entry)


def _mappings(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _mappings(item, (*path, key))


def _of_entry(path: Path, entry: dict[str, Any], wrong: Collection[str]) -> Iterator[str]:
    """Of settings that are judged by others, which have a fault, or another name by mistake."""
    for setting, (other, question) in _BESIDE.items():
        is_misspelt = other not in entry and any(did_you_mean(name, [other]) for name in wrong)
        if setting in entry and setting not in wrong and (other in wrong or is_misspelt):
            yield question.format(dotted((*path, setting)))


def _of_whole(path: Path, entry: dict[str, Any]) -> Iterator[str]:
    """Of mappings that are judged as a whole, which needs all that is in them."""
    if path[-1] == "empirical":
        yield f"whether the quantiles of {dotted(path)} rise"
    if path[-1] == "week" and len(entry) > 1:
        yield f"whether a day is named twice in {dotted(path)}"
    if path[-1] == "customers":
        yield "whether there are numbers for all customers"
    if len(entry.keys() & DistributionSpec.model_fields.keys()) > 1:
        yield f"whether {dotted(path)} is just one distribution"
