"""Why a contact is where it is: decisions derived again from their records and the log before them, and told in words.

    answer = await ask(journal, "call-7", None, until, pause)      # why: records, and `words` for people
    answer = await ask(journal, "call-7", "ann", until, pause)   # why not ann
    as_data(answer)                                              # the same, ready for JSON

Nothing is kept for it while the centre runs: what a decision's record says (`acd.events.OfferContact`) and the log
before it are enough to look at everybody once more.
"""

from router.explain.answers import as_data, ask
from router.explain.model import Why, WhyNot
from router.explain.past import Pause, TooFarBackError, UnknownError, zone_of

__all__ = [
    "Pause",
    "TooFarBackError",
    "UnknownError",
    "Why",
    "WhyNot",
    "as_data",
    "ask",
    "zone_of",
]
