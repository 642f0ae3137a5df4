"""What each field means, with an example, and what an input may put into it. A name means the same in every event.

Where it must differ, an entry named "kind:field" (within a list: "list:field") goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from router.contract.topics import ID_PATTERN, NAME_PATTERN

LEASE_MS_MAX: Final = 86_400_000
NOW: Final = 1_767_575_700_000
"""The instant in all examples: 2026-01-05T01:15:00Z."""

_LINE: Final = r"^[^\x00-\x1f\x7f]*$"


def _or_empty(pattern: str) -> str:
    return f"^({pattern[1:-1]})?$"


def _text(length_max: int, length_min: int = 0) -> dict[str, Any]:
    """A line of text: no control characters."""
    return {"pattern": _LINE, "min_length": length_min, "max_length": length_max}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A field's meaning (units in the words), an example, and the bounds on what an input may put into it."""

    text: str
    example: Any
    limits: Mapping[str, Any] = field(default_factory=dict)


_ID_LIMITS: Final = {"pattern": ID_PATTERN}
_NAME_LIMITS: Final = {"pattern": _or_empty(NAME_PATTERN)}
_COUNT_LIMITS: Final = {"ge": 1, "le": 2**53 - 1}
"""The greatest integer that every reader of JSON keeps as it is (RFC 7493, section 2.2)."""

FIELDS: Final[dict[str, Meaning]] = {
    # who and what
    "contact": Meaning("The contact's id, given by whoever reports its arrival.", "call-17", _ID_LIMITS),
    "agent": Meaning("The agent's id, from the centre's files.", "mei", _ID_LIMITS),
    "case": Meaning("The case's id, given by the engine.", "case-4", _ID_LIMITS),
    "offer": Meaning("The offer's token: the answer brings it back.", 12, _COUNT_LIMITS),
    "queue": Meaning("The queue's id; empty for none.", "payroll"),
    "team": Meaning("The process team's id; empty where the first line keeps the case.", "payroll-team"),
    "calendar": Meaning("The calendar's id.", "office"),
    "flow": Meaning("The menu tree's id.", "main"),
    "node": Meaning("The node's id within its menu tree.", "choose"),
    "case_type": Meaning("The type of case, by its id; empty for the queue's own.", "wage-question", _NAME_LIMITS),
    "service_line": Meaning("The service line's id.", "payroll"),
    "worker": Meaning("Who of the process team it is; empty where that is not said.", "sora", _NAME_LIMITS),
    "plan": Meaning("The hash of the rules in force.", "3f2a9c"),
    "centre": Meaning("The centre's id.", "hello"),
    "language": Meaning("The language spoken (BCP 47).", "en"),
    # a contact on its way
    "dialled": Meaning("The number or address that the customer chose.", "+8621555000", _text(254, 1)),
    "number": Meaning("The customer's number or address, as the network asserts it.", "+8613800138000", _text(254)),
    "personal": Meaning("Whether `number` is the customer's alone; an office trunk's is not.", example=True),
    "diversion": Meaning("From which number the call was diverted; empty for none.", "", _text(254)),
    "user_to_user": Meaning("User-to-user data of the network (RFC 7433); empty for none.", "", _text(512)),
    "digits": Meaning("The keys in order: 0-9 * #. One or more.", "42#", {"pattern": r"^[0-9*#]{1,32}$"}),
    "say": Meaning("Which prompt of this contact: counts from 1.", 1, _COUNT_LIMITS),
    "prompts": Meaning("The prompts to play, in order, by their ids.", ["welcome"]),
    "digits_max": Meaning("How many keys to take at most.", 6),
    "terminator": Meaning("The key that ends the number early; empty for none.", "#"),
    "secret": Meaning("Whether the keys are secret: show, log and store them nowhere.", example=False),
    "used": Meaning("How many of the keys pressed so far were spent on it.", 1),
    "missed": Meaning("Silence, or keys that fit nothing.", "no_input"),
    "count": Meaning("How many of them at this node so far.", 1),
    "into": Meaning("The name under which the contact keeps the number.", "employee_number"),
    "value": Meaning("The number as keyed; empty where it was secret.", "100427"),
    "identify": Meaning("Whether the number names the customer.", example=True),
    # queueing, offering, answering
    "priority": Meaning("Higher is served first.", 0),
    "contact.reprioritised:priority": Meaning("Higher is served first.", 5, {"ge": -1000, "le": 1000}),
    "contact.moved:queue": Meaning("The queue it goes to, one of the centre's.", "payroll", _NAME_LIMITS),
    "contact.moved:reason": Meaning("Why, in words; empty where that is not said.", "", _text(200)),
    "queue.left:outcome": Meaning("Where it goes on to, and why.", "overflowed"),
    "contact.transferred:queue": Meaning("The queue it goes to; empty for its own.", "payroll", _NAME_LIMITS),
    "contact.transferred:to_agent": Meaning(
        "The agent who alone may have it for a while; empty for anybody of the queue.", "", _NAME_LIMITS
    ),
    "contact.transferred:reason": Meaning("Why, in words; empty where that is not said.", "", _text(200)),
    "consult.asked:queue": Meaning("The queue to ask in; empty where an agent is asked for.", "payroll", _NAME_LIMITS),
    "consult.asked:to_agent": Meaning("The agent to ask; empty where any of a queue is.", "", _NAME_LIMITS),
    "contact.pulled:reason": Meaning("Why, in words; empty where that is not said.", "", _text(200)),
    "by": Meaning("The supervisor who did it; empty where it is not said.", "", _NAME_LIMITS),
    "supervisor": Meaning("Who takes part: a name of the telephony side.", "wang", {"pattern": NAME_PATTERN}),
    "mode": Meaning("Unheard, heard by the agent alone, or heard by all.", "whisper"),
    "consults": Meaning("The contact about which an agent consults another one on this leg; empty for none.", ""),
    "consult": Meaning("The leg of the consult: a contact of the engine's own.", "consult-3"),
    "bridge:agents": Meaning("Who talks with the customer from now on.", ["sora"]),
    "because": Meaning("What led there.", "time"),
    "flow.moved:because": Meaning(
        'What led there; "filled" is collected without the key that ends a number early.', "chosen"
    ),
    "contact.reprioritised:reason": Meaning("Why, in words; empty where that is not said.", "", _text(200)),
    "position": Meaning("The place to tell the customer, from 1; it never rises while it is in this queue.", 3),
    "place": Meaning("The true place, from 1; more than `position` where others came to go first since.", 3),
    "wait_p50_ms": Meaning("Half of such contacts are answered within so many ms from now; null: not known.", 95_000),
    "wait_p90_ms": Meaning("Nine in ten are answered within so many ms from now; null: not known.", 210_000),
    "tells": Meaning("What is to be said, in this order; empty for nothing.", ["position", "expected_wait"]),
    "announce:prompts": Meaning("The prompts to play before, in order, by their ids; empty for none.", ["please-hold"]),
    "announce:waited_ms": Meaning("How long the contact has been in the queue, in ms.", 41_000),
    "next_at": Meaning("When it is looked at next, in ms since the epoch; null for never.", NOW + 5_000),
    "attempt.ended:next_at": Meaning("When the contact may be offered again, in ms since the epoch.", NOW + 5_000),
    "immediate": Meaning(
        "Whether it changes its place at once; only where an old system decides, it may be false.", example=True
    ),
    "contact.queued:position": Meaning("Where it asks to stand, 1 is the front; null for where it belongs.", None),
    "strategy": Meaning("The old system's strategy.", "rrmemory"),
    "ranks": Meaning("Whom it tries in this order, as pairs of agent and metric.", [["mei", 0], ["sora", 1]]),
    "tried_all": Meaning("Whether nobody was left to try.", example=False),
    "wraps": Meaning("Whether one of them stands behind the strategy's pointer.", example=True),
    "relaxed": Meaning("How many relaxations of its queue are in force for the contact.", 0),
    "tiers": Meaning("How many tiers of the queue's agents are open to it; 1 where the queue has none.", 1),
    "tiers_max": Meaning("How many of them may ever open to it; null for all.", None),
    "head_start_ms": Meaning("By how much longer than it has waited it counts as having waited, in ms.", 0),
    "requirements": Meaning("What an agent must have.", [{"skill": "payroll", "level": 1}]),
    "skill": Meaning("The skill's id.", "payroll"),
    "level": Meaning("The least level of the skill; counts from 1.", 1),
    "need_since": Meaning("When the customer first asked, in ms since the epoch.", NOW - 65_000),
    "resumes": Meaning("The contact of the same customer whose place in the queue it takes; empty for none.", ""),
    "hang_up:prompts": Meaning("What to play before, in order, by their ids; empty for nothing.", []),
    "hang_up:language": Meaning("In which language (BCP 47); empty where nothing is played.", ""),
    "contact.ended:reason": Meaning("Why it was sent away, in words; empty where it was not.", ""),
    "reserved_for": Meaning("The agents it is kept for at first; empty for nobody.", []),
    "holds": Meaning("The conditions of the rules that hold of it.", ["contact.language == 'zh'"]),
    "reserved_until": Meaning("Until when it is kept for them, in ms since the epoch; 0 where it is not.", 0),
    "reservation.ended:because": Meaning("Why it is kept no longer.", "time"),
    "until": Meaning("By when, in ms since the epoch.", NOW + 20_000),
    "offer:priority": Meaning("The contact's priority by now; higher is served first.", 0),
    "contact.queued:until": Meaning("How long it waits, in ms since the epoch; null for ever.", NOW + 600_000),
    "hours.changed:until": Meaning("When it changes next, in ms since the epoch; null for never.", NOW + 28_800_000),
    "waited_ms": Meaning("How long the contact had waited, in ms.", 41_000),
    "idle_ms": Meaning("How long the agent had been idle, in ms.", 3_000),
    "candidates": Meaning("How many agents or contacts were eligible.", 2),
    "excluded": Meaning("How many were not, as pairs of reason and number.", [["skill", 3]]),
    "customer": Meaning("Who the customer is; empty where that is not known.", "+8613800138000"),
    "wait_ms": Meaning("The wait in the queue, in ms.", 41_000),
    "stand_in": Meaning("What waits for a customer who is not on the line; empty while he is.", ""),
    "attempt": Meaning("For which time the customer is called back, from 1; 0 where it is no callback.", 0),
    "dial:attempt": Meaning("For which time the customer is called back, from 1.", 1),
    "dial:number": Meaning("Where to call; empty for the number that the contact came from.", "+8613800138000"),
    "attempts": Meaning("How often the customer was called back in vain.", 1),
    "callback.asked:number": Meaning(
        "Where to call back; empty for the number that the contact came from.", "+8613800138000", _text(254)
    ),
    "not_before": Meaning(
        "From when on to call back, in ms since the epoch; 0 for as soon as it is his turn.", 0, {"ge": 0}
    ),
    "callback.failed:cause": Meaning("Why the customer was not reached.", "no_answer"),
    "callback.due:until": Meaning("Until when it may be made, in ms since the epoch; null for ever.", None),
    "duration_ms": Meaning("How long the message is, in ms; 0 where there is none.", 21_000, {"ge": 0}),
    "record_ms_max": Meaning("How long the message may be, in ms.", 180_000),
    "contact.withdrawn:reason": Meaning("Why, in words; empty where that is not said.", "", _text(200)),
    "talk_ms": Meaning("From the join to the end, in ms; 0 where there was none.", 180_000),
    "outcome": Meaning("How it ended.", "escalated"),
    "contact.ended:outcome": Meaning("How it ended.", "handled"),
    # agents
    "state": Meaning("What the agent is from now on.", "paused"),
    "agent.state:state": Meaning("What the agent wants to be.", "ready"),
    "lease_ms": Meaning(
        "Makes it a lease of so many ms, renewed by `agent.alive`; 0 changes nothing about a lease.",
        30_000,
        {"ge": 0, "le": LEASE_MS_MAX},
    ),
    "agent.alive:lease_ms": Meaning(
        "How long the lease holds from now on, in ms.", 30_000, {"ge": 1, "le": LEASE_MS_MAX}
    ),
    "reason": Meaning("Why, in words.", "no answer", _text(200)),
    "agent.state:reason": Meaning("Why the agent pauses; empty where that is not said.", "", _text(200)),
    "once": Meaning("Whether the agent is ready for one contact only, and pauses after it.", example=False),
    "contact.wrapped_up:reason": Meaning(
        "The wrap-up code, one of the queue's or else of the centre's; empty for none.", "wages", _text(200)
    ),
    "wrap_up.expired:reason": Meaning("The queue's own wrap-up code for it; empty for none.", ""),
    "leg.failed:cause": Meaning("Why the agent's leg failed.", "no_answer"),
    # cases and hours
    "due_at": Meaning("When the answer is owed, in ms since the epoch; null if never.", NOW + 14_400_000),
    "breach_at": Meaning(
        "The first instant of a broken promise, in ms since the epoch; null if never.", NOW + 14_400_001
    ),
    "breached": Meaning("Whether the promise is broken.", example=False),
    "open": Meaning("Whether the calendar is open from now on.", example=True),
    # answers and the centre itself
    "input": Meaning("The id of the input that this answers; empty where it could not be read.", "7c1e"),
    "input.refused:reason": Meaning("What is wrong, in words for people.", "contact 'call-17' has ended"),
    "fault": Meaning("Whose fault: see Refusals.", "stale"),
    "seq": Meaning("The number of the last row of the journal that this takes into account.", 512),
    "input.accepted:seq": Meaning("The number of the input's own row in the journal.", 498),
    "now": Meaning("The engine's time, in ms since the epoch.", NOW),
    "wall": Meaning("The wall clock's time at the instant of `now`, in ms since the epoch.", NOW + 3_600_000),
    "speed": Meaning("How many seconds of the engine's clock pass in one second.", 1.0),
    "release": Meaning("The release of Firstline that runs.", "0.1.0"),
    "since": Meaning("When the contact was answered, else queued, else came in, in ms since the epoch.", NOW - 41_000),
    "accepted": Meaning("Whether the offer was accepted, and the parties are being joined.", example=False),
    "agents": Meaning("All agents of the centre.", []),
    "agents:state": Meaning("What the agent is.", "reserved"),
    "agents:reason": Meaning("Why, in words; empty where that is not said.", ""),
    "agents:offer": Meaning("The token of the open offer; 0 for none.", 12),
    "pending": Meaning("What the agent is once nothing is left in hand; empty: ready again.", ""),
    "load": Meaning("How many units of the agent's capacity the contacts in hand take.", 100),
    "capacity": Meaning("How many units of contacts the agent can bear at once.", 100),
    "works": Meaning("The contacts in hand, the one that rings included, first come first.", []),
    "works:contact": Meaning("The contact's id.", "call-17"),
    "works:state": Meaning("Where the agent is with this contact.", "reserved"),
    "channel": Meaning("By which channel it came.", "voice"),
    "wrap_up_until": Meaning("When its wrap-up ends at the latest, in ms since the epoch; 0 before that.", 0),
    "contacts": Meaning("All contacts that are not over.", []),
    "contacts:state": Meaning("Where the contact is; `arrived` while it is in a menu.", "offered"),
    "queues": Meaning("All queues of the centre.", []),
    "queues:open": Meaning("Whether it takes contacts at this hour.", example=True),
    "queues:waiting": Meaning("How many contacts are in it unanswered, those that ring included.", 4),
    "contacts:directed_to": Meaning("The agent who alone may have it; empty for none.", ""),
    "contacts:wrapped_up_by": Meaning("Who has handed it on and still wraps up.", []),
    "contacts:supervisors": Meaning("Who takes part in the conversation, as pairs of name and mode.", []),
    "contacts:flow": Meaning("The menu tree that it is in; empty for none.", ""),
    "contacts:node": Meaning("The node within it; empty for none.", ""),
    "contacts:stand_in": Meaning("What waits for a customer who is not on the line; empty while he is.", "callback"),
    "contacts:attempts": Meaning("How often the customer was called back in vain.", 1),
    "contacts:rests_until": Meaning("Until when a callback rests, in ms since the epoch; 0 where it does not.", 0),
    "contacts:agent": Meaning("The agent who has it; empty for none.", ""),
    "says": Meaning("The commands `say` without an end yet: prompts to play, or to go on playing.", []),
    "collects": Meaning("The commands `collect` in force: keys to take.", []),
    "offers": Meaning("All open offers.", []),
    "cases": Meaning("All cases known.", []),
    "cases:state": Meaning("What has become of the case.", "open"),
}


def meaning_of(kind: str, name: str) -> Meaning:
    """What this field means in events of this kind."""
    return FIELDS.get(f"{kind}:{name}") or FIELDS[name]
