"""What a replay came to, in words and as a plot."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from matplotlib import figure as plotting

from loadtests.benchmarks.detector.replay import Tally

DAY = timedelta(days=1)
WEEK = 7 * DAY


def print_tally(tally: Tally) -> None:
    """Print one series for a person."""
    print(
        f"  {tally.name}: {tally.readings} readings, {tally.believed_share:.2f} % believed, "
        f"{100 * tally.repeats / tally.readings:.0f} % repeat the one before, "
        f"{tally.gaps} gaps, {tally.microseconds:.1f} us each"
    )
    for rule, held in tally.held.most_common():
        confirmed = tally.confirmed[rule]
        print(f"    held {rule.value:<22}{held:>6}, {confirmed} of them confirmed later")
    print(f"    spikes {tally.spikes}, held {tally.spikes_held}")
    stuck = tally.findings.get("stuck", 0)
    print(f"    findings: stuck {stuck}, {_listed(tally.findings) or 'no other'}")
    print(f"    notes: {_listed(tally.notes) or 'none'}")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.most_common() if name != "stuck")


def save_plot(tally: Tally, path: Path) -> None:
    """Save the week with the most lone spikes: what was shown, and what was held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name, start = _busiest_week(tally)
    week = [one for one in tally.points[name] if start <= one.as_of < start + WEEK]
    shown = [one for one in week if one.fate == "believed"]
    sheet = plotting.Figure(figsize=(11, 4.5), layout="constrained")
    axes = sheet.subplots()
    axes.step(
        [(one.as_of - start) / DAY for one in shown],
        [one.minutes / 60 for one in shown],
        where="post",
        linewidth=1.2,
        label="shown to patients",
    )
    for fate, colour, label in (
        ("passed", "tab:red", "held, never shown: the next reading said otherwise"),
        ("confirmed", "tab:orange", "held for one reading, then confirmed"),
    ):
        chosen = [one for one in week if one.fate == fate]
        axes.scatter(
            [(one.as_of - start) / DAY for one in chosen],
            [one.minutes / 60 for one in chosen],
            s=28,
            color=colour,
            zorder=3,
            label=f"{label} ({len(chosen)})",
        )
    days = range(8)
    axes.set_xticks(days, [f"{start + number * DAY:%a %d %b}" for number in days])
    axes.set_ylim(-0.3, 10)
    axes.set_ylabel("posted wait, at least so many hours")
    axes.set_title(f"{name.replace('-', ' ')}: a week of readings every 15 minutes")
    axes.legend(fontsize="small", loc="upper right")
    sheet.savefig(path, dpi=150)


def _busiest_week(tally: Tally) -> tuple[str, datetime]:
    """The facility and Monday with the most held readings that nothing confirmed."""
    counts: Counter[tuple[str, datetime]] = Counter()
    for name, points in tally.points.items():
        for one in points:
            if one.fate == "passed":
                midnight = one.as_of.replace(hour=0, minute=0, second=0, microsecond=0)
                counts[name, midnight - timedelta(days=midnight.weekday())] += 1
    chosen = max(sorted(counts), key=counts.__getitem__, default=None)
    if chosen is None:
        name = min(tally.points)
        chosen = (name, tally.points[name][0].as_of)
    return chosen
