"""The name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

LISTED_MAX: Final = 20


def did_you_mean(name: str, known: Iterable[str], before: str = "") -> str:
    """`did you mean ...?` after `before`, or an empty text when no known name is much like `name` (difflib's ratio)."""
    by_fold = {one.casefold(): one for one in sorted(known, reverse=True)}
    near = get_close_matches(name.casefold(), sorted(by_fold), 1, 0.6)
    return f"{before}did you mean `{by_fold[near[0]]}`?" if near else ""


def what_there_is(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`; when none is, all that are known, as far as they are few enough to read."""
    names = sorted(set(known))
    more = ", ..." if len(names) > LISTED_MAX else ""
    listed = f"known: {', '.join(names[:LISTED_MAX])}{more}" if names else "there is none"
    return did_you_mean(name, names) or listed


def one_slip_away(name: str, known: Iterable[str], before: str = "") -> str:
    """The same where many are known: the first that differs by a sign left out, added or exchanged, or by two turned.

    Two such words have a form in common that lacks at most one sign of each (the idea of SymSpell).
    """
    forms = _forms(name)
    near = (one for one in known if abs(len(one) - len(name)) <= 1 and not forms.isdisjoint(_forms(one)))
    return next((f"{before}did you mean `{one}`?" for one in near), "")


def _forms(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
