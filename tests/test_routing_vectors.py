"""The runner of routing vectors: what passes today, and that it compares, refuses and leaves nothing out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.played import agent, call, case, native, verdicts
from tests.vectors import Verdict, read_document
from tests.vectors.routing import MODES, play

PASSING = [
    "AST-01-linear-no-answer compat.asterisk.linear",
    "AST-01-linear-no-answer native",
    "AST-06-rrmemory-advances-on-rna compat.asterisk.rrmemory",
    "AST-07-rrmemory-late-attempt-rewinds-pointer compat.asterisk.rrmemory",
    "AST-07-rrmemory-late-attempt-rewinds-pointer native",
    "AST-12-autopause-breaks-the-loop compat.asterisk.leastrecent",
    "AST-13-autopause-yes-is-per-queue compat.asterisk.linear",
    "AST-13-autopause-yes-is-per-queue native",
    "AST-14-fewestcalls-floods-newcomer compat.asterisk.fewestcalls",
    "AST-15-ringall-never-reaches-higher-penalty-on-timeout compat.asterisk.ringall",
    "AST-16-ringall-next-penalty-when-level-done compat.asterisk.ringall",
    "AST-17-penalty-dominates-strategy compat.asterisk.leastrecent",
    "AST-18-penaltymemberslimit compat.asterisk.linear",
    "AST-20-autofill-no compat.asterisk.linear",
    "AST-20-autofill-no native",
    "AST-21-autofill-yes compat.asterisk.linear",
    "AST-25-weight-ringing-call-still-blocks compat.asterisk.linear",
    "AST-25-weight-ringing-call-still-blocks native",
    "AST-26-weight-starvation-1561 compat.asterisk.linear",
    "AST-26-weight-starvation-1561 native",
    "AST-27-priority-order compat.asterisk.linear",
    "AST-28-position-argument-bounded compat.asterisk.linear",
    "AST-29-no-priority-aging compat.asterisk.linear",
    "AST-30-change-priority-next-move-only compat.asterisk.linear",
    "AST-30-change-priority-next-move-only native",
    "AST-31-change-priority-immediate compat.asterisk.linear",
    "AST-32-timeoutpriority-app compat.asterisk.linear",
    "AST-33-timeoutpriority-conf compat.asterisk.linear",
    "AST-34-reject-shares-ring-budget compat.asterisk.linear",
    "AST-35-reject-restarts-ring-budget compat.asterisk.linear",
    "AST-36-penalty-rule-waiting-caller compat.asterisk.linear",
    "AST-38-rule-ignored-when-var-unset compat.asterisk.linear",
    "AST-39-wrapup-boundary compat.asterisk.linear",
    "AST-40-wrapup-not-shared compat.asterisk.linear",
    "AST-41-wrapup-shared-lastqueue compat.asterisk.linear",
    "AST-43-longest-waiting-prio-mode compat.asterisk.linear",
    "AST-44-one-offer-per-shared-agent compat.asterisk.linear",
    "AST-45-maxlen compat.asterisk.linear",
    "AST-46-joinempty-conditions",
    "AST-47-service-level-two-definitions",
    "AST-48-holdtime-ema",
    "AST-49-ewt-announcement-grows",
    "AST-50-abandon-counts-system-exits compat.asterisk.linear",
    "AST-51-wrandom-probability",
    "AST-52-rr-modulo-1000",
    "AST-53-leavewhenempty compat.asterisk.linear",
    "AST-56-leastrecent-counts-call-end compat.asterisk.leastrecent",
    "FS-01-longest-idle compat.freeswitch.longest-idle-agent",
    "FS-03-tier-rules-delay-level-1 compat.freeswitch.longest-idle-agent",
    "FS-03-tier-rules-delay-level-1 native",
    "FS-04-no-agent-no-wait compat.freeswitch.longest-idle-agent",
    "FS-05-on-break-agent-blocks-no-wait compat.freeswitch.longest-idle-agent",
    "FS-05-on-break-agent-blocks-no-wait native",
    "FS-07-tier-no-multiply compat.freeswitch.longest-idle-agent",
    "FS-08-ring-all-all-levels compat.freeswitch.ring-all",
    "FS-09-ring-progressively compat.freeswitch.ring-progressively",
    "FS-10-top-down-cycle compat.freeswitch.top-down",
    "FS-11-top-down-stuck compat.freeswitch.top-down",
    "FS-12-round-robin compat.freeswitch.round-robin",
    "FS-14-sequential-by-agent-order compat.freeswitch.sequentially-by-agent-order",
    "FS-15-least-talk-time compat.freeswitch.agent-with-least-talk-time",
    "FS-16-fewest-calls-gamed-by-break compat.freeswitch.agent-with-fewest-calls",
    "FS-17-wrapup-boundary compat.freeswitch.longest-idle-agent",
    "FS-17-wrapup-boundary native",
    "FS-18-wrapup-zero-costs-one-second compat.freeswitch.longest-idle-agent",
    "FS-18-wrapup-zero-costs-one-second native",
    "FS-19-rna-loop-then-break compat.freeswitch.longest-idle-agent",
    "FS-19-rna-loop-then-break native",
    "FS-20-no-answer-delay compat.freeswitch.longest-idle-agent",
    "FS-21-reject-delay compat.freeswitch.longest-idle-agent",
    "FS-22-on-demand compat.freeswitch.longest-idle-agent",
    "FS-23-base-score compat.freeswitch.longest-idle-agent",
    "FS-24-time-base-system compat.freeswitch.longest-idle-agent",
    "FS-25-cross-queue-score compat.freeswitch.longest-idle-agent",
    "FS-28-skip-external-calls compat.freeswitch.longest-idle-agent",
    "FS-29-abandoned-resume compat.freeswitch.longest-idle-agent",
    "FS-30-available-reset-is-not-idempotent compat.freeswitch.agent-with-fewest-calls",
    "IVR-03-fs-menu-failures-and-timeouts",
    "FIFO-01-priority-0-9",
    "TR-02-reservation-overlaps-step",
    "TR-03-first-matching-filter-only",
    "TR-04-default-filter-only-when-none-matched",
    "TR-06-order-by-multi-key",
    "TR-07-priority-strictly-over-age",
    "TR-08-lifo-ignores-priority",
    "TR-10-max-reserved-workers",
    "TR-11-channel-capacity",
    "TR-12-ttl-kills-live-task",
    "AC-03-same-priority-oldest",
    "AC-04-tiered-profile",
    "AC-05-routing-criteria-steps",
    "AC-06-queue-time-adjustment",
    "AC-07-callback-keeps-place",
    "AC-08-idle-means-since-last-handled",
    "GC-01-conversation-score",
    "GC-02-bullseye-opens-rings",
    "GC-03-service-level-switches",
    "NICE-01-acceleration",
    "AV-02-ucd-loa",
    "AV-03-ead-mia",
    "AV-04-ucd-mia",
    "AV-05-percent-allocation",
    "AZ-01-longest-idle-by-load",
    "AZ-02-capacity-cost",
    "AZ-03-selector-expiry",
    "AZ-04-exception-policy",
    "DYN-01-bullseye-cumulative",
    "DYN-02-bullseye-transfer-resets",
    "GOOG-01-ewt-shared-agents",
    "WZ-03-skip-rule-when-nobody-logged",
    "WZ-04-unknown-skill-is-false",
    "WZ-05-wait-ratio-diversion",
    "OA-01-queue-pick",
    "OA-02-specialist-before-generalist",
    "OS-01-flow-priority",
    "OS-02-etw",
    "CW-01-chatwoot-newer-first",
    "IVR-01-freepbx-loops",
]
"""Every play of the vector file that passes today. It may only grow."""


@pytest.fixture(scope="module")
def document(shared: Path) -> Any:
    """The vector file."""
    return read_document(shared / "vectors/routing_cases.yaml")


@pytest.fixture(scope="module")
def reference(document: Any) -> list[Verdict]:
    """The verdicts on the vector file."""
    return list(play(document))


def test_what_passes_today(reference: list[Verdict]) -> None:
    """Exactly these plays pass, so that a regression shows and so does progress."""
    assert PASSING == [verdict.id for verdict in reference if verdict.status == "pass"]


def test_nothing_comes_out_wrong(reference: list[Verdict]) -> None:
    """What does not pass is unsupported, and says what the product would need."""
    others = [verdict for verdict in reference if verdict.status != "pass"]
    assert [] == [str(verdict) for verdict in others if verdict.status != "unsupported" or not verdict.detail]


def test_every_play_has_its_line(document: Any, reference: list[Verdict]) -> None:
    """A played case has one for the old strategy and, if it expects anything of it, one for the native mode."""
    plays = []
    for each in document["cases"]:
        if "queues" in each:
            plays += [(each["id"], "compat"), *([(each["id"], "native")] if "expect_native" in each else [])]
        else:
            plays.append((each["id"], ""))
    assert plays == [(name, mode.partition(".")[0]) for name, _, mode in (line.id.partition(" ") for line in reference)]


@pytest.mark.parametrize("key", ["offers", "connects", "leaves", "order", "order_at_120"])
def test_the_passing_plays_can_fail(key: str, document: Any) -> None:
    """Whatever key is compared: one more row than the engine gave makes a failure of each native play that passes."""
    row: Any = "nobody" if key.startswith("order") else [0, "nobody", "A"]
    passing = [name.removesuffix(" native") for name in PASSING if name.endswith(" native")]
    spoilt = copy.deepcopy([each for each in document["cases"] if each["id"] in passing])
    for each in spoilt:
        each["expect_native"] = {key: [*each["expect_native"].get(key, []), row]}
    statuses = [line.status for line in play({"cases": spoilt}) if line.id.endswith(" native")]
    assert ["fail"] * len(passing) == statuses


@pytest.mark.parametrize(
    ("played", "line"),
    [
        (case({"connects": [[0, "c1", "A"]]}), "pass"),
        (case({"connects": [[0.5, "c1", "A"]]}), "pass"),
        (
            case({"connects": [[0.6, "c1", "A"]]}),
            "fail: connects: [0.6, 'c1', 'A'] is missing; connects: [0.0, 'c1', 'A'] is not expected",
        ),
        (case({"offers": []}), "fail: offers: [0.0, 'c1', 'A'] is not expected"),
        (case({"order": ["c2"]}), "fail: order.1: expected 'c2', got 'c1'"),
        (case({"stats": {"q": {"completed": 1}}}), "fail: stats.q.completed: expected 1, got 0"),
        (case({"stats": {"p": {"completed": 1}}}), "fail: stats.p: the runner does not know this key"),
    ],
)
def test_comparing(played: dict[str, Any], line: str) -> None:
    """Instants within half a second, all else exactly; a failure names every row that is missing or too many."""
    assert line == native(played)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"mood": 1}, "mood"),
        ({"agents": {"A": agent(mood=1)}}, "agents.A.mood"),
        ({"agents": {"A": {"queues": {"q": {"mood": 1}}}}}, "agents.A.queues.q.mood"),
        ({"agents": {"A": agent(ring={"mood": 1})}}, "agents.A.ring.mood"),
        ({"queues": {"q": {"strategy": "linear", "mood": 1}}}, "queues.q.mood"),
        ({"calls": [call("c1", 0, mood=1)]}, "calls.0.mood"),
        ({"config": {"mood": 1}}, "config.mood"),
        ({"expect": {"mood": 1}}, "expect.mood"),
        ({"expect_native": {"stats": {"q": {"mood": 1}}}}, "expect_native.stats.q.mood"),
    ],
)
def test_a_field_that_the_runner_does_not_know(fields: dict[str, Any], place: str) -> None:
    """It makes a failure of the case, wherever it stands."""
    (line,) = verdicts({**case({"connects": []}), **fields})
    assert line.startswith("fail case: ")
    assert f"{place}: the runner does not know this field" in line


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"calls": [{"id": "c1", "at": 0}]}, "calls.0.queue: Field required"),
        ({"calls": [call("c1", "soon")]}, "calls.0.at: Input should be a valid number"),  # type: ignore[arg-type]
        ({"calls": [{"id": "c1", "queue": "p", "at": 0}]}, "it names p, of which it says nothing"),
        ({"events": [{"at": 1, "do": "pause", "agent": "Z"}]}, "it names Z, of which it says nothing"),
        ({"agents": {"A": agent(ring={})}}, "an agent does one of answer, reject, busy and never"),
        ({"expect": {}}, "it states nothing"),
    ],
)
def test_a_case_of_another_shape(fields: dict[str, Any], sentence: str) -> None:
    """It fails with the place and what is wrong there, and the other cases are played all the same."""
    wrong, *others = verdicts({**case({"connects": []}), **fields}, case({"connects": [[0, "c1", "A"]]}))
    assert wrong.startswith("fail case: ")
    assert sentence in wrong
    assert "pass case native" == others[-1]


def test_an_old_strategy_that_the_product_does_not_offer() -> None:
    """It is named as a site would write it, with all the strategies of a case."""
    (line,) = verdicts({key: value for key, value in case({}, system="no").items() if key != "expect_native"})
    assert "unsupported case compat.no.longest-idle-agent: the product does not offer this strategy" == line


def test_queues_of_several_strategies() -> None:
    """A case is played on all of them together, if they are of one system and the product offers each."""
    queues = {"q": {"strategy": "linear"}, "p": {"strategy": "ringall"}}
    theirs = case({}, system="asterisk", queues=queues, expect={"connects": [[0, "c1", "A"]]})
    del theirs["expect_native"]
    assert ["pass case compat.asterisk.linear+ringall"] == verdicts(theirs)
    (line,) = verdicts({**theirs, "queues": {**queues, "p": {"strategy": "mood"}}})
    assert "unsupported case compat.asterisk.linear+mood: the product does not offer this strategy" == line


def test_a_mode_is_offered_by_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strategy that is registered under its name is played against `expect`."""
    monkeypatch.setitem(MODES, "compat.no.longest-idle-agent", MODES["native"])
    played = case({}, system="no")
    (line,) = verdicts({key: value for key, value in played.items() if key != "expect_native"})
    assert "fail case compat.no.longest-idle-agent: connects: [0.0, 'c1', 'A'] is not expected" == line
