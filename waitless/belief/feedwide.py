"""Rules about a whole feed: what strikes several facilities at once is the source's fault."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from itertools import combinations

from waitless.belief.case import Case, clear, mark
from waitless.belief.rules import FeedRules
from waitless.belief.state import (
    FeedState,
    Seen,
    Trouble,
    TwinRun,
    figures_of,
    is_all_zero,
    is_silent,
    is_zero_wait,
)
from waitless.belief.verdict import FindingKind, Rule

AT_ONCE = timedelta(minutes=10)
"""WaitLess's two centres went wrong in the same minute (FAILURES.md 1)."""
TROUBLES = frozenset((Rule.OVER_LIMIT, Rule.EXTREME, Rule.JUMP, Rule.DROPOUT))
CORRELATED_SHARE = 0.25
"""Jumps at two of eighteen Hong Kong hospitals in the same quarter of an hour are everyday; from
a quarter of the facilities on they are one fault. Breaches of the hard limit always are."""
ALL_FROZEN_AFTER_S = 6 * 3600.0
ALL_FROZEN_TIMES_LONGEST = 3.0
HOLD_AT = 2.0
FEW = 3
BUSY_ONES = 2
"""At least so many must stand above their lowest: at night all small units stand at it."""
GAP_CADENCES = 3
RECENT = timedelta(minutes=30)
TWIN_MINUTES = 30.0
TWIN_DOCUMENTS = 3
TWIN_CHANGES = 1
"""Equal in three documents, and changed together in between: feeds repeat themselves, so equal
figures that merely stay are still one coincidence."""


def note_delivery(feed: FeedState, rules: FeedRules, cases: Sequence[Case]) -> None:
    """Look at one delivery as a whole, before any of it is judged."""
    fresh = [case for case in cases if _is_fresh(case)]
    if not fresh:
        return
    _note_unchanged(feed, rules, fresh)
    for case in fresh:
        feed.seen[case.observation.facility_id] = _see(case)
    if len(fresh) > 1:
        _note_twins(feed, fresh)


def is_all_frozen(case: Case) -> str | None:
    """No figure of any facility has changed for far longer than ever before.

    Four Singapore sources stood frozen for 21.7 days under "status": "ok" (FAILURES.md 7).
    """
    length_s = case.feed.unchanged_s
    limit_s = _all_frozen_limit_s(case.feed)
    if length_s <= limit_s or case.wait is None or case.is_shut or not _enough_stand_still(case):
        return None
    return f"no figure of the feed has changed for {length_s / 3600:.0f} hours"


def must_hold_all_frozen(case: Case) -> str | None:
    """The same for twice as long: then its figures are held."""
    if case.feed.unchanged_s <= HOLD_AT * _all_frozen_limit_s(case.feed):
        return None
    return is_all_frozen(case)


def is_twin(case: Case) -> str | None:
    """Another facility has posted the same three figures, document after document.

    A parser that slips by a row does that (FAILURES.md 13). Both are held: nobody knows whose
    figures they are.
    """
    if not case.feed.twins:
        return None
    facility_id = case.observation.facility_id
    for pair, run in case.feed.twins.items():
        if (
            facility_id in pair.split("|")
            and run.documents >= TWIN_DOCUMENTS
            and run.changes >= TWIN_CHANGES
            and _triple(case) == run.figures
        ):
            return f"the figures of {pair.replace('|', ' and ')} are the same, and change alike"
    return None


def note_trouble(case: Case, rule: Rule) -> None:
    """Count a held value towards a fault that strikes several facilities of the feed."""
    if rule not in TROUBLES:
        return
    trouble = case.feed.trouble
    trouble[case.observation.facility_id] = Trouble(as_of=case.measured_at, rule=rule)
    for facility_id, one in list(trouble.items()):
        if case.measured_at - one.as_of > AT_ONCE:
            del trouble[facility_id]
    known = max(len(case.feed_rules.facility_ids), len(case.feed.seen))
    breaches = sum(one.rule is Rule.OVER_LIMIT for one in trouble.values())
    if breaches > 1 or len(trouble) >= max(2.0, CORRELATED_SHARE * known):
        names = ", ".join(sorted(trouble))
        case.suspect_feed(FindingKind.CORRELATED, f"held within ten minutes: {names}")


def note_completeness(
    feed_id: str,
    feed: FeedState,
    rules: FeedRules,
    *,
    seen: AbstractSet[str],
    shut: AbstractSet[str],
    now: datetime,
) -> None:
    """Mark a document without rows, or without some that must be there; clear it otherwise.

    Units that are shut may be left out.

    Coventry's scraper saved four empty and six partial lists, and empty ones for ever after
    (FAILURES.md 8); 7.8 % of Quebec's documents had no rows (9).
    """
    missing = rules.facility_ids - seen - shut
    if not seen:
        mark(
            feed,
            FindingKind.EMPTY,
            feed_id,
            rules=rules,
            now=now,
            detail="a document without a facility",
        )
        return
    clear(feed, FindingKind.EMPTY)
    if missing:
        detail = f"not in the document: {', '.join(sorted(missing))}"
        mark(feed, FindingKind.INCOMPLETE, feed_id, rules=rules, now=now, detail=detail)
    else:
        clear(feed, FindingKind.INCOMPLETE)


def _is_fresh(case: Case) -> bool:
    latest = case.facility.latest
    newer = latest is None or case.measured_at > latest.measured_at
    return newer and not is_silent(case.observation)


def _see(case: Case) -> Seen:
    before = case.feed.seen.get(case.observation.facility_id)
    if before is not None and before.zero:
        was_zero = before.was_zero
    else:
        figure = case.facility.figure
        was_zero = figure is None or is_zero_wait(figure.wait)
    return Seen(
        as_of=case.measured_at,
        zero=is_all_zero(case.observation),
        was_zero=was_zero,
        quiet=case.wait is None or case.wait.floor_minutes == 0,
        shut=case.is_shut,
    )


def _note_unchanged(feed: FeedState, rules: FeedRules, fresh: Sequence[Case]) -> None:
    newest = max(case.measured_at for case in fresh)
    if any(_is_changed(case) for case in fresh):
        learn_s = min(feed.unchanged_s, _all_frozen_limit_s(feed))
        feed.longest_unchanged_s = max(feed.longest_unchanged_s, learn_s)
        feed.unchanged_s = 0.0
        clear(feed, FindingKind.ALL_FROZEN)
    elif feed.measured_at is not None and newest > feed.measured_at:
        usual_s = GAP_CADENCES * max(rules.cadence_s, feed.advance.usual_s)
        feed.unchanged_s += min((newest - feed.measured_at).total_seconds(), usual_s)
    if feed.measured_at is None or newest > feed.measured_at:
        feed.measured_at = newest


def _is_changed(case: Case) -> bool:
    latest = case.facility.latest
    return latest is None or figures_of(latest) != figures_of(case.observation)


def _all_frozen_limit_s(feed: FeedState) -> float:
    return max(ALL_FROZEN_AFTER_S, ALL_FROZEN_TIMES_LONGEST * feed.longest_unchanged_s)


def _enough_stand_still(case: Case) -> bool:
    cadences = timedelta(seconds=GAP_CADENCES * case.feed_rules.cadence_s)
    recent = [
        seen
        for seen in case.feed.seen.values()
        if case.measured_at - seen.as_of <= max(RECENT, cadences)
    ]
    busy = sum(not seen.quiet and not seen.shut for seen in recent)
    return len(recent) >= FEW and busy >= BUSY_ONES


def _note_twins(feed: FeedState, fresh: Sequence[Case]) -> None:
    by_triple: dict[tuple[float, int, int], list[str]] = {}
    for case in fresh:
        triple = _triple(case)
        if triple is not None and triple[0] >= TWIN_MINUTES:
            by_triple.setdefault(triple, []).append(case.observation.facility_id)
    twins: dict[str, TwinRun] = {}
    for triple, names in by_triple.items():
        for pair in combinations(sorted(set(names)), 2):
            run = feed.twins.get("|".join(pair)) or TwinRun(figures=triple, documents=0)
            run.changes += run.figures != triple
            run.documents += 1
            run.figures = triple
            twins["|".join(pair)] = run
    feed.twins = twins
    if twins:
        pairs = ", ".join(pair.replace("|", " and ") for pair in sorted(twins))
        fresh[0].suspect_feed(FindingKind.TWINS, f"the same three figures: {pairs}")


def _triple(case: Case) -> tuple[float, int, int] | None:
    wait, observation = case.wait, case.observation
    waiting, inside = observation.patients_waiting, observation.patients_in_department
    if wait is None or wait.minutes is None or waiting is None or inside is None:
        return None
    return wait.minutes, waiting, inside
