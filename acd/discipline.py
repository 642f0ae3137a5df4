"""The order of contacts: one total order over every queue. Higher priority first, then the older need, then arrival."""

from __future__ import annotations

from acd.model import Contact

Rank = tuple[int, int, int]


def rank(contact: Contact) -> Rank:
    """Lower is served first. The last term is a counter, so no two contacts rank the same."""
    return (-contact.priority, contact.need_since, contact.order)
