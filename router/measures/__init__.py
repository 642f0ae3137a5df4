"""Named measures, each with its version and formula, folded from the log: the same code live, simulated and offline.

    measures = Measures(plan)
    measures.apply(event, at)                  # every event of the log, in order
    MEASURES["sl"].of(measures.tally())        # over everything so far
    measures.spans()                           # the same sums by stretches of time, of which the last ones are kept

A `Tally` holds sums only; a measure is a quotient of sums, so totals over queues or days divide sums and never average
percentages.
"""

from router.measures.definitions import HEADLINES, MEASURES, OF_QUEUES, Measure, figures, service_level
from router.measures.fold import FOLDED, KEPT_MAX, QUARTER_MS, Measures
from router.measures.spans import Span, with_times_of
from router.measures.tally import EXITS, FLOW, Tally, parallel, sequence

__all__ = [
    "EXITS",
    "FLOW",
    "FOLDED",
    "HEADLINES",
    "KEPT_MAX",
    "MEASURES",
    "OF_QUEUES",
    "QUARTER_MS",
    "Measure",
    "Measures",
    "Span",
    "Tally",
    "figures",
    "parallel",
    "sequence",
    "service_level",
    "with_times_of",
]
