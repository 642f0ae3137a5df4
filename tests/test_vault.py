"""The vault: stable pseudonyms for persons, fresh tokens for digits, and restarts that confuse nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.ports import PersonalValue
from router.vault import Vault

uses = st.lists(st.tuples(st.sampled_from(["person", "digits"]), st.text("01", min_size=1, max_size=3)))


def test_a_person_has_one_token_however_often_it_calls() -> None:
    """The same kind and value get the same token, on any contact."""
    vault = Vault()
    calls = [("+81311", "c1"), ("+81322", "c2"), ("+81311", "c3")]
    assert ["~person-1", "~person-2", "~person-1"] == [
        vault.token("person", number, contact) for number, contact in calls
    ]


def test_kinds_do_not_share_tokens() -> None:
    """Digits that equal somebody's number are not taken for that person."""
    vault = Vault()
    assert ("~person-1", "~digits-1") == (vault.token("person", "4711", "c1"), vault.token("digits", "4711", "c1"))


def test_equal_digits_get_different_tokens() -> None:
    """What was keyed is fresh each time, so that the log does not tell who keyed the same."""
    vault = Vault()
    assert ["~digits-1", "~digits-2"] == [vault.token("digits", "1234", "c1") for _ in range(2)]


def test_nothing_stays_nothing() -> None:
    """An absent value needs no protection and gets no token."""
    vault = Vault()
    assert ("", []) == (vault.token("person", "", "c1"), vault.take_new())


def test_unknown_tokens_come_back_as_they_are() -> None:
    """To everybody without the value, a token is opaque text."""
    assert "~person-9" == Vault().value("~person-9")


def test_new_values_are_handed_out_once_in_order_of_first_use() -> None:
    """Each value goes into the journal with the batch that first used it, and with no other."""
    vault = Vault()
    for kind, value in [("person", "b"), ("digits", "1"), ("person", "b"), ("person", "a")]:
        vault.token(kind, value, "c1")
    expected = [
        PersonalValue("~person-1", "person", "b", "c1"),
        PersonalValue("~digits-1", "digits", "1", "c1"),
        PersonalValue("~person-2", "person", "a", "c1"),
    ]
    assert (expected, []) == (vault.take_new(), vault.take_new())


def test_a_restored_vault_knows_what_the_journal_holds() -> None:
    """After a restart a person keeps its token, and nothing counts as new."""
    vault = Vault([PersonalValue("~person-7", "person", "+81311", "c1")])
    assert ("~person-7", "+81311", []) == (
        vault.token("person", "+81311", "c2"),
        vault.value("~person-7"),
        vault.take_new(),
    )


def test_an_erased_value_leaves_its_token_taken() -> None:
    """A row without its value was erased: its token stays opaque, and nobody else ever gets it."""
    vault = Vault([PersonalValue("~person-7", "person", "", "c1")])
    assert ("~person-7", "~person-8") == (vault.value("~person-7"), vault.token("person", "+81311", "c2"))


@given(uses)
def test_every_token_leads_back_to_its_value(values: list[tuple[str, str]]) -> None:
    """Whatever was handed in comes out again behind its token."""
    vault = Vault()
    tokens = [vault.token(kind, value, "c1") for kind, value in values]
    assert [value for _, value in values] == [vault.value(token) for token in tokens]


@given(committed=uses, lost=uses, after=uses)
def test_a_crash_confuses_nobody(
    committed: list[tuple[str, str]], lost: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    """Tokens of a batch that was never committed may be given out again, but no two values in the journal share one."""
    vault = Vault()
    for kind, value in committed:
        vault.token(kind, value, "c1")
    journal = vault.take_new()
    for kind, value in lost:
        vault.token(kind, value, "c1")
    vault = Vault(journal)
    for kind, value in after:
        vault.token(kind, value, "c1")
    journal += vault.take_new()
    restored = Vault(journal)
    assert len(journal) == len({kept.token for kept in journal})
    assert [kept.value for kept in journal] == [restored.value(kept.token) for kept in journal]
    assert [] == restored.take_new()
