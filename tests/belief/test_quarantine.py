"""Held values before operators: listed, released, dropped."""

from datetime import timedelta

from feeds.model import Statistic
from tests.belief.play import FEED, hear, new_believer, said
from waitless.belief import Believed, Believer, Fate, NoteKind, ReleaseRefusal, Rule


def held_jump() -> tuple[Believer, str]:
    believer = new_believer()
    hear(believer, said(0, 30), said(5, 300))
    return believer, believer.list_held()[0].id


def test_a_held_value_is_listed_with_its_rule_and_its_reason() -> None:
    believer, held_id = held_jump()
    value = believer.list_held("deal-utc")[0]

    assert held_id == "deal-utc/2026-11-23T10:05:00+00:00/jump"
    assert (value.rule, value.fate) == (Rule.JUMP, Fate.WAITING)
    assert value.detail == "from 30 to 300 minutes"
    assert value.held_at == said(5).received_at


def test_a_released_value_is_believed_and_what_follows_is_measured_from_it() -> None:
    believer, held_id = held_jump()

    released = believer.release(held_id, said(6).received_at)

    assert isinstance(released, Believed)
    assert released.observation == said(5, 300)
    assert released.has(NoteKind.RELEASED)
    assert believer.list_held()[0].fate is Fate.RELEASED
    assert hear(believer, said(10, 310), said(15, 30)) == ["believed", "jump"]


def test_a_dropped_value_confirms_nothing() -> None:
    believer, held_id = held_jump()

    dropped = believer.drop(held_id, said(6).received_at)

    assert dropped is not None
    assert dropped.fate is Fate.DROPPED
    assert hear(believer, said(10, 300), said(15, 300)) == ["jump", "believed"]


def test_a_value_is_settled_once() -> None:
    believer, held_id = held_jump()
    believer.drop(held_id, said(6).received_at)

    assert believer.drop(held_id, said(7).received_at) is None
    assert believer.release(held_id, said(7).received_at) is ReleaseRefusal.SETTLED


def test_dropping_an_older_value_leaves_the_newer_step_waiting() -> None:
    believer = new_believer()
    hear(believer, said(0, 30), said(5, 4320), said(10, 300))

    believer.drop(believer.list_held()[1].id, said(11).received_at)

    assert hear(believer, said(15, 300)) == ["believed"]


def test_an_unknown_value_is_refused_by_name() -> None:
    assert new_believer().release("x", said(0).received_at) is ReleaseRefusal.UNKNOWN
    assert new_believer().drop("x", said(0).received_at) is None


def test_nobody_may_release_a_breach_of_the_hard_limit() -> None:
    believer = new_believer()
    hear(believer, said(0, 4320))

    refused = believer.release(believer.list_held()[0].id, said(1).received_at)

    assert refused is ReleaseRefusal.NEVER_SHOWN


def test_nor_one_that_another_rule_held_first() -> None:
    believer = new_believer()
    hear(believer, said(0, 30), said(0, 4320))

    assert believer.list_held()[0].rule is Rule.CONTRADICTION
    refused = believer.release(believer.list_held()[0].id, said(1).received_at)

    assert refused is ReleaseRefusal.NEVER_SHOWN


def test_a_value_that_a_newer_reading_has_overtaken_is_not_released() -> None:
    believer, held_id = held_jump()
    hear(believer, said(10, 35))

    assert believer.release(held_id, said(11).received_at) is ReleaseRefusal.OVERTAKEN


def test_releasing_a_contradiction_puts_it_in_the_place_of_the_other() -> None:
    believer = new_believer()
    hear(believer, said(0, 30), said(0, 45))

    released = believer.release(believer.list_held()[0].id, said(1).received_at)

    assert isinstance(released, Believed)
    assert hear(believer, said(0, 45)) == ["duplicate"]


def test_a_release_from_a_lasting_rule_speaks_for_four_hours() -> None:
    believer = new_believer()
    assert hear(believer, said(0, 0, waiting=3)) == ["zero_with_patients"]
    believer.release(believer.list_held()[0].id, said(1).received_at)

    assert hear(believer, said(5, 0, waiting=4)) == ["believed"]
    assert hear(believer, said(245, 0, waiting=4)) == ["zero_with_patients"]


def test_a_release_of_a_jump_speaks_for_that_one_only() -> None:
    believer, held_id = held_jump()
    believer.release(held_id, said(6).received_at)

    assert hear(believer, said(10, 30)) == ["jump"]


def test_releasing_another_statistic_begins_its_regime() -> None:
    believer = new_believer()
    hear(believer, said(0), said(5, 25, statistic=Statistic.LONGEST))

    released = believer.release(believer.list_held()[0].id, said(6).received_at)

    assert isinstance(released, Believed)
    assert released.has(NoteKind.REGIME_CHANGED)
    assert hear(believer, said(10, 26, statistic=Statistic.LONGEST)) == ["believed"]


def test_readings_settle_what_waited() -> None:
    believer = new_believer()
    hear(believer, said(0, 30), said(5, 4320), said(10, 700), said(15, 300), said(20, 310))

    fates = {
        one.rule.value + str(one.observation.as_of.minute): one.fate for one in believer.list_held()
    }

    assert fates == {
        "over_limit5": Fate.PASSED,
        "jump10": Fate.PASSED,
        "jump15": Fate.CONFIRMED,
    }


def test_twenty_held_values_are_kept_newest_first() -> None:
    believer = new_believer()
    hear(believer, *(said(5 * n, 4320 + n) for n in range(30)))

    listed = believer.list_held("deal-utc")

    assert len(listed) == 20
    assert listed[0].observation.as_of - listed[-1].observation.as_of == timedelta(minutes=95)
    assert believer.list_held("nowhere") == []


def test_held_values_of_all_facilities_are_listed_together() -> None:
    believer = new_believer("deal-utc", "dover-utc")
    both = [said(0, 4320), said(0, 4320, facility="dover-utc")]
    believer.judge_delivery(FEED, both, said(0).received_at)

    assert {one.observation.facility_id for one in believer.list_held()} == {
        "deal-utc",
        "dover-utc",
    }
