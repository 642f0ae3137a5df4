"""The queues of the systems people come from, rule by rule and quirk by quirk, for replay and comparison.

A queue whose plan names one of these strategies is not matched natively. A *watch* hears every event of the floor and
keeps what the old system would remember (pointers, last calls, counters); it says when to look at the queue next; and
a look decides what the old system would do then: offer, withdraw, let go. Offers, joins, wrap-up and the laws about
them stay the floor's own.

Each system is a package: `plan` (its settings), `watch` (its memory, a fold over events), `look` (its decisions).
"""
