"""The cases that are no play: formulas by name, features by the fields of their `given`.

What the product offers is put to the product. What it does not is asserted as a function and listed in
`docs/compat.md`, by the words of `not_offered`. Where there is neither, a text says what is missing.
"""

from __future__ import annotations

from typing import Any

from tests.vectors import routing_agents as agents
from tests.vectors import routing_asterisk_rules as asterisk
from tests.vectors import routing_functions as functions
from tests.vectors import routing_played as played
from tests.vectors.routing_menus import freepbx_loops, menu_exit
from tests.vectors.routing_rule import Given, Rule, one_of


def _avaya_pick(given: Given) -> dict[str, Any]:
    """Expert agent distribution or uniform call distribution, to the most idle or the least occupied."""
    distribution, _, order = one_of(given, "mode", "EAD-MIA EAD-LOA UCD-MIA UCD-LOA").partition("-")
    rule = agents.most_idle if order == "MIA" else functions.least_occupied
    return rule(given, by_level=distribution == "EAD")


FORMULAS: dict[str, Rule] = {
    "ast_empty": Rule("table", "table", asterisk.empty_table),
    "ast_ema": Rule("answered_waits completed_before", "holdtime", asterisk.hold_times),
    "ast_ewt": Rule("holdtime waited", "minutes", asterisk.expected_waits),
    "ast_sl": Rule("completed completed_in_sl abandoned abandoned_in_sl", "SL SL2", asterisk.service_levels),
    "wrandom": Rule("penalties", "p_first_strictly_less", asterisk.first_wins),
    "prio_age": Rule("tasks", "order", played.priority_then_age),
    "openacd_pick": Rule("calls", "order", played.weight_then_priority),
    "connect_steps": Rule("steps agents", "earliest", agents.steps),
    "genesys_score": Rule("calls", "order", played.points_as_head_start),
    "wazo_ratio": Rule("cases", "divert", functions.diverts, "Admission by contacts waiting for each agent"),
    "freepbx_loops": Rule("invalid_loops inputs", "final_on_input", freepbx_loops),
    "rr_mod": Rule("next_position", "rrpos", asterisk.pointer),
    "lifo": Rule("tasks", "order", functions.newest_first, "The newest contact first"),
    "order_by": Rule("keys workers", "first", functions.by_attributes, "Agents by several attributes in turn"),
    "connect_pick": Rule("queues contacts", "first", played.queues_by_delay),
    "connect_adjust": Rule("contacts", "order reported_wait", played.adjusted),
    "longest_idle": Rule("agents outbound_counts", "first", agents.longest_idle),
    "genesys_sl": Rule(
        "answered_in answered abandoned short_abandoned abandoned_in flow_out",
        "default exclude_short_abandons include_flow_outs",
        played.genesys_sl,
    ),
    "nice_priority": Rule("skills calls", "values order", played.accelerated),
    "avaya_pick": Rule("mode agents", "first", _avaya_pick, "The least occupied agent first"),
    "avaya_pad": Rule("agents", "first", functions.furthest_below_share, "Agents by their share of the work"),
    "azure_idle": Rule("workers", "order", functions.least_loaded, "The least loaded agent first"),
    "azure_capacity": Rule(
        "capacity cost sequences", "accepted", functions.costs, "Several contacts at once for an agent"
    ),
    "wazo_unknown": Rule("agent rules", "results", functions.unknown_skill, "Conditions on skills as formulas"),
    "openacd_agent": Rule("agents needs", "order", agents.specialists_first),
    "opensips_pick": Rule("agent_skills queue", "first", played.any_of_his_skills),
    "opensips_etw": Rule("avg_duration queued agents", "etw", functions.mean_wait, "An expected wait from means"),
    "freepbx_mix": Rule(
        "invalid_loops timeout_loops inputs",
        "final next_bad next_none",
        "a way out for silence, another for wrong keys",
    ),
    "vxml_count": Rule("handlers events", "chosen", "handlers by the count of misses"),
    "vxml_prompts": Rule("prompts visits", "played", "prompts that taper"),
}

FEATURES: tuple[Rule, ...] = (
    Rule("calls", "order", played.fifo),
    Rule("agent conversations agent_free_at next_conversation", "assigned still_waiting", played.backlog),
    Rule("max_failures max_timeouts inputs", "exit_after_input cause", menu_exit),
    Rule("script input", "next_verb_at_5s", "a menu that goes on to the next step after silence, as in TwiML"),
    Rule("block input", "branch stored", "a way out for silence, another for wrong keys"),
    Rule("branches inputs", "taken", "a way out for silence, another for wrong keys"),
    Rule("handlers sequence", "chosen", "handlers by the count of misses"),
    Rule("prompt_seconds digit_at digit", "connect jambonz", "type-ahead that a node may turn off"),
    Rule(
        r"targets reservation_timeout worker_of_\w+_free_at worker",
        "offers queue_at",
        functions.absolute_steps,
        "Overflow from queue to queue",
        emulates=functions.reservation_ends_step,
    ),
    Rule("filters default task", "queue never", functions.first_filter, "Filters that choose a queue"),
    Rule(
        "filters default tasks workers",
        r"\w+",
        functions.default_at_the_end,
        "Filters that choose a queue",
        emulates=functions.default_if_none_matched,
    ),
    Rule(
        r"workers max_reserved w\d+",
        "offers connects rescinded not_offered",
        functions.reservations,
        "Offers to a fixed number of agents together",
    ),
    Rule("worker busy_with waiting", "offers waiting_after", functions.slots, "Several contacts at once for an agent"),
    Rule(
        "ttl task_state caller",
        "at task call",
        "a life time of a task apart from its call",
        emulates=functions.life_time,
    ),
    Rule(r"queue c\d+", "order", functions.callback_in_place, "Callbacks"),
    Rule("rings agents", "earliest", agents.rings),
    Rule("selectors agents", "earliest", agents.selectors),
    Rule(
        "job queue_length",
        r"actions with_queue_length_\d+",
        functions.exception_policy,
        "Overflow from queue to queue",
        asks=r"with_queue_length_\d+",
    ),
    Rule("levels", r"eligible_at tie_at_\d+_all_idle", agents.bullseye, asks=r"\w+"),
    Rule(
        r"waited_before_transfer level_\d+_after",
        r"level_\d+_opens_after_transfer",
        functions.levels_over_transfer,
        "Transfer",
        emulates=functions.levels_afresh,
    ),
    Rule(
        r"agents_dedicated agents_shared_by_\d+",
        "effective_agents",
        functions.shared_agents,
        "An expected wait from means",
    ),
    Rule("agents calls", "connects", agents.nobody_meets_the_first_rule),
)

BETTER: dict[str, dict[str, Any]] = {
    "IVR-03-fs-menu-failures-and-timeouts": {"exit_after_input": None, "cause": None},
}
"""What the prose of `better` says of a case that shows a harmful feature and has no `expect_native`."""
