"""Belief and what real feeds have really posted."""

import gzip
from csv import DictReader
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from feeds.model import NoFigure, Observation, Statistic, Wait
from waitless.area.facility import Kind
from waitless.belief import (
    Believed,
    Believer,
    FacilityRules,
    Fate,
    FeedRules,
    FindingKind,
    Rule,
    Verdict,
)


@dataclass
class Replay:
    verdicts: list[Verdict] = field(default_factory=list)
    raised: set[tuple[FindingKind, str | None]] = field(default_factory=set)

    def share_believed(self) -> float:
        return sum(isinstance(one, Believed) for one in self.verdicts) / len(self.verdicts)

    def rules(self) -> set[Rule]:
        return {one.rule for one in self.verdicts if not isinstance(one, Believed)}


def read(path: Path) -> list[dict[str, str]]:
    packed = path.read_bytes()
    text = gzip.decompress(packed) if path.suffix == ".gz" else packed
    return list(DictReader(text.decode().splitlines()))


def observe(row: dict[str, str], statistic: Statistic, *, untimed: bool) -> Observation:
    at = datetime.fromisoformat(row["observed_at_utc"])
    wait: Wait | NoFigure = NoFigure.UNKNOWN
    if "wait_lo_min" in row:
        high = row["wait_hi_min"]
        wait = Wait(
            low=float(row["wait_lo_min"]),
            high=float(high) if high else None,
            statistic=statistic,
        )
    elif minutes := row.get("wait_min") or row.get("longest_wait_min"):
        wait = Wait(minutes=float(minutes), statistic=statistic)
    counts = {
        name: int(row[name])
        for name in ("patients_waiting", "patients_in_department")
        if name in row
    }
    return Observation(
        facility_id=row["facility"],
        feed_id="feed",
        as_of=at,
        received_at=at,
        as_of_is_received=untimed,
        wait=wait,
        patients_waiting=counts.get("patients_waiting"),
        patients_in_department=counts.get("patients_in_department"),
    )


def replay(
    path: Path,
    *,
    statistic: Statistic,
    cadence_s: float,
    kind: Kind = Kind.ED,
    untimed: bool = False,
) -> tuple[Replay, Believer]:
    rows = [observe(row, statistic, untimed=untimed) for row in read(path)]
    names = frozenset(row.facility_id for row in rows)
    believer = Believer(
        {name: FacilityRules(kind=kind) for name in names},
        {"feed": FeedRules(cadence_s=cadence_s, facility_ids=names)},
    )
    documents: dict[datetime, list[Observation]] = {}
    for row in sorted(rows, key=lambda row: row.as_of):
        documents.setdefault(row.as_of, []).append(row)
    played = Replay()
    for now, document in documents.items():
        played.verdicts += believer.judge_delivery("feed", document, now)
        believer.close_delivery("feed", {row.facility_id for row in document}, now)
        played.raised |= {(one.kind, one.facility_id) for one in believer.list_findings(now)}
    return played, believer


def test_both_dropouts_of_plymouth_are_held_and_nothing_else(shared_data: Path) -> None:
    path = shared_data / "series/uk_plymouth_cumberland_utc_5min_2023-07-05.csv"

    played, believer = replay(path, statistic=Statistic.LONGEST, cadence_s=300, kind=Kind.UTC)

    held = [one for one in played.verdicts if not isinstance(one, Believed)]
    assert [f"{one.observation.as_of:%H:%M}" for one in held] == ["14:15", "14:45"]
    assert played.rules() == {Rule.DROPOUT}
    assert {one.fate for one in believer.list_held()} == {Fate.PASSED}
    assert played.raised == set()


def test_hong_kong_repeats_and_stands_still_for_days_and_only_jumps_are_held(
    shared_data: Path,
) -> None:
    path = shared_data / "series/hongkong_2024-03_2024-08.csv.gz"

    played, _ = replay(path, statistic=Statistic.LONGEST, cadence_s=900)

    assert played.share_believed() >= 0.97
    assert played.rules() == {Rule.JUMP}
    assert {kind for kind, _ in played.raised} <= {FindingKind.CORRELATED}


def test_alberta_is_believed_and_its_floor_of_thirty_minutes_learnt(shared_data: Path) -> None:
    path = shared_data / "series/alberta_2026-06-16_2026-07-31.csv.gz"

    played, _ = replay(path, statistic=Statistic.ESTIMATE, cadence_s=3600, untimed=True)

    floors = {
        (note.kind.value, note.value)
        for one in played.verdicts
        if isinstance(one, Believed)
        for note in one.notes
    }
    assert played.share_believed() >= 0.97
    assert floors == {("floor_learnt", 30.0)}
    assert {kind for kind, _ in played.raised} <= {FindingKind.INCOMPLETE}


def test_coventry_is_believed_and_its_partial_lists_are_marked(shared_data: Path) -> None:
    path = shared_data / "series/coventry_changes_2022-12_2023-03.csv.gz"

    played, _ = replay(path, statistic=Statistic.BAND, cadence_s=1200, untimed=True)

    assert played.share_believed() >= 0.97
    assert played.rules() == {Rule.JUMP}
    assert {kind for kind, _ in played.raised} == {
        FindingKind.CORRELATED,
        FindingKind.INCOMPLETE,
    }


def test_alberta_frozen_by_a_stopped_page_is_held_within_hours(shared_data: Path) -> None:
    path = shared_data / "series/alberta_2026-06-16_2026-07-31.csv.gz"
    rows = [observe(row, Statistic.ESTIMATE, untimed=True) for row in read(path)]
    believer = Believer({}, {"feed": FeedRules(cadence_s=3600)})
    documents: dict[datetime, list[Observation]] = {}
    for row in sorted(rows, key=lambda row: row.as_of):
        documents.setdefault(row.as_of, []).append(row)
    lively = list(documents.items())[:200]
    for now, document in lively:
        believer.judge_delivery("feed", document, now)
    stopped, last = lively[-1]

    marked_after = held_after = None
    for hour in range(1, 49):
        now = stopped + timedelta(hours=hour)
        again = [observe_again(row, now) for row in last if isinstance(row.wait, Wait)]
        verdicts = believer.judge_delivery("feed", again, now)
        marks = {one.kind for one in believer.list_findings(now)}
        if marked_after is None and FindingKind.ALL_FROZEN in marks:
            marked_after = hour
        if held_after is None and not any(isinstance(one, Believed) for one in verdicts):
            held_after = hour

    assert (marked_after, held_after) == (7, 13)


def observe_again(row: Observation, now: datetime) -> Observation:
    """The same figures, fetched later from a page that has stopped."""
    return Observation(
        facility_id=row.facility_id,
        feed_id=row.feed_id,
        as_of=now,
        received_at=now,
        as_of_is_received=True,
        wait=row.wait,
    )
