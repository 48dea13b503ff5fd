"""Score walking and cycling times from OpenStreetMap on those of Valhalla, raw, nothing scaled.

For each extract and mode: 1,000 origins and 20 destinations, drawn at random from the junctions
that the mode uses and where a journey may begin. Valhalla walks at our speed and rides a hybrid
bicycle at ours; `cycle_quiet` lets it prefer quiet ways, as it does unless told otherwise, and is
reported only: our table holds the quickest way.

Without a country's boundary in the extract Valhalla does not know whose defaults hold, so it gets
the extract with the British ones written out (`spell_out_defaults`).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm import Way

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.road_accuracy import (
    DESTINATIONS,
    EXTRACTS,
    ORIGINS,
    find_extract,
    find_minutes,
    find_routers,
    run_routers,
)
from routing.modes import PACES, Mode
from routing.osm import build_roads
from routing.roadgraph import BITS
from routing.roads import Roads

SEED = 20_261_122
"""The bars were set on the sample of seed 1."""
WITHIN: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One way in which Valhalla is asked."""

    name: str
    mode: Mode
    costing: str
    options: dict[str, object]
    bars: dict[str, dict[str, float]] = field(default_factory=dict)
    """By extract: minutes, but `within`, percent."""


_RIDER: Final[dict[str, object]] = {
    "bicycle_type": "Hybrid",
    "cycling_speed": PACES[Mode.CYCLE].road_speed_kmh,
}
REFERENCES = (
    Reference(
        name="walk",
        mode=Mode.WALK,
        costing="pedestrian",
        options={"walking_speed": PACES[Mode.WALK].road_speed_kmh},
        bars={
            "newport": {"mae": 1.5, "p90": 4.0, "within": 95.0},
            "andorra": {"mae": 4.0, "p90": 8.0, "within": 93.0},
        },
    ),
    Reference(
        name="cycle",
        mode=Mode.CYCLE,
        costing="bicycle",
        options={**_RIDER, "use_roads": 1.0},
        bars={
            "newport": {"mae": 0.7, "p90": 1.5, "within": 95.0},
            "andorra": {"mae": 1.5, "p90": 4.0, "within": 95.0},
        },
    ),
    Reference(name="cycle_quiet", mode=Mode.CYCLE, costing="bicycle", options=_RIDER),
)


def run() -> list[Figure]:
    """Compare, print a table and return the figures.

    Raises:
        FileNotFoundError: the extracts are not on this machine, or Valhalla gave up.
    """
    python = find_routers()
    if python is None:
        print("  skipped: no Python with pyvalhalla found (docs/roads.md says how to install it)")
        return []
    print(f"  {'':<24}{'typical':>9}{'bias':>8}{'mae':>8}{'p90':>8}{'within 10%':>12}{'known':>8}")
    return [item for name in EXTRACTS for item in compare(name, python)]


def compare(name: str, python: Path) -> Iterator[Figure]:
    """Yield the figures of one extract, and print them."""
    extract = find_extract(name)
    roads = build_roads(extract)
    points = {
        mode: draw_points(roads, mode, np.random.default_rng(SEED))
        for mode in (Mode.WALK, Mode.CYCLE)
    }
    questions = [
        {
            "costing": one.costing,
            "options": one.options,
            "origins": points[one.mode][0].tolist(),
            "destinations": points[one.mode][1].tolist(),
        }
        for one in REFERENCES
    ]
    with tempfile.TemporaryDirectory() as folder:
        spelt = Path(folder) / extract.name
        spell_out_defaults(extract, spelt)
        answers = run_routers(python, spelt, {"questions": questions})["answers"]
    for one, answer in zip(REFERENCES, answers, strict=True):
        ours = find_minutes(roads, one.mode, *points[one.mode])
        score = score_minutes(ours, np.array(answer, dtype=np.float64))
        print(
            f"  {name + ' ' + one.name:<24}{score['typical']:>9.1f}{score['bias']:>8.2f}"
            f"{score['mae']:>8.2f}{score['p90']:>8.2f}{score['within']:>11.1f}%"
            f"{score['known']:>7.1f}%"
        )
        for key in ("mae", "p90", "within"):
            yield Figure(
                name=f"walk_cycle_accuracy.{name}.{one.name}.{key}",
                value=score[key],
                unit="percent" if key == "within" else "minutes",
                bar=one.bars.get(name, {}).get(key),
                better="higher" if key == "within" else "lower",
                reference=f"Valhalla {one.costing}, {score['typical']:.0f} min typical, unscaled",
            )


def draw_points(
    roads: Roads, mode: Mode, chance: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw origins and destinations, (latitude, longitude), among junctions that a mode uses."""
    used = (roads.uses & BITS[mode]).astype(bool)
    met = np.zeros(len(roads.lat), dtype=bool)
    met[roads.tails[used]] = met[roads.heads[used]] = True
    candidates = np.flatnonzero(met & (roads.joinable > 0) & (roads.copies == 0))
    drawn = chance.choice(candidates, ORIGINS + DESTINATIONS, replace=False)
    points = np.column_stack((roads.lat, roads.lon))[drawn]
    return points[:ORIGINS], points[ORIGINS:]


def score_minutes(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures over all pairs of different places to which both know a way.

    Minutes: `typical` (their median), `bias` (ours less theirs), `mae`, `p90` of the absolute
    difference. Percent: `within` a tenth of theirs, `known` to both.
    """
    known = np.isfinite(ours) & np.isfinite(theirs)
    compared = known & (theirs > 0)
    mine, reference = ours[compared], theirs[compared]
    error = mine - reference
    return {
        "typical": float(np.median(reference)),
        "bias": float(error.mean()),
        "mae": float(np.abs(error).mean()),
        "p90": float(np.percentile(np.abs(error), 90)),
        "within": float((np.abs(error) <= WITHIN * reference).mean() * 100),
        "known": float(known.mean() * 100),
    }


def spell_out_defaults(extract: Path, path: Path) -> None:
    """Write an extract in which cycle tracks, bridleways and paths say what holds in Britain.

    Walkers may use a cycle track and cyclists a bridleway, cyclists not a path, where the way's own
    tags say nothing: the OpenStreetMap wiki's access defaults for the United Kingdom.
    """
    with osmium.SimpleWriter(str(path)) as writer:
        for item in osmium.FileProcessor(str(extract)):
            tags = dict(item.tags) if isinstance(item, Way) else {}
            more = {}
            if tags.get("highway") == "cycleway" and not {"foot", "access"} & tags.keys():
                more["foot"] = "yes"
            if not {"bicycle", "vehicle", "access"} & tags.keys():
                if tags.get("highway") == "bridleway":
                    more["bicycle"] = "yes"
                elif tags.get("highway") == "path":
                    more["bicycle"] = "no"
            writer.add(item.replace(tags={**tags, **more}) if more else item)
