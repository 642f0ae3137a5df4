"""Rules that the product does not offer: each is what it says, as a function of its case and exact.

`docs/compat.md` lists them, each with what the product does instead. Some are harmful rules of old systems, which only
their own cases are held to.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from tests.vectors import ShapeFault, field, listed, mapping, number, whole
from tests.vectors.routing_cases import Unsupported
from tests.vectors.routing_conditions import Facts, holds
from tests.vectors.routing_rule import ASKED, Given, exact, named, names, one_of, part, parts, plain

# --- admission, expected wait, order of contacts ------------------------------------------------------------------


def diverts(given: Given) -> dict[str, Any]:
    """Whether one more would make too many waiting for each agent; who finds nobody waiting is always let in."""
    cases = parts(given, "cases", "waiting agents limit")
    return {"divert": [_diverts(case) for case in cases]}


def _diverts(case: dict[str, Any]) -> bool:
    waiting, agents = whole(case, "waiting", "cases"), whole(case, "agents", "cases")
    return waiting > 0 and waiting + 1 > exact(case, "limit", "cases") * agents


def mean_wait(given: Given) -> dict[str, Any]:
    """The mean duration, times those queued, over the agents."""
    agents = whole(given, "agents", "given")
    if agents <= 0:
        raise ShapeFault("given.agents: without agents there is no expected wait")
    work = exact(given, "avg_duration", "given") * whole(given, "queued", "given")
    return {"etw": plain(work / agents)}


def shared_agents(given: Given) -> dict[str, Any]:
    """An agent whom n queues share counts as 1/n."""
    found = Fraction(0)
    for key in given:
        shared = re.fullmatch(r"agents_shared_by_(\d+)", key)
        found += exact(given, key, "given") / (int(shared[1]) if shared else 1)
    return {"effective_agents": plain(found)}


def newest_first(given: Given) -> dict[str, Any]:
    """The newest goes first, whatever its priority; of those made at one instant, the last."""
    tasks = parts(given, "tasks", "id priority created")
    ranked = sorted(enumerate(tasks), key=lambda each: (number(each[1], "created", "tasks"), each[0]), reverse=True)
    return {"order": [field(task, "id", "tasks") for _, task in ranked]}


def callback_in_place(given: Given) -> dict[str, Any]:
    """Who chooses to be called back is served in his place, by a call to him."""
    waiting = names(field(given, "queue", "given"), "queue")
    choices = {name: str(choice) for name, choice in given.items() if name != "queue"}
    if strange := [
        name
        for name, choice in choices.items()
        if name not in waiting or not re.fullmatch(r"chooses callback at \d+", choice)
    ]:
        raise ShapeFault(f"given.{strange[0]}: only `chooses callback at SECOND` is known, of somebody in the queue")
    return {"order": [f"{name}-callback" if name in choices else name for name in waiting]}


# --- order of agents ----------------------------------------------------------------------------------------------


def by_attributes(given: Given) -> dict[str, Any]:
    """By several attributes in turn: 1 is the lowest first, -1 the highest."""
    keys = [(str(key), int(sign)) for key, sign in (listed(pair, "keys") for pair in field(given, "keys", "given"))]
    if any(sign not in (1, -1) for _, sign in keys):
        raise ShapeFault("given.keys: an order is 1 or -1")
    workers = {name: mapping(worker, name) for name, worker in mapping(field(given, "workers", "given"), "").items()}
    ranks = {name: [sign * exact(worker, key, name) for key, sign in keys] for name, worker in workers.items()}
    return {"first": min(ranks, key=lambda name: ranks[name], default=None)}


def least_occupied(given: Given, *, by_level: bool) -> dict[str, Any]:
    """The lowest level first, if levels count, and then the least occupied."""
    ranks = {
        name: (whole(agent, "level", name) if by_level else 0, exact(agent, "occ", name))
        for name, agent in named(given, "agents", "level idle occ").items()
    }
    return {"first": min(ranks, key=lambda name: ranks[name], default=None)}


def furthest_below_share(given: Given) -> dict[str, Any]:
    """The agent whose work is the smallest part of his target."""
    agents = named(given, "agents", "target work")
    if any(exact(agent, "target", name) <= 0 for name, agent in agents.items()):
        raise ShapeFault("agents: a target is more than 0")
    shares = {name: exact(agent, "work", name) / exact(agent, "target", name) for name, agent in agents.items()}
    return {"first": min(shares, key=lambda name: shares[name], default=None)}


def least_loaded(given: Given) -> dict[str, Any]:
    """The least load, and then the longest available."""
    ranks = {
        name: (exact(worker, "load", name), -exact(worker, "since", name))
        for name, worker in named(given, "workers", "load since").items()
    }
    return {"order": sorted(ranks, key=lambda name: ranks[name])}


# --- who may serve a contact, and how many at once ----------------------------------------------------------------


def costs(given: Given) -> dict[str, Any]:
    """What fits in what is left of the capacity is taken; what is refused takes nothing."""
    cost = mapping(field(given, "cost", "given"), "cost")
    found = []
    for sequence in listed(field(given, "sequences", "given"), "sequences"):
        left = exact(given, "capacity", "given")
        taken = []
        for channel in names(sequence, "sequences"):
            fits = exact(cost, channel, "cost") <= left
            left -= exact(cost, channel, "cost") if fits else 0
            taken.append(int(fits))
        found.append(taken)
    return {"accepted": found}


def slots(given: Given) -> dict[str, Any]:
    """So many contacts of each channel at once: who comes gets one that is left, or waits."""
    limits = mapping(field(given, "worker", "given"), "worker")
    busy = mapping(field(given, "busy_with", "given"), "busy_with")
    left = {channel: whole(limits, channel, "worker") - busy.get(channel, 0) for channel in limits}
    offers: list[list[Any]] = []
    waiting_after = []
    for task in sorted(parts(given, "waiting", "id channel at"), key=lambda task: number(task, "at", "waiting")):
        channel = str(field(task, "channel", "waiting"))
        if left.get(channel, 0) > 0:
            left[channel] -= 1
            offers.append([task["at"], field(task, "id", "waiting"), "w"])
        else:
            waiting_after.append(field(task, "id", "waiting"))
    return {"offers": offers, "waiting_after": waiting_after}


def reservations(given: Given) -> dict[str, Any]:
    """So many workers at once, the first accept wins; more are asked only once all of those have failed."""
    workers = names(field(given, "workers", "given"), "workers")
    most = whole(given, "max_reserved", "given")
    if most < 1:
        raise ShapeFault("given.max_reserved: at least one worker is asked")
    accepts, rejects = _answers(given, workers, "accepts"), _answers(given, workers, "rejects")
    found: dict[str, Any] = {"offers": [], "connects": [], "rescinded": []}
    at: float = 0
    while workers:
        asked, workers = workers[:most], workers[most:]
        found["offers"] += [[at, "t", worker] for worker in asked]
        if takers := [worker for worker in asked if worker in accepts]:
            taker = min(takers, key=lambda worker: accepts[worker])
            at = accepts[taker]
            found["connects"] = [[at, "t", taker]]
            ringing = [worker for worker in asked if worker != taker and rejects.get(worker, at) >= at]
            found["rescinded"] = [[at, "t", worker] for worker in ringing]
        if not all(worker in rejects for worker in asked):
            break
        at = max(rejects[worker] for worker in asked)
    return {**found, "not_offered": workers}


def _answers(given: Given, workers: list[str], word: str) -> dict[str, float]:
    """When workers do this, by worker. Raises ShapeFault for what is no answer, or of no worker."""
    found: dict[str, float] = {}
    for name, text in given.items():
        if name in ("workers", "max_reserved"):
            continue
        match = re.fullmatch(r"silent|(accepts|rejects) at (\d+)", str(text))
        if match is None or name not in workers:
            raise ShapeFault(f"given.{name}: `{text}` is none of silent, accepts at SECOND, rejects at SECOND")
        if match[1] == word:
            found[name] = int(match[2])
    return found


def unknown_skill(given: Given) -> dict[str, Any]:
    """What is asked of a skill that an agent has not is false, whatever it is."""
    agent = mapping(field(given, "agent", "given"), "agent")
    return {"results": [holds(rule, agent) for rule in names(field(given, "rules", "given"), "rules")]}


# --- from queue to queue ------------------------------------------------------------------------------------------


def first_filter(given: Given) -> dict[str, Any]:
    """The queue of the first filter that is true, or the default; and the queues that are never tried."""
    filters = parts(given, "filters", "expr queue timeout")
    default = field(given, "default", "given")
    queue = _matching(filters, mapping(field(given, "task", "given"), "task")).get("queue", default)
    others = [each for each in (*(field(one, "queue", "filters") for one in filters), default) if each != queue]
    return {"queue": queue, "never": list(dict.fromkeys(others))}


def _matching(filters: list[dict[str, Any]], task: Facts) -> dict[str, Any]:
    return next((each for each in filters if holds(str(field(each, "expr", "filters")), task)), {})


def default_if_none_matched(given: Given) -> dict[str, Any]:
    """Nobody is there: a filter that matched and timed out ends the task, and the default is never tried after it."""
    return _filtered(given, otherwise=False)


def default_at_the_end(given: Given) -> dict[str, Any]:
    """Nobody is there: the default takes what no filter matched, and what a filter did not place in time."""
    return _filtered(given, otherwise=True)


def _filtered(given: Given, *, otherwise: bool) -> dict[str, Any]:
    one_of(given, "workers", "none")
    filters, default = parts(given, "filters", "expr queue timeout"), field(given, "default", "given")
    found: dict[str, Any] = {}
    for task in listed(field(given, "tasks", "given"), "tasks"):
        facts = mapping(task, "tasks")
        match = _matching(filters, facts)
        result: dict[str, Any] = {"queue_at": [[0, match.get("queue", default)]]}
        if "timeout" in match and otherwise:
            result["queue_at"].append([match["timeout"], default])
        elif "timeout" in match:
            result["cancelled_at"] = match["timeout"]
        found[str(field(facts, "id", "tasks"))] = result
    return found


def reservation_ends_step(given: Given) -> dict[str, Any]:
    """A reservation holds a step open beyond its end; when it fails, the task moves on at once."""
    return _stepped(given, absolute=False)


def absolute_steps(given: Given) -> dict[str, Any]:
    """A step ends when it ends; a reservation that fails brings the task back to its step until then."""
    return _stepped(given, absolute=True)


def _stepped(given: Given, *, absolute: bool) -> dict[str, Any]:
    """Targets end at the sums of their time-outs from the task's age; of each queue, at most one worker is there."""
    if field(given, "worker", "given") != "never answers":
        raise ShapeFault("given.worker: only `never answers` is known")
    reservation = number(given, "reservation_timeout", "given")
    free_at = {match[1]: given[key] for key in given if (match := re.fullmatch(r"worker_of_(\w+)_free_at", key))}
    workers = {queue: f"w{place}" for place, queue in enumerate(free_at, 1)}
    at: float = 0
    end: float = 0
    found: dict[str, Any] = {"offers": [], "queue_at": []}
    for target in parts(given, "targets", "queue timeout"):
        queue = field(target, "queue", "targets")
        end += number(target, "timeout", "targets")
        if at >= end:
            continue
        found["queue_at"].append([at, queue])
        offered_at = max(at, free_at[queue]) if queue in free_at else end
        if offered_at < end:
            found["offers"].append([offered_at, "t1", workers[queue]])
        at = end if absolute or offered_at >= end else offered_at + reservation
    return found


def exception_policy(given: Given) -> dict[str, Any]:
    """After 60 s priority 10, after 300 s queue2; a queue longer than 100 lets nobody in."""
    job = part(field(given, "job", "given"), "job", "at priority")
    at = number(job, "at", "job")
    moves = [[at + 60, "priority", 10], [at + 300, "move", "queue2"]]
    lengths = {key: int(key.rpartition("_")[2]) for key in field(given, ASKED, "given")}
    return {
        "actions": [[at, "cancel"]] if whole(given, "queue_length", "given") > _LENGTH_MAX else moves,
        **{key: {"action": "cancel" if length > _LENGTH_MAX else None} for key, length in lengths.items()},
    }


_LENGTH_MAX = 100


def life_time(given: Given) -> dict[str, Any]:
    """A task's life time ends the task, and leaves the call that it stands for on line."""
    if (given.get("task_state"), given.get("caller")) != ("pending", "on line"):
        raise Unsupported("a life time of another task than a pending one of a caller who is on line")
    return {"at": number(given, "ttl", "given"), "task": "canceled", "call": "still live and routed to nobody"}


def levels_over_transfer(given: Given) -> dict[str, Any]:
    """The customer's whole wait counts: a level opens as long after a transfer as it has still to wait."""
    waited = exact(given, "waited_before_transfer", "given")
    return {
        f"level_{match[1]}_opens_after_transfer": plain(max(Fraction(0), exact(given, key, "given") - waited))
        for key in given
        if (match := re.fullmatch(r"level_(\d+)_after", key))
    }


def levels_afresh(given: Given) -> dict[str, Any]:
    """A transfer begins the levels anew."""
    return {
        f"level_{match[1]}_opens_after_transfer": number(given, key, "given")
        for key in given
        if (match := re.fullmatch(r"level_(\d+)_after", key))
    }
