"""Replay recorded waits through the believer: what does it hold, mark and believe, and how fast?

The series are of the shared data folder (`series/`), as their sources published them:

* Hong Kong: 18 emergency departments every 15 minutes, March to August 2024, bands of an hour. In
  the whole archive (564,550 triples) a reading of at least 180 minutes off stood between two equal
  ones 398 times; the figure here is for these 200,160 readings.
* Alberta: 30 sites about every hour and a half, June to July 2026, estimates, with no time of their
  own, so that they are measured when they are fetched. Rows without a figure are observations too.
* Coventry and Rugby: five units, change log of a scraper, December 2022 to March 2023, bands.
* Plymouth: one centre every 5 minutes for five hours, longest wait and two counts; two readings
  are 0/0/0 between 169 and 179, and between 156 and 167 minutes.

Nothing says of these readings which were wrong, Plymouth's zeros excepted. So the bars are: nearly
everything real is believed, both known dropouts are held, and judging costs next to nothing.
"""

from loadtests.benchmarks.detector.replay import replay
from loadtests.benchmarks.detector.series import SERIES, find_series
from loadtests.benchmarks.detector.show import print_tally, save_plot
from loadtests.benchmarks.figures import RESULTS, Figure
from waitless.belief import (
    Rule,
)

PLOT = RESULTS / "belief_detector.png"


def run() -> list[Figure]:
    """Replay every series, print what was found, save the plot and return the figures.

    Raises:
        FileNotFoundError: the series are not on this machine.
    """
    folder = find_series()
    tallies = {series.name: replay(series, folder) for series in SERIES}
    for tally in tallies.values():
        print_tally(tally)
    save_plot(tallies["hong_kong"], PLOT)
    reference = "the readings as they were published"
    shares = [
        Figure(
            name=f"belief_detector.{name}_believed",
            value=tallies[name].believed_share,
            unit="percent",
            bar=97.0,
            better="higher",
            reference=reference,
        )
        for name in ("hong_kong", "alberta", "coventry")
    ]
    hong_kong = tallies["hong_kong"]
    return [
        *shares,
        Figure(
            name="belief_detector.plymouth_dropouts_held",
            value=tallies["plymouth"].held[Rule.DROPOUT],
            unit="of 2",
            bar=2,
            better="higher",
            reference="the two 0/0/0 readings",
        ),
        Figure(
            name="belief_detector.hong_kong_spikes_held",
            value=100 * hong_kong.spikes_held / max(1, hong_kong.spikes),
            unit="percent",
            bar=90.0,
            better="higher",
            reference=f"{hong_kong.spikes} readings 180 min off between two equal ones",
        ),
        Figure(
            name="belief_detector.microseconds_per_judgement",
            value=hong_kong.microseconds,
            unit="us",
            bar=50.0,
            better="lower",
            reference=f"{hong_kong.readings} readings, one core",
        ),
    ]


if __name__ == "__main__":
    for item in run():
        print(item.line())
