"""`waitless simulate`: policies compared in a simulated East Kent."""

import sys
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import click
import orjson

from waitless.area.pack import AreaFault, find_pack, load_area
from waitless.simulate.advice import PolicyName
from waitless.simulate.assumptions import SHIPPED, AssumptionsFault, load_assumptions
from waitless.simulate.experiment import WARM_UP_DAYS, Plan, Replication, compare, play_all
from waitless.simulate.kent import LONGEST_DAYS, Kent, build_kent
from waitless.simulate.scenario import (
    Scenario,
    ScenarioFault,
    parse_closure,
    parse_freeze,
    parse_lie,
)

AREA = "east-kent"
PROCESSES = 2
SWEPT_POLICIES = (PolicyName.POSTED, PolicyName.WAITLESS)
SWEPT_ADOPTIONS = (0.1, 0.2, 0.4, 0.6, 0.8)
SWEPT_AGES_MIN = (10.0, 30.0, 60.0)
LIMITS = (
    "A model: compliance, staffing and volumes are assumptions (waitless/simulate/"
    "assumptions.toml), and the sign of the A&E shift depends on who lives beside an A&E."
)

_Share = click.FloatRange(0, 1)
_Ways = tuple[str, ...]


@click.command()
@click.option("--adoption", type=_Share, default=0.6, show_default=True)
@click.option(
    "--feed-age",
    type=click.FloatRange(0, 240),
    default=30.0,
    show_default=True,
    help="Minutes: how old a reading is when the next replaces it.",
)
@click.option(
    "--policy",
    "policies",
    type=click.Choice([one.value for one in PolicyName]),
    multiple=True,
    help="May be repeated. All, where none is named; `none` is always played.",
)
@click.option("--replications", type=click.IntRange(1, 10_000), default=30, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS - WARM_UP_DAYS - 2),
    default=27,
    show_default=True,
    help=f"Measured, after {WARM_UP_DAYS} of warm-up.",
)
@click.option("--compliance", type=_Share, default=1.0, show_default=True, help="Of users.")
@click.option(
    "--capacity-error",
    type=click.FloatRange(0.01, 100),
    default=1.0,
    show_default=True,
    help="The ledger takes each facility to see so many times what it sees.",
)
@click.option("--close", multiple=True, metavar="FACILITY@HH:MM", help="Shut daily from then on.")
@click.option("--freeze", multiple=True, metavar="FACILITY:3h", help="Repeat a figure from 11:00.")
@click.option("--lie", multiple=True, metavar="FACILITY:0.5", help="Tell so many times the wait.")
@click.option(
    "--assumptions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=SHIPPED,
    help="Instead of the shipped file.",
)
@click.option("--processes", type=click.IntRange(1, 256), default=PROCESSES, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the JSON and draw plots in this folder.",
)
@click.option("--sweep", is_flag=True, help="With --out: also play and draw adoptions by feed age.")
def simulate(
    *,
    adoption: float,
    feed_age: float,
    policies: _Ways,
    replications: int,
    seed: int,
    days: int,
    compliance: float,
    capacity_error: float,
    close: _Ways,
    freeze: _Ways,
    lie: _Ways,
    assumptions: Path,
    processes: int,
    out: Path | None,
    sweep: bool,
) -> None:
    """Play policies over the same simulated patients and print what each changes, as JSON.

    All changes are against nobody having the app; `_ci95` are 95% intervals over replications.
    """
    if sweep and out is None:
        raise click.UsageError("--sweep wants --out")
    if out is not None and find_spec("matplotlib") is None:
        raise click.ClickException("--out needs matplotlib: install the extra `plots`")
    try:
        kent = build_kent(load_area(find_pack(AREA)), load_assumptions(assumptions))
        scenario = Scenario(
            adoption=adoption,
            feed_age_min=feed_age,
            compliance=compliance,
            capacity_error=capacity_error,
            close=tuple(parse_closure(kent, text) for text in close),
            freeze=tuple(parse_freeze(kent, text) for text in freeze),
            lie=tuple(parse_lie(kent, text) for text in lie),
        )
    except (AreaFault, AssumptionsFault, ScenarioFault) as fault:
        raise click.ClickException(str(fault)) from fault
    wanted = [PolicyName(one) for one in dict.fromkeys(policies)] or list(PolicyName)
    plan = Plan(
        scenario=scenario,
        policies=tuple(one for one in wanted if one is not PolicyName.NONE),
        replications=replications,
        days=days,
        seed=seed,
    )
    played = _play(kent, plan, processes, "replications")
    found = _report(kent, plan, played)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "simulation.json").write_bytes(found)
        swept = _sweep(kent, plan, processes) if sweep else {}
        _draw(out, kent, played, swept)
    click.echo(found)


def _play(kent: Kent, plan: Plan, processes: int, label: str) -> list[Replication]:
    with click.progressbar(
        length=plan.replications,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=True,
    ) as bar:
        return play_all(kent, plan, min(processes, plan.replications), bar.update)


def _report(kent: Kent, plan: Plan, played: list[Replication]) -> bytes:
    scenario = asdict(plan.scenario)
    for name in ("close", "freeze", "lie"):
        scenario[name] = {kent.facilities[f].id: value for f, value in scenario[name]}
    document = {
        "data": "simulated",
        "limits": LIMITS,
        "plan": asdict(plan) | {"scenario": scenario, "warm_up_days": WARM_UP_DAYS},
        "policies": compare(played),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


Swept = dict[tuple[PolicyName, float, float], float]
"""By policy, adoption and feed age: the change of the mean, minutes."""


def _sweep(kent: Kent, plan: Plan, processes: int) -> Swept:
    swept: Swept = {}
    for age in SWEPT_AGES_MIN:
        for adoption in SWEPT_ADOPTIONS:
            scenario = replace(plan.scenario, adoption=adoption, feed_age_min=age)
            one = replace(plan, scenario=scenario, policies=SWEPT_POLICIES)
            label = f"adoption {adoption:.0%}, feed age {age:.0f} min"
            found = compare(_play(kent, one, processes, label))
            for policy in SWEPT_POLICIES:
                swept[policy, adoption, age] = found[policy]["change_mean"]
    return swept


def _draw(out: Path, kent: Kent, played: list[Replication], swept: Swept) -> None:
    # Asked for after matplotlib was found: it is an extra.
    from waitless.commands.simulate_plots import save_plots  # noqa: PLC0415

    for path in save_plots(out, kent, played, swept):
        click.echo(f"drawn: {path}", err=True)
