"""What a simulation came to, drawn into one folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import figure as plotting
from matplotlib.axes import Axes

from waitless.simulate.experiment import Replication, compare
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName

WITHOUT_LEDGER, WITH_LEDGER = PolicyName.FORECAST, PolicyName.LEDGER
CADENCE_HOURS = 1 / 60
Found = dict[str, dict[str, Any]]


def save_plots(
    folder: Path,
    kent: Kent,
    played: list[Replication],
    swept: Mapping[tuple[PolicyName, float, float], float],
) -> list[Path]:
    """Draw what there is to draw of these policies; gives the files.

    Args:
        folder: exists.
        kent: the place.
        played: replications, in order.
        swept: the change of the mean by policy, adoption and feed age; empty where none was played.
    """
    found: Found = compare(played)
    sheets = {"ae_minors_shift": _shift_of(found), "by_zone": _zones_of(found)}
    traces = {
        policy: played[0].traces[policy]
        for policy in (PolicyName.NONE, WITHOUT_LEDGER, WITH_LEDGER)
        if policy in played[0].traces
    }
    sheets["queue_trace"] = _traces_of(kent, traces)
    if swept:
        sheets["by_adoption_and_feed_age"] = _sweep_of(swept)
    paths = []
    for name, sheet in sheets.items():
        paths.append(folder / f"{name}.png")
        sheet.savefig(paths[-1], dpi=130)
    return paths


def save_sensitivities(folder: Path, tried: dict[str, Any]) -> Path:
    """Draw users' minutes against `posted`, with one thing wrong after the other; the file."""
    sheet, axes = _sheet(10)
    for row, one in enumerate(tried.values()):
        mean, ends = one["users_against_posted"], one["users_against_posted_ci95"]
        axes.plot(mean, row, "o", color="tab:red" if one["worse_than_posted"] else "tab:green")
        if ends[0] is not None:
            axes.plot(ends, [row, row], color="black")
    axes.set_yticks(range(len(tried)), list(tried))
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("users' time to be seen with waitless less with posted, min (95% interval)")
    axes.set_title("What goes wrong (simulated)")
    path = folder / "sensitivities.png"
    sheet.savefig(path, dpi=130)
    return path


def _sheet(width: float = 8) -> tuple[plotting.Figure, Axes]:
    sheet = plotting.Figure(figsize=(width, 4.5), layout="constrained")
    return sheet, sheet.subplots()


def _changed(found: Found) -> list[str]:
    return [one for one in found if one != PolicyName.NONE]


def _shift_of(found: Found) -> plotting.Figure:
    sheet, axes = _sheet()
    for row, policy in enumerate(_changed(found)):
        change, ends = found[policy]["ed_minors_change"], found[policy]["ed_minors_change_ci95"]
        axes.barh(row, 100 * change, color="tab:red" if change > 0 else "tab:green")
        if ends[0] is not None:
            axes.plot([100 * end for end in ends], [row, row], color="black")
    axes.set_yticks(range(len(_changed(found))), _changed(found))
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("change of minor patients at A&E against no app, % (line: 95% interval)")
    axes.set_title("A&E minors (simulated)")
    return sheet


def _zones_of(found: Found) -> plotting.Figure:
    policies = [one for one in (PolicyName.POSTED, PolicyName.WAITLESS) if one in found]
    policies = policies or [PolicyName(one) for one in _changed(found)[-1:]]
    sheet, axes = _sheet(11)
    for place, policy in enumerate(policies):
        zones = found[policy]["by_zone"]
        for key, marker in (("users_change", "o"), ("others_change", "x")):
            axes.plot(
                [row + 0.2 * place for row in range(len(zones))],
                [one[key] for one in zones.values()],
                marker,
                color=f"C{place}",
                label=f"{policy}, {key.removesuffix('_change')}",
            )
        axes.set_xticks(range(len(zones)), list(zones), rotation=40, ha="right")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("change of time to be seen, min")
    axes.set_title("Users and others by zone, against no app (simulated)")
    axes.legend(fontsize="small")
    return sheet


def _traces_of(kent: Kent, traces: Mapping[PolicyName, list[list[int]]]) -> plotting.Figure:
    """Of the MIU or UTC whose queue swings most without the ledger."""
    sheet, axes = _sheet(11)
    swings = next(iter(traces.values())) if WITHOUT_LEDGER not in traces else traces[WITHOUT_LEDGER]
    minors = [f for f, is_ed in enumerate(kent.is_ed) if not is_ed]
    place = max(minors, key=lambda f: max(row[f] for row in swings))
    hours = kent.assumptions.feed_cadence_minutes.value * CADENCE_HOURS
    for policy, rows in traces.items():
        axes.plot(
            [tick * hours for tick in range(len(rows))],
            [row[place] for row in rows],
            label=str(policy),
            linewidth=1,
        )
    axes.set_xlabel("hours")
    axes.set_ylabel("waiting")
    axes.set_title(f"{kent.facilities[place].short_name}: the last days of one run (simulated)")
    axes.legend(fontsize="small")
    return sheet


def _sweep_of(swept: Mapping[tuple[PolicyName, float, float], float]) -> plotting.Figure:
    sheet, axes = _sheet()
    lines: dict[tuple[PolicyName, float], list[tuple[float, float]]] = {}
    for (policy, adoption, age), change in swept.items():
        lines.setdefault((policy, age), []).append((100 * adoption, change))
    policies = sorted({policy for policy, _ in lines})
    for (policy, age), points in lines.items():
        axes.plot(
            *zip(*points, strict=True),
            marker="o",
            color=f"C{policies.index(policy)}",
            alpha=1 - age / 100,
            label=f"{policy}, feed age {age:.0f} min",
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlabel("adoption, %")
    axes.set_ylabel("change of the mean time to be seen, min")
    axes.set_title("By adoption and feed age, against no app (simulated)")
    axes.legend(fontsize="small")
    return sheet
