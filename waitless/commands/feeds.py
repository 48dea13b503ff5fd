"""`waitless feeds`: hold a payload against a feed definition."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from feeds.definition import DefinitionFault, FeedDefinition, list_shipped, load_definition
from feeds.model import NoFigure, Observation, Refusal, Wait
from feeds.rows import decode_document
from feeds.times import TimeFault, parse_time
from waitless.area.facility import Kind
from waitless.belief import Believed, Believer, FacilityRules

Judge = Callable[[Observation], str | None]
"""The name of the rule that holds an observation back, None where it is believed."""


@click.command()
@click.argument("definition")
@click.argument("payload", type=click.File("rb"))
@click.option("--at", help="When the payload was received, ISO 8601; by default now.")
def check(definition: str, payload: BinaryIO, at: str | None) -> None:
    """Print what DEFINITION makes of PAYLOAD: one JSON line for each observation and refusal.

    DEFINITION is a TOML file or the name of a shipped definition; PAYLOAD is a file, or - for
    standard input. A TIME without an offset is in the feed's zone.
    """
    try:
        loaded = load_definition(find_definition(definition))
        received_at = datetime.now(UTC) if at is None else parse_time(at, loaded.zone_info)
    except (DefinitionFault, TimeFault) as fault:
        raise click.ClickException(str(fault)) from fault
    believer = Believer({one: _rules(one) for one in loaded.facility_ids}, {})

    def judge(observation: Observation) -> str | None:
        verdict = believer.judge(observation, received_at)
        return None if isinstance(verdict, Believed) else verdict.rule.value

    for line in check_payload(loaded, payload.read(), received_at, judge):
        click.echo(line)


def _rules(facility_id: str) -> FacilityRules:
    """Limits by the kind that an id ends with (`deal-utc`); an ED's where it tells nothing."""
    for kind in Kind:
        if facility_id.endswith(f"-{kind}"):
            return FacilityRules(kind=kind)
    return FacilityRules(kind=Kind.ED)


def find_definition(name: str) -> Path:
    """The file of that path, or the shipped definition of that name."""
    shipped = {path.stem: path for path in list_shipped()}
    return Path(name) if Path(name).is_file() else shipped.get(name, Path(name))


def check_payload(
    definition: FeedDefinition, payload: bytes, now: datetime, judge: Judge | None = None
) -> Iterator[bytes]:
    """A JSON line for each observation and refusal of a payload, in their order.

    Args:
        definition: how the payload is read.
        payload: the bytes.
        now: when they were received, aware.
        judge: what decides whether an observation is believed; without it all are.
    """
    for decoded in decode_document(definition, payload, now.astimezone(UTC)):
        if isinstance(decoded, Refusal):
            line = _refused(decoded.reason, decoded.where, decoded.detail)
        else:
            rule = None if judge is None else judge(decoded)
            line = _accepted(decoded) if rule is None else _held(decoded, rule)
        yield orjson.dumps(line)


def _refused(rule: str, where: str, detail: str) -> dict[str, object]:
    return {"accepted": False, "rule": rule, "where": where, "detail": detail}


def _held(observation: Observation, rule: str) -> dict[str, object]:
    detail = f"measured {observation.as_of.isoformat()}"
    return _refused(rule, observation.facility_id, detail)


def _accepted(observation: Observation) -> dict[str, object]:
    wait = observation.wait
    return {
        "accepted": True,
        "facility_id": observation.facility_id,
        "as_of": observation.as_of,
        "as_of_is_received": observation.as_of_is_received,
        "published_at": observation.published_at,
        "wait": _figure(wait) if isinstance(wait, Wait) else None,
        "no_figure": wait if isinstance(wait, NoFigure) else None,
        "patients_waiting": observation.patients_waiting,
        "patients_in_department": observation.patients_in_department,
        "status": observation.status,
    }


def _figure(wait: Wait) -> dict[str, object]:
    return {
        "minutes": wait.minutes,
        "low": wait.low,
        "high": wait.high,
        "statistic": wait.statistic,
        "clock_from": wait.clock.start,
        "clock_to": wait.clock.stop,
    }
