"""Start-up and recovery, which are one path: the last snapshot, then the rows after it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import repeat
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.events import AgentStateSet, OfferAccepted
from router import codec
from router.adapters.memory_journal import MemoryJournal
from router.codec import BoardState, dump_board
from router.engine import Engine
from router.errors import JournalFault, UsageFault
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.measures import Measures
from router.plan import Plan
from router.ports import Batch, PersonalValue, Row, Snapshot
from router.recovery import Recovered, UnusableJournalFault, recover
from router.vault import Vault
from simulator.loop import run
from tests.scripts import script
from tests.stage import Stage, first_difference, state_of
from tests.test_crashes import played
from tests.worlds import QUEUE, S, as_it_is, busy_plan, plan, with_queue


def everything(recovered: Recovered) -> tuple[object, ...]:
    """All that a service starts from, but for where its announcements and snapshots are."""
    engine = recovered.engine
    assert [] == engine.tick(engine.now), "what was due by the last row has happened"
    return state_of(engine.board), engine.deadline(), recovered.measures.dump(), sorted(recovered.expected)


async def busy_journal(seed: int = 1, bursts: int = 150) -> MemoryJournal:
    """The journal of a busy hour that nobody disturbed."""
    with capture_logs():
        return (await played(script(busy_plan(), seed, bursts), repeat(None))).journal


async def upto(journal: MemoryJournal, seq: int) -> MemoryJournal:
    """The same journal as it was after this row, without a snapshot; personal values are those of the whole."""
    part = MemoryJournal()
    for plan_hash, body in (await journal.plans()).items():
        await part.save_plan(plan_hash, body)
    outcomes = [outcome for outcome in journal.kept_outcomes.values() if outcome.seq is None or outcome.seq <= seq]
    await part.append(Batch(journal.kept_rows[:seq], outcomes, await journal.personal()))
    return part


def between_turns(journal: MemoryJournal) -> list[int]:
    """The rows after which a service may write a snapshot: those before an accepted input."""
    return [outcome.seq - 1 for outcome in journal.kept_outcomes.values() if outcome.seq]


async def snapshot_of(recovered: Recovered) -> Snapshot:
    """What a service would keep of this state."""
    board, vault = recovered.engine.board, recovered.vault
    body = dump_board(board, lambda kind, value: vault.token(kind, value, ""))
    return Snapshot(board.seq, board.now, board.plan.hash, codec.SNAPSHOT_VERSION, body, recovered.measures.dump())


# --- snapshots ----------------------------------------------------------------------------------------------------


def test_a_snapshot_says_what_the_rows_before_it_say() -> None:
    """From a snapshot after any row, the fold of the others gives what the fold of all gives."""

    async def main() -> None:
        journal = await busy_journal()
        last = len(journal.kept_rows)
        whole = everything(await recover(busy_plan(), await upto(journal, last)))
        for seq in between_turns(journal):
            before = await recover(busy_plan(), await upto(journal, seq))
            journal.kept_snapshot = await snapshot_of(before)
            for value in before.vault.take_new():
                journal.kept_personal[value.token] = value
            assert whole == everything(await recover(busy_plan(), journal)), f"snapshot after row {seq}"

    run(main())


def test_a_snapshot_alone_is_the_whole_state() -> None:
    """Read back, it has the same records, alarms, counters and measures as the engine that it was taken from."""

    async def main() -> None:
        journal = await busy_journal()
        for seq in between_turns(journal):
            part = await upto(journal, seq)
            before = await recover(busy_plan(), part)
            await part.save_snapshot(await snapshot_of(before))
            part.kept_personal |= {value.token: value for value in before.vault.take_new()}
            assert everything(before) == everything(await recover(busy_plan(), part)), f"after row {seq}"

    run(main())


def test_every_part_of_a_snapshot_is_needed() -> None:
    """The busy hour is busy enough: without any one part of its snapshots, the state read back is another one."""
    empty: dict[str, Any] = {"now": 0, "last_offer": 0, "last_order": 0, "last_case": 0, "open": {}, "turns": {}}
    empty["estimators"] = {}
    kept_apart = {"plan", "seq"}  # without them it could not be read at all
    elsewhere = {"watches", "pointers", "last_agents", "last_consult"}  # each in the tests of what it is for

    async def missed() -> set[str]:
        journal = await busy_journal()
        found = set[str]()
        for seq in between_turns(journal):
            engine = (await recover(busy_plan(), await upto(journal, seq))).engine
            state = json.loads(dump_board(engine.board, as_it_is))
            for name in state.keys() - kept_apart - elsewhere - found:
                body = json.dumps(state | {name: empty.get(name, [])}).encode()
                try:
                    board = codec.load_board(body, engine.plans, str)
                except KeyError:  # it is so needed that nothing can be built without it
                    found.add(name)
                    continue
                if state_of(board) != state_of(engine.board):
                    found.add(name)
        return found | kept_apart | elsewhere

    assert {field.name for field in fields(BoardState)} == run(missed())


def test_a_snapshot_of_another_release_is_passed_over() -> None:
    """The rows say all that it said."""

    async def main() -> None:
        journal = await busy_journal()
        expected = everything(await recover(busy_plan(), await upto(journal, len(journal.kept_rows))))
        await journal.save_snapshot(Snapshot(3, 0, "?", codec.SNAPSHOT_VERSION + 1, b"who knows", b"what"))
        recovered = await recover(busy_plan(), journal)
        assert (expected, 0) == (everything(recovered), recovered.snapshot_seq)

    run(main())


def test_measures_after_a_restart_are_those_of_the_whole_log() -> None:
    """Whatever was restarted in between: the sums are those of a fold from row 1, agents' time included."""

    async def main() -> None:
        journal = await busy_journal()
        fold = Measures(busy_plan())
        vault = Vault(await journal.personal())
        for row in journal.kept_rows:
            fold.apply(codec.decode(row.kind, row.version, row.body, vault.value), row.at)
        assert journal.kept_snapshot is not None
        recovered = await recover(busy_plan(), journal)
        assert fold.dump() == recovered.measures.dump()
        now = recovered.engine.now
        assert fold.tally(now) == recovered.measures.tally(now)

    run(main())


def test_only_those_still_heard_of_are_counted_on() -> None:
    """The numbers of contacts that nobody remembers are left in the journal."""

    async def main() -> None:
        stage = Stage(plan())
        await stage.open()
        await stage.say(ContactArrived("c1", "100"), sequence=1)
        await stage.say(ContactLeft("stranger"), sequence=1)
        recovered = await recover(stage.plan, stage.journal)
        assert [("pbx", "contact/c1", 2)] == recovered.expected

    run(main())


# --- other rules --------------------------------------------------------------------------------------------------


async def waiting_under(rules: Plan) -> Stage:
    """A centre in which a contact is offered to an agent."""
    stage = Stage(rules)
    await stage.open()
    await stage.say(AgentStateSet("ann", "ready"))
    await stage.say(ContactArrived("c1", "100"))
    return stage


def test_new_rules_are_put_in_force_once() -> None:
    """A start under other rules says so in the log; the next start has nothing to say."""

    async def main() -> None:
        stage = await waiting_under(plan())
        await stage.close()
        longer = with_queue(plan(version="v2"), "help", offer_ms=50 * S)
        await stage.open(longer)
        await stage.say(OfferAccepted("c1", "ann", 1))
        await stage.say(ContactArrived("c2", "100"))
        await stage.close()
        await stage.open(longer)
        started = [event for _, _, _, event in stage.log() if isinstance(event, CentreStarted)]
        assert [CentreStarted("v1"), CentreStarted("v2")] == started
        assert {"v1", "v2"} == (await stage.journal.plans()).keys()

    run(main())


def test_what_was_due_under_the_old_rules_comes_first() -> None:
    """An offer that ran out while nobody was running has run out before the new rules are in force."""

    async def main() -> None:
        stage = await waiting_under(plan())
        await stage.kill()
        rows = len(stage.kinds())
        await stage.wait(60 * S)
        await stage.open(plan(version="v2"))
        kinds = stage.kinds(rows)
        assert kinds.index("offer.expired") < kinds.index("centre.started")
        assert {60 * S} == {row.at for row in stage.journal.kept_rows[rows:]}

    run(main())


def test_old_rows_are_measured_by_the_rules_of_their_time() -> None:
    """A queue that new rules no longer have is still told of in the log, with the thresholds it had."""

    async def main() -> None:
        old = with_queue(plan(), "help", short_abandon_ms=0)
        stage = Stage(old)
        await stage.open()
        await stage.say(ContactArrived("c1", "100"))
        await stage.wait(5 * S)
        await stage.say(ContactLeft("c1"))
        tally = stage.service.measures.tally()
        await stage.close()
        other = plan(queues=(replace(QUEUE, id="other"),), version="v2")
        await stage.open(other)
        await stage.close()
        stage.journal.kept_snapshot = None
        recovered = await recover(other, stage.journal)
        assert (tally, 0) == (recovered.measures.tally(), tally.abandoned_short)

    run(main())


def test_rows_after_a_snapshot_are_measured_by_the_rules_then_in_force() -> None:
    """New rules count from where the log says that they are in force, not from the snapshot on."""

    async def main() -> None:
        stage = Stage(with_queue(plan(), "help", short_abandon_ms=10 * S))
        await stage.open()
        await stage.close()
        await stage.open()
        await stage.say(ContactArrived("c1", "100"))
        await stage.wait(5 * S)
        await stage.say(ContactLeft("c1"))
        await stage.kill()
        recovered = await recover(with_queue(plan(version="v2"), "help", short_abandon_ms=0), stage.journal)
        assert (2, 1) == (recovered.snapshot_seq, recovered.measures.tally().abandoned_short)

    run(main())


def test_rules_that_lack_what_is_needed_are_refused() -> None:
    """Nothing is written, and the old rules still start."""

    async def main() -> None:
        stage = await waiting_under(plan())
        await stage.close()
        before = stage.log()
        await stage.open(plan(queues=(replace(QUEUE, id="other"),), version="v2"))
        with pytest.raises(UsageFault, match=r"lack.* queue 'help'.*start with the old rules"):
            await stage.running
        assert before == stage.log()
        assert ["v1"] == list(await stage.journal.plans())
        await stage.open(plan())
        assert ["c1"] == list(stage.service.engine.board.floor.contacts)

    run(main())


# --- journals that are not ours to read ---------------------------------------------------------------------------

REMEDY = ".*: start the release that wrote it, or name another file$"


def test_a_journal_of_another_centre_is_refused() -> None:
    """In one sentence, with both names and what to do."""

    async def main() -> None:
        stage = Stage(plan())
        await stage.open()
        await stage.close()
        with pytest.raises(UnusableJournalFault) as fault:
            await recover(replace(plan(), centre="elsewhere"), stage.journal)

        assert "this journal is of centre 'test', not 'elsewhere': name another file" == str(fault.value)

    run(main())


@pytest.mark.parametrize(
    ("kind", "version", "body", "match"),
    [
        ("contact.arrived", 2, b"{}", "was written by a newer release"),
        ("contact.dreamt", 1, b"{}", "was written by a newer release"),
        ("contact.arrived", 1, b"{", "cannot be read"),
        ("contact.arrived", 1, b'{"contact": 7}', "cannot be read"),
    ],
)
def test_rows_that_cannot_be_read_are_a_fault(kind: str, version: int, body: bytes, match: str) -> None:
    """A newer release's rows, or damaged ones, stop the start."""

    async def main() -> None:
        stage = Stage(plan())
        await stage.open()
        await stage.kill()
        await stage.journal.append(Batch([Row(len(stage.kinds()) + 1, 0, "", kind, version, body)]))
        with pytest.raises(UnusableJournalFault, match=rf"^row \d+: event '{kind}' version {version} {match}{REMEDY}"):
            await recover(plan(), stage.journal)

    run(main())


@pytest.mark.parametrize(
    ("part", "match"),
    [
        ({"body": b"{"}, "the snapshot cannot be read: "),
        ({"measures": b"[]"}, "the measures in the snapshot cannot be read: "),
    ],
)
def test_a_snapshot_that_cannot_be_read_is_a_fault(part: dict[str, Any], match: str) -> None:
    """It says of which of its two parts."""

    async def main() -> None:
        stage = Stage(plan())
        await stage.open()
        await stage.close()
        assert stage.journal.kept_snapshot is not None
        stage.journal.kept_snapshot = replace(stage.journal.kept_snapshot, **part)
        with pytest.raises(UnusableJournalFault, match=f"^{match}{REMEDY}"):
            await recover(plan(), stage.journal)

    run(main())


def test_rules_that_cannot_be_read_are_a_fault() -> None:
    """The fault names the plan by its hash."""

    async def main() -> None:
        journal = MemoryJournal()
        await journal.save_plan("v0", b"{}")
        with pytest.raises(UnusableJournalFault, match=f"^the plan 'v0' in the journal cannot be read: {REMEDY}"):
            await recover(plan(), journal)

    run(main())


def test_what_the_journal_itself_says_is_left_as_it_is() -> None:
    """Its own faults know the file and what to do."""

    class Damaged(MemoryJournal):
        async def personal(self) -> list[PersonalValue]:
            raise JournalFault(told)

    async def main() -> None:
        with pytest.raises(JournalFault) as fault:
            await recover(plan(), Damaged())
        assert (JournalFault, told) == (type(fault.value), str(fault.value))

    told = "j.db is damaged (row 1 is missing): restore a copy"
    run(main())


def test_rows_of_older_versions_are_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One version at a time; new rows are written in the newest."""

    async def main() -> None:
        journal = MemoryJournal()
        await journal.save_plan("v1", codec.dump_plan(plan()))
        rows = [
            Row(1, 0, "", "centre.started", 1, b'{"plan": "v1"}'),
            Row(2, 5, "", "contact.arrived", 1, b'{"call": "c1", "to": "100"}'),
        ]
        await journal.append(Batch(rows))
        monkeypatch.setitem(codec.VERSIONS, "contact.arrived", 3)
        second = ("contact.arrived", 1), lambda old: {"contact": old["call"], "to": old["to"]}
        third = ("contact.arrived", 2), lambda old: {"contact": old["contact"], "dialled": old["to"]}
        for step, lift in (second, third):
            monkeypatch.setitem(codec.UPCASTERS, step, lift)
        stage = Stage(plan(), journal=journal)
        await stage.open()
        assert ["c1"] == list(stage.service.engine.board.floor.contacts)
        await stage.say(ContactArrived("c2", "100"))
        assert [1, 3] == [row.version for row in journal.kept_rows if row.kind == "contact.arrived"]

    run(main())


def test_recovery_decides_nothing() -> None:
    """Reading a journal writes nothing into it, and two readings agree."""

    async def main() -> None:
        journal = await busy_journal(bursts=60)
        before = (list(journal.kept_rows), dict(journal.kept_outcomes), dict(journal.kept_personal))
        first, second = await recover(busy_plan(), journal), await recover(busy_plan(), journal)
        assert everything(first) == everything(second)
        assert before == (journal.kept_rows, journal.kept_outcomes, journal.kept_personal)

    run(main())


def test_the_log_decides_what_the_log_says() -> None:
    """Its facts alone, given to a fresh engine at their instants, make every other row again."""

    async def main() -> None:
        journal = await busy_journal()
        engine = Engine(busy_plan())
        vault = Vault(await journal.personal())
        log = [(row, codec.decode(row.kind, row.version, row.body, vault.value)) for row in journal.kept_rows]
        made: list[object] = []
        for row, event in log:
            if row.seq <= len(made):
                continue
            by_time = not row.cause and row.seq > 1
            made += engine.tick(row.at) if by_time else engine.handle(secret_again(engine, event), row.at)
        assert None is first_difference([secret_left_out(event) for event in made], [event for _, event in log])

    run(main())


def secret_again(engine: Engine, event: Any) -> Any:
    """The secret number that the log leaves out."""
    return replace(event, digits="9876") if engine.takes_secret(event) else event


def secret_left_out(event: Any) -> Any:
    """The event as the log has it."""
    return replace(event, digits="") if getattr(event, "digits", "") == "9876" else event
