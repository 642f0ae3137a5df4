# ruff: noqa: E501 - a case of the tables is a line, and a fault is one as people read it
"""What is wrong in a centre's files, each mistake as one fault in its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.centre import load, plan_hash
from router.centre.document import DEPTH_MAX
from router.errors import CentreFault
from tests.clinic import BASE, dump, faults_of, line_of, loaded

# What stands in BASE, what is written instead, and the fault: its line, setting and message, and the hint in brackets.
# fmt: off
UNKNOWN = [
    ("zone: Europe/Paris\n  lang", "zone: xyzzy\n  lang", "3: centre.zone: `xyzzy` is no time zone of the IANA database; write a name such as Asia/Shanghai (the time zone in which its reports are read, by its IANA name)"),
    ("zone: Europe/Paris\n  lang", "zone: Europe/Pariss\n  lang", "3: centre.zone: `Europe/Pariss` is no time zone of the IANA database; did you mean `Europe/Paris`? (the time zone in which its reports are read, by its IANA name)"),
    ("queue: nurses", "queue: nurse", "40: flows.front.nodes.nurse.queue: `nurse` is no queue of this centre (did you mean `nurses`?)"),
    ("['101'], service_line: care, language: fr, flow: front", "['101'], service_line: care, language: fr, flow: fronts", "44: entry_points.other.flow: `fronts` is no flow of this centre (did you mean `front`?)"),
    ("start: hours", "start: hour", "17: flows.front.start: `hour` is no node of this flow (did you mean `hours`?)"),
    ("open: welcome", "open: welcom", "19: flows.front.nodes.hours.open: `welcom` is no node of this flow (did you mean `welcome`?)"),
    ("{1: status,", "{1: state,", "32: flows.front.nodes.choice.options.1: `state` is no node of this flow (did you mean `status`?)"),
    ("prompts: [ask]", "prompts: [hello, aks]", "23: flows.front.nodes.number.prompts[1]: `aks` is no prompt of this centre (did you mean `ask`?)"),
    ("{open: hello,", "{open: hallo,", "37: flows.front.nodes.status.prompts.open: `hallo` is no prompt of this centre (did you mean `hello`?)"),
    ("calendar: desk, open", "calendar: dest, open", "19: flows.front.nodes.hours.calendar: `dest` is no calendar of this centre (did you mean `desk`?)"),
    ("8h, calendar: desk", "8h, calendar: dest", "59: case_types.visit.calendar: `dest` is no calendar of this centre (did you mean `desk`?)"),
    ("{advice: 2}", "{advise: 2}", "49: queues.nurses.requirements.advise: `advise` is no skill of this centre (did you mean `advice`?)"),
    ("{advice: 5}", "{advise: 5}", "55: agents.head.skills.advise: `advise` is no skill of this centre (did you mean `advice`?)"),
    ("team: doctors", "team: doctor", "59: case_types.visit.team: `doctor` is no team of this centre (did you mean `doctors`?)"),
    ("case_type: visit", "case_type: visits", "52: queues.nurses.case_type: `visits` is no case type of this centre (did you mean `visit`?)"),
    ("['101'], service_line: care", "['101'], service_line: car", "44: entry_points.other.service_line: `car` is no service line of any team (did you mean `care`?)"),
    ("language: fr, flow", "language: de, flow", "44: entry_points.other.language: `de` is no language of this centre (known: en, fr)"),
    ("language: fr, next", "language: de, next", "34: flows.front.nodes.french.language: `de` is no language of this centre (known: en, fr)"),
    ("languages: [fr]}", "languages: [de]}", "55: agents.head.languages[0]: `de` is no language of this centre (known: en, fr)"),
    ("fr: Bonjour.}", "fr: Bonjour., de: Hallo.}", "12: prompts.hello.de: `de` is no language of this centre (known: en, fr)"),
    ("offer: 15s", "offfer: 15s", "51: queues.nurses.offfer: unknown setting `offfer` (did you mean `offer`?)"),
    ("{count: 2, ", "{count: 2, xyz: 1, ", "54: agents.nurse.xyz: unknown setting `xyz` (known: capacity, channels, count, languages, missed_offers_max, skills, weight, wrap_up)"),
    ("priority: 2}", "priority: 2, promts: [hello]}", "40: flows.front.nodes.nurse.promts: unknown setting `promts` (did you mean `prompts`?)"),
    ("priority: 2}", "priority: 2, silence: 5s}", "40: flows.front.nodes.nurse.silence: unknown setting `silence` (known: head_start, node, position, prefers, priority, prompts, queue, tiers_max, wait_max)"),
    ("closed: [2026-07-14]", "close: [2026-07-14]", "10: calendars.desk.close: unknown setting `close` (did you mean `closed`?)"),
    ("to: 2027-01-01}", "to: 2027-01-01, untl: 2028-01-01}", "5: centre.horizon.untl: unknown setting `untl` (known: from, to)"),
    ("reasons:", "reason:", "60: reason: unknown section `reason` (did you mean `reasons`?)"),
    ("{node: say,", "{node: sya,", "20: flows.front.nodes.welcome.node: unknown kind `sya` (did you mean `say`?)"),
    ("{node: say,", "{node: xyzzy,", "20: flows.front.nodes.welcome.node: unknown kind `xyzzy` (known: case_status, collect, hand_over, hang_up, hours, menu, say, set_language)"),
    ("{node: say, ", "{", "20: flows.front.nodes.welcome: `node` is missing (it says of which kind this is)"),
    ("service_line: care, flow", "channel: fax, service_line: care, flow", "43: entry_points.line.channel: this must be `voice`, `chat`, `mail` or `work_item` (the channel by which they come)"),
    ("offer: 15s", "wrap_up_outcome: escalate", "51: queues.nurses.wrap_up_outcome: this must be `resolved`, `follow_up` or `escalated` (did you mean `escalated`?)"),
    ("case_type: visit", "reasons: [fewer]", "52: queues.nurses.reasons[0]: `fewer` is no wrap-up code of this centre (did you mean `fever`?)"),
    ("case_type: visit", "wrap_up_reason: fewer", "52: queues.nurses.wrap_up_reason: `fewer` is no wrap-up code of this centre (did you mean `fever`?)"),
    ("{open: hello,", "{opn: hello, open: hello,", "37: flows.front.nodes.status.prompts.opn: this must be `open`, `accepted` or `resolved` (did you mean `open`?)"),
]

MISSHAPEN = [
    ("        into: patient\n", "", "21: flows.front.nodes.number.into: `into` is missing (the fact about the contact which the number becomes)"),
    ("  languages: [en, fr]\n", "", "1: centre.languages: `languages` is missing (the languages it speaks, first the one of an entry point that names none)"),
    ("fr: Bonjour.}", "fr: ''}", "12: prompts.hello.fr: this must not be empty (what callers hear, by id and language: every prompt in every language of the centre)"),
    ("{1: status, 2: french, '*': choice}", "{}", "32: flows.front.nodes.choice.options: this must not be empty (the node that follows each key)"),
    ("{1: status,", "{A: status,", "32: flows.front.nodes.choice.options.A: `A` is no key: a telephone has 0 to 9, * and # (the node that follows each key)"),
    ("{1: status,", "{11: status,", "32: flows.front.nodes.choice.options.11: `11` is no key: a telephone has 0 to 9, * and # (the node that follows each key)"),
    ("digits_max: 8", "digits_max: 3", "26: flows.front.nodes.number.digits_max: digits_max is 3, below digits_min, which is 4 (the most digits; the last of them ends the number)"),
    ("digits_max: 8", "digits_max: 800", "26: flows.front.nodes.number.digits_max: this must be 32 or less (the most digits; the last of them ends the number)"),
    ("{open: hello, accepted: hello, resolved: hello}", "{open: hello}", "37: flows.front.nodes.status.prompts: nothing is played for a case that is accepted or resolved (what is played for each state of a case; none is left out)"),
    ("['101']", "[101]", "44: entry_points.other.addresses[0]: this must be text (put it in quotes)"),
    ("['101']", "['1 01']", "44: entry_points.other.addresses[0]: `1 01` is no address: use a number such as +862150505001 or an extension, without blanks (the dialled numbers, or the names of mailboxes and the like, in quotes; each once in a centre)"),
    ("offer: 15s", "offer: 15", "51: queues.nurses.offer: a duration needs its unit: write 15s, 15m or 15h (how long an agent is offered a contact)"),
    ("offer: 15s", "offer: soon", "51: queues.nurses.offer: `soon` is not a duration: write it like 20s, 3m, 2h or 1h30m (how long an agent is offered a contact)"),
    ("offer: 15s", "offer: 0s", "51: queues.nurses.offer: this must be longer than nothing (how long an agent is offered a contact)"),
    ("offer: 15s", "offer: [15s]", "51: queues.nurses.offer: a duration is a number with its unit, such as 20s, 3m or 2h (how long an agent is offered a contact)"),
    ("target: 8h", "target: 1d", "59: case_types.visit.target: a day has no fixed length, and a working day even less: write hours, such as 8h (within how much open time of the calendar it owes it)"),
    ("case_type: visit", "reasons: [fever, fever]", "52: queues.nurses.reasons: `fever` is listed twice (take one of them out)"),
    ("offer: 15s", "direct: 0s", "51: queues.nurses.direct: this must be longer than nothing (how long a contact that is transferred to one agent, or given to him by hand, waits for him alone)"),
    ("offer: 15s", "consult: 0s", "51: queues.nurses.consult: this must be longer than nothing (how long an agent who consults somebody of this queue waits for an answer)"),
    ("{advice: 5}", "{advice: '5'}", "55: agents.head.skills.advice: this must be a whole number (without quotes and without a point)"),
    ("{advice: 5}", "{advice: 1e999}", "55: agents.head.skills.advice: this must be a whole number (without quotes and without a point)"),
    ("{advice: 5}", "{advice: 11}", "55: agents.head.skills.advice: this must be 10 or less (the level of each skill, 1 to 10)"),
    ("match_language: true", "match_language: yes", "50: queues.nurses.match_language: this must be true or false (without quotes)"),
    ("languages: [fr]}", "languages: fr}", "55: agents.head.languages: this must be a list (write [one, another], or one - a line)"),
    ("{advice: 5}", "[advice]", "55: agents.head.skills: this must be a mapping of names to values (the level of each skill, 1 to 10)"),
    ("doctors: {service_line: care}", "doctors: care", "57: teams.doctors: this must be a mapping of settings (process teams by id)"),
    ("  doctors: {service_line: care}", "  - doctors", "56: teams: this must be a mapping of names to values (process teams by id)"),
    ("  fever: A fever", "  Fever!: A fever", "61: reasons.Fever!: `Fever!` is no id: use up to 64 lower-case letters and digits, joined by hyphens (wrap-up codes: an id and what it means)"),
    ("languages: [en, fr]\n", "languages: [en, fr, en]\n", "4: centre.languages: `en` is listed twice (take one of them out)"),
    ("languages: [fr]}", "languages: [fr, fr]}", "55: agents.head.languages: `fr` is listed twice (take one of them out)"),
    ("languages: [en, fr]\n", "languages: [en, fr, french]\n", "4: centre.languages[2]: `french` is no language: use a tag such as en, ja or zh-Hant (BCP 47) (the languages it speaks, first the one of an entry point that names none)"),
    ("to: 2027-01-01", "to: 2025-01-01", "5: centre.horizon.to: the horizon ends on 2025-01-01, before it begins: `to` is the date after the last one (the date after the last one)"),
    ("to: 2027-01-01", "to: 2126-01-01", "5: centre.horizon.to: a horizon spans 20 years at most (the date after the last one)"),
    ("to: 2027-01-01", "to: 2027-02-30", "5: centre.horizon.to: this must be a date that exists (write it like 2026-01-31)"),
    ("{count: 2,", "{count: 0,", "54: agents.nurse.count: this must be 1 or more (how many there are: `clerk` with 12 of them is `clerk-01` to `clerk-12`)"),
]

SENSELESS = [
    ("en: Hello., fr: Bonjour.", "en: Hello.", "12: prompts.hello: the prompt `hello` is missing in the language `fr` (add a line `fr: ...`)"),
    ("2: french", "2: status", "34: flows.front.nodes.french: no caller ever reaches the node `french` (lead another node to it, or take it out)"),
    ("        failure: nurse\n      french", "        failure: choice\n      french", "29: flows.front.nodes.choice: a caller who presses nothing never gets out: choice -> choice (lead a `failure` or a `next` on the way to a hang_up)"),
    ("bye: {node: hang_up, prompts: [hello]}", "bye: {node: say, prompts: [hello], next: hours}", "19: flows.front.nodes.hours: a caller who presses nothing never gets out: hours -> bye -> hours (lead a `failure` or a `next` on the way to a hang_up)"),
    ("['101']", "['100']", "44: entry_points.other.addresses[0]: `100` is the address of `line` already, at centre.yaml:43 (a contact arrives on one entry point)"),
    ("offer: 15s\n    case_type: visit", "wrap_up_outcome: escalated", "51: queues.nurses.wrap_up_outcome: an escalation needs a type of case (name the `case_type` an escalation opens)"),
    ("advice: Gives advice\n", "advice: Gives advice\n  fr: Speaks French\n", "47: skills.fr: `fr` is a language of this centre, and so a skill already (list it under `languages` of the agents)"),
    ("[2026-07-14]", "[2026-07-14, 2027-07-14]", "10: calendars.desk.closed[1]: 2027-07-14 is outside the centre's horizon, 2026-01-01 to 2027-01-01 (widen `centre.horizon`, or take the date out)"),
    ("[2026-07-14]", "[2026-12-30..2027-01-02]", "10: calendars.desk.closed[0]: 2026-12-30..2027-01-02 is outside the centre's horizon, 2026-01-01 to 2027-01-01 (widen `centre.horizon`, or take the date out)"),
    ("closed: [2026-07-14]", "extra: {2025-12-31: [09:00-12:00]}", "10: calendars.desk.extra.2025-12-31: 2025-12-31 is outside the centre's horizon, 2026-01-01 to 2027-01-01 (widen `centre.horizon`, or take the date out)"),
    ("languages: [en, fr]}", "languages: [fr]}", "48: queues.nurses: no agent could ever serve `nurses` in the language `en` (lower a level, or give an agent the skill and the language)"),
    ("{advice: 2}\n    match_language: true\n", "{advice: 6}\n", "48: queues.nurses: no agent could ever serve `nurses` (lower a level, or give an agent the skill)"),
    ("  head: {", "  nurse-01: {", "55: agents.nurse-01: `nurse-01` is also the name of an agent in the group `nurse` (rename one of the two)"),
    ("offer: 15s", "offer: 15s\n    offer: 16s", "52: queues.nurses.offer: `offer` is here a second time; the first is at centre.yaml:51 (rename one of the two, or join them)"),
    ("  fever: A fever", "  fever: A fever\n  fever: A fever", "62: reasons.fever: `fever` is here a second time; the first is at centre.yaml:61 (rename one of the two, or join them)"),
    ("  fever: A fever", "  fever: A fever\nteams:\n  more: {service_line: care}", "62: teams: `teams` is here a second time; the first is at centre.yaml:56 (rename one of the two, or join them)"),
    ("  fever: A fever", "  fever: A fever\n  [a, b]: A list", "62: reasons: a key is a word, not a list or a mapping (put it in quotes)"),
]

UNREADABLE = [
    ("  fever: A fever", "\tfever: A fever", "61: this is not YAML: found character '\\t' that cannot start any token (indent with spaces, never with tabs)"),
    ("fr: Bonjour.}", "fr: Bonjour.", "13: this is not YAML: expected ',' or '}', but got ':' (a text with : ? # or a bracket in it stands in quotes)"),
    ("  fever: A fever", "  fever: A fever: high", "61: this is not YAML: mapping values are not allowed here (a text with : ? # or a bracket in it stands in quotes)"),
    ("'*': choice", "*: choice", "32: this is not YAML: expected alphabetic or numeric character, but found ':' (write the value out; the key * of a telephone stands in quotes: '*')"),
    ("offer: 15s", "offer: *fifteen", "51: aliases are not used in a centre's files (write the value out, or '*' for the key * in quotes)"),
    ("offer: 15s", "offer: !!str 15s", "51: tags are not used in a centre's files (leave out what begins with !)"),
    ("reasons:", "---\nreasons:", "60: this is not YAML: but found another document (a file holds one document: take the line --- out)"),
    ("Gives advice", "Gives \x07 advice", "46: the character U+0007 cannot stand in a YAML file (take it out, or write it as an escape in double quotes)"),
    ("Gives advice", "[" * DEPTH_MAX + "]" * DEPTH_MAX, "46: values are nested more than 32 deep in a centre's files (no setting needs that)"),
    (BASE, "- one\n- two\n", "1: a file holds sections, such as `queues:`, with their entries indented below (the smallest useful centre is examples/hello)"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "fault"), [*UNKNOWN, *MISSHAPEN, *SENSELESS, *UNREADABLE])
def test_a_mistake_is_one_fault_in_its_place(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """Each mistake is answered with one fault: its file, line, setting, what is wrong, and mostly what to do."""
    assert 1 == BASE.count(old)
    assert [f"centre.yaml:{fault}"] == faults_of(tmp_path, BASE.replace(old, new))


def test_all_faults_are_listed_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    """Faults of every kind come together, so that nobody has to load once for each."""
    text = (
        BASE.replace("offer: 15s", "offer: 15").replace("queue: nurses", "queue: nurse").replace("2: french", "2: bye")
    )
    faults = faults_of(tmp_path, text, more="teams:\n  doctors: {service_line: care}\nqueus: {}\n", rest="a: [\n")
    assert [
        f"centre.yaml:{line_of('      french:')}: flows.front.nodes.french: no caller ever reaches the node `french` (lead another node to it, or take it out)",
        f"centre.yaml:{line_of('queue: nurses')}: flows.front.nodes.nurse.queue: `nurse` is no queue of this centre (did you mean `nurses`?)",
        f"centre.yaml:{line_of('offer:')}: queues.nurses.offer: a duration needs its unit: write 15s, 15m or 15h (how long an agent is offered a contact)",
        f"more.yaml:2: teams.doctors: `doctors` is here a second time; the first is at centre.yaml:{line_of('  doctors:')} (rename one of the two, or join them)",
        "more.yaml:3: queus: unknown section `queus` (did you mean `queues`?)",
        "rest.yaml:2: this is not YAML: expected the node content, but found '<stream end>' (a text with : ? # or a bracket in it stands in quotes)",
    ] == faults


def test_a_file_that_cannot_be_read_makes_no_name_unknown(tmp_path: Path) -> None:
    """What stands in a broken file cannot be known, so names that may stand there are no faults yet."""
    front, _, teams = BASE.partition("teams:\n")
    assert [
        "teams.yaml:2: this is not YAML: found character '\\t' that cannot start any token (indent with spaces, never with tabs)"
    ] == faults_of(tmp_path, front, teams="teams:\n\t" + teams)


def test_an_entry_with_a_fault_is_still_known_by_name(tmp_path: Path) -> None:
    """A queue, a team or a prompt that is wrong in itself is not also reported wherever it is named."""
    text = (
        BASE.replace("offer: 15s", "offer: 15")
        .replace("{service_line: care}\ncase", "{}\ncase")
        .replace("fr: Tapez 1 ou 2.", "fr: 2")
    )
    assert ["prompts.menu.fr", "queues.nurses.offer", "teams.doctors.service_line"] == [
        fault.split(": ")[1] for fault in faults_of(tmp_path, text)
    ]


def test_without_a_sound_centre_section_the_rest_is_still_checked(tmp_path: Path) -> None:
    """A missing language or horizon does not hide a wrong name further down."""
    text = BASE.replace("  languages: [en, fr]\n", "").replace("queue: nurses", "queue: nurse")
    assert ["centre.languages", "flows.front.nodes.nurse.queue"] == [
        fault.split(": ")[1] for fault in faults_of(tmp_path, text)
    ]


@pytest.mark.parametrize("name", ["centre", "entry_points", "flows", "queues", "agents"])
def test_a_section_that_every_centre_needs(tmp_path: Path, name: str) -> None:
    """A centre without a section it cannot do without says so, and names the folder."""
    sections = yaml.safe_load(BASE)
    del sections[name]
    missing = f"{name}: no file has anything in a section `{name}` (the smallest useful centre is examples/hello)"
    assert f"{tmp_path}: {missing}" in faults_of(tmp_path, dump(sections))


def test_a_calendar_that_never_opens(tmp_path: Path) -> None:
    """A calendar without hours is a fault at load, for no clock over it would ever fall due."""
    faults = faults_of(tmp_path, BASE.replace("[09:00-17:00]", "[]"))
    assert [f"centre.yaml:{line_of('  desk:')}: calendars.desk"] == [": ".join(one.split(": ")[:2]) for one in faults]


def test_a_fault_within_a_calendar_has_its_line(tmp_path: Path) -> None:
    """A fault that the model of calendars finds is placed like any other."""
    faults = faults_of(tmp_path, BASE.replace("[09:00-17:00]", "[9-17]"))
    assert [f"centre.yaml:{line_of('week:')}: calendars.desk.week.mon-fri[0]"] == [
        ": ".join(one.split(": ")[:2]) for one in faults
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """No folder, no centre."""
    with pytest.raises(CentreFault, match=r"nowhere: there is no such folder \(a centre is a folder of YAML files\)$"):
        load(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    """A file is refused with a hint to name its folder."""
    file = tmp_path / "centre.yaml"
    file.write_text(BASE, encoding="utf-8")
    with pytest.raises(CentreFault, match=r"centre\.yaml: this is not a folder \(name the folder that holds"):
        load(file)


@pytest.mark.parametrize(
    ("name", "hint"), [("notes.txt", "the smallest useful"), ("centre.yml", "rename centre.yml to")]
)
def test_a_folder_without_files_of_a_centre(tmp_path: Path, name: str, hint: str) -> None:
    """Only files that end in .yaml count, and one that nearly does is pointed out."""
    (tmp_path / name).write_text(BASE, encoding="utf-8")
    with pytest.raises(CentreFault, match=rf"the folder has no file that ends in \.yaml \({re.escape(hint)}"):
        load(tmp_path)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused at the line of the first byte that is not UTF-8."""
    (tmp_path / "prompts.yaml").write_bytes("prompts:\n  x: {en: é}\n".encode("latin-1"))
    assert ["prompts.yaml:2: byte 0xE9 is not UTF-8 (save the file as UTF-8)"] == faults_of(tmp_path)


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is forbidden, or gone since the folder was listed, is a fault and no crash."""

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert [
        "centre.yaml: the file cannot be read: Permission denied (let us read it, or move it elsewhere)"
    ] == faults_of(tmp_path)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.integers(0, len(BASE) - 1),
    junk=st.text(st.sampled_from("{}[]:,'\"*&!|>#?-\t\n 0aé\x00"), min_size=1, max_size=3),
)
def test_no_text_is_met_with_anything_but_faults(tmp_path: Path, position: int, junk: str) -> None:
    """Whatever is typed into a file, the centre loads or its faults are listed: the loader itself never breaks."""
    assert ran_well(tmp_path, BASE[:position] + junk + BASE[position + 1 :])


def ran_well(folder: Path, text: str) -> bool:
    """Whether a centre with this text loads with its own hash, or is refused with faults that all have a file."""
    try:
        plan = loaded(folder, text).plan
    except CentreFault as refusal:
        return refusal.faults != () and all(fault.file.startswith(str(folder)) for fault in refusal.faults)
    return plan.hash == plan_hash(plan)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab1-é ", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["node", "next", "x", "zone", "1"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    section=st.sampled_from([*yaml.safe_load(BASE), "population"]),
    entry=st.sampled_from(["front", "x", "id"]),
    value=JSON,
)
def test_no_value_is_met_with_anything_but_faults(tmp_path: Path, section: str, entry: str, value: object) -> None:
    """Whatever stands where a section or an entry is expected, every fault has a file."""
    sections = yaml.safe_load(BASE)
    sections[section] = value if entry == "x" else {**sections.get(section, {}), entry: value}
    assert ran_well(tmp_path, dump(sections))


@pytest.mark.parametrize(
    ("old", "new", "day"),
    [
        ("from: 2026-01-01, to: 2027-01-01", "from: 0001-01-01, to: 0001-01-03", "0001-01-01"),
        ("from: 2026-01-01, to: 2027-01-01", "from: 1969-12-01, to: 1971-02-01", "1969-12-01"),
        ("from: 2026-01-01, to: 2027-01-01", "from: 9999-12-30, to: 9999-12-31", "9999-12-31"),
    ],
)
def test_a_horizon_at_the_ends_of_time_is_a_fault(tmp_path: Path, old: str, new: str, day: str) -> None:
    """Where dates can no longer be counted on, or not be told in UTC, there is no horizon."""
    faults = faults_of(tmp_path, BASE.replace(old, new))
    assert any(f"{day} is too far away: a horizon lies in the years 1971 to 2999" in fault for fault in faults)


@pytest.mark.parametrize(
    ("text", "field"), [('{en: "\\ud800", fr: Bonjour.}', "prompts.hello.en"), ('{"\\udfff": Hello.}', "prompts.hello")]
)
def test_half_a_character_is_a_fault(tmp_path: Path, text: str, field: str) -> None:
    """An escape may write what is no character, which no file, no database and no bus could hold."""
    faults = faults_of(tmp_path, BASE.replace("{en: Hello., fr: Bonjour.}", text))
    assert f"12: {field}: an escape from \\ud800 to \\udfff stands for half a character" in faults[0]


def test_a_character_in_two_escapes_is_one(tmp_path: Path) -> None:
    """JSON writes what is beyond U+FFFF as two escapes: they are read as the one character that is meant."""
    centre = loaded(tmp_path, BASE.replace("{en: Hello., fr: Bonjour.}", '{en: "\\ud83d\\udc4b", fr: Bonjour.}'))
    assert "\N{WAVING HAND SIGN}" == centre.plan.prompts["hello"]["en"]
