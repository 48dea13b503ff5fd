"""`waitless simulate`: policies compared in a simulated East Kent."""

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import orjson

from waitless.area.pack import AreaFault, find_pack, load_area
from waitless.commands.simulate_series import (
    Swept,
    describe_scenario,
    play_controls,
    play_sensitivities,
    play_shift,
    play_sweep,
    play_with_bar,
)
from waitless.simulate.assumptions import SHIPPED, AssumptionsFault, load_assumptions
from waitless.simulate.experiment import WARM_UP_DAYS, Plan, Replication, compare
from waitless.simulate.kent import LONGEST_DAYS, Kent, build_kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import (
    Scenario,
    ScenarioFault,
    parse_closure,
    parse_freeze,
    parse_lie,
)
from waitless.simulate.sensitivities import COMPARED
from waitless.simulate.shift import PUBLISHED_SHIFT

AREA = "east-kent"
PROCESSES = 2
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
@click.option(
    "--service-capacity",
    is_flag=True,
    help="The ledger takes each facility to see what the service takes it to see.",
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
@click.option(
    "--control",
    is_flag=True,
    help="Also hold queues against no app with the volumes that each policy comes to.",
)
@click.option(
    "--sensitivities",
    is_flag=True,
    help="Instead: `waitless` against `posted` with one thing wrong after the other.",
)
@click.option(
    "--find-shift",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    is_flag=False,
    flag_value=PUBLISHED_SHIFT,
    help=f"Instead: the adoption that shifts this share of A&E minors ({PUBLISHED_SHIFT}).",
)
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
    service_capacity: bool,
    close: _Ways,
    freeze: _Ways,
    lie: _Ways,
    assumptions: Path,
    processes: int,
    out: Path | None,
    sweep: bool,
    control: bool,
    sensitivities: bool,
    find_shift: float | None,
) -> None:
    """Play policies over the same simulated patients and print what each changes, as JSON.

    All changes are against nobody having the app; `_ci95` are 95% intervals over replications.
    """
    if sweep and out is None:
        raise click.UsageError("--sweep wants --out")
    instead = sensitivities + (find_shift is not None)
    if sweep + instead > 1 or (control and instead):
        raise click.UsageError(
            "--sensitivities and --find-shift: one, without --sweep or --control"
        )
    if instead and policies:
        raise click.UsageError("--sensitivities and --find-shift have policies of their own")
    if out is not None:
        _make_folder(out)
    try:
        kent = build_kent(load_area(find_pack(AREA)), load_assumptions(assumptions))
        scenario = Scenario(
            adoption=adoption,
            feed_age_min=feed_age,
            compliance=compliance,
            capacity_error=capacity_error,
            service_capacity=service_capacity,
            close=tuple(parse_closure(kent, text) for text in close),
            freeze=tuple(parse_freeze(kent, text) for text in freeze),
            lie=tuple(parse_lie(kent, text) for text in lie),
        )
    except (AreaFault, AssumptionsFault, ScenarioFault) as fault:
        raise click.ClickException(str(fault)) from fault
    plan = Plan(
        scenario=scenario,
        policies=_choose(policies, sensitivities=sensitivities, shift=find_shift is not None),
        replications=replications,
        days=days,
        seed=seed,
    )
    if sensitivities:
        tried = play_sensitivities(kent, plan, processes)
        _tell(out, "sensitivities", kent, plan, {"sensitivities": tried})
        _draw_sensitivities(out, tried)
    elif find_shift is not None:
        shift = play_shift(kent, plan, processes, find_shift)
        _tell(out, "shift", kent, plan, {"ed_minors_shift": shift})
    else:
        played = play_with_bar(kent, plan, processes, "replications")
        found = compare(played)
        if control:
            for name, held in _hold(kent, plan, processes, played).items():
                found[name] |= held
        _tell(out, "simulation", kent, plan, {"policies": found})
        _draw(out, kent, played, play_sweep(kent, plan, processes) if sweep else {})


def _choose(policies: _Ways, *, sensitivities: bool, shift: bool) -> tuple[PolicyName, ...]:
    if shift:
        return (PolicyName.WAITLESS,)
    if sensitivities:
        return COMPARED
    wanted = [PolicyName(one) for one in dict.fromkeys(policies)] or list(PolicyName)
    return tuple(one for one in wanted if one is not PolicyName.NONE)


def _hold(
    kent: Kent, plan: Plan, processes: int, played: list[Replication]
) -> dict[str, dict[str, Any]]:
    try:
        return play_controls(kent, plan, processes, played)
    except AssumptionsFault as fault:
        raise click.ClickException(f"--control: {fault}") from fault


def _make_folder(out: Path) -> None:
    if find_spec("matplotlib") is None:
        raise click.ClickException("--out needs matplotlib: install the extra `plots`")
    out.mkdir(parents=True, exist_ok=True)


def _tell(out: Path | None, name: str, kent: Kent, plan: Plan, found: dict[str, Any]) -> None:
    scenario = describe_scenario(kent, plan.scenario)
    document = {
        "data": "simulated",
        "limits": LIMITS,
        "plan": asdict(plan) | {"scenario": scenario, "warm_up_days": WARM_UP_DAYS},
        **found,
    }
    told = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    if out is not None:
        (out / f"{name}.json").write_bytes(told)
    click.echo(told)


def _draw(out: Path | None, kent: Kent, played: list[Replication], swept: Swept) -> None:
    if out is None:
        return
    # Asked for after matplotlib was found: it is an extra.
    from waitless.commands.simulate_plots import save_plots  # noqa: PLC0415

    for path in save_plots(out, kent, played, swept):
        click.echo(f"drawn: {path}", err=True)


def _draw_sensitivities(out: Path | None, tried: dict[str, Any]) -> None:
    if out is None:
        return
    from waitless.commands.simulate_plots import save_sensitivities  # noqa: PLC0415 - likewise

    click.echo(f"drawn: {save_sensitivities(out, tried)}", err=True)
