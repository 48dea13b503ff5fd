"""Writes `rules/objectives.yml`: error ratios of the objectives over windows, and their alerts.

    python ops/prometheus/make_objectives.py

Windows and burn rates are those of the Site Reliability Workbook (Google, 2018), chapter 5, table
5-8: a budget of 30 days is spent by 2% in an hour, 5% in six hours, or 10% in three days. An alert
needs a short window too, a twelfth of the long one, so that it ends soon after its cause.
"""

from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).parent / "rules" / "objectives.yml"

UNJUDGED = "/healthz|/readyz|/metrics|/v1/capacities|/v1/push/.*|/v1/operator/.*"
"""Machines' routes say 503 on purpose; those of the writer do so on a standby."""
ANSWERS = "/|/v1/recommendations|/v1/comparison"
WINDOWS = ("5m", "30m", "1h", "6h", "3d")
MONTH = "30d"

Windows = tuple[tuple[str, str, float], ...]
"""Long, short, and how many times as fast as allowed the budget is spent over both."""
FAST: Windows = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
SLOW: Windows = (("3d", "6h", 1.0),)

_REQUESTS = f'waitless_http_requests_total{{route!~"{UNJUDGED}"'
_REFUSED = "(sum(rate(waitless_refused_connections_total[{w}])) or vector(0))"
_DURATION = "waitless_http_request_duration_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise: `errors` is the share that broke it, with `{w}` where the window stands."""

    name: str
    told: str
    """What is promised, in an alert's words."""
    budget: float
    """The share of errors that is allowed."""
    errors: str


OBJECTIVES = (
    Objective(
        name="availability",
        told="failed by a fault of ours (5xx) or for want of room for a connection",
        budget=0.001,
        errors=(
            f'((sum(rate({_REQUESTS},status=~"5.."}}[{{w}}])) or vector(0)) + {_REFUSED}) '
            f"/ (sum(rate({_REQUESTS}}}[{{w}}])) + {_REFUSED})"
        ),
    ),
    Objective(
        name="latency",
        told="answered after more than 50 ms",
        budget=0.01,
        errors=(
            f'1 - sum(rate({_DURATION}_bucket{{route=~"{ANSWERS}",le="0.05"}}[{{w}}])) '
            f'/ sum(rate({_DURATION}_count{{route=~"{ANSWERS}"}}[{{w}}]))'
        ),
    ),
    Objective(
        name="freshness",
        told="open facilities' figures over 10 minutes old (two cadences of slower sources)",
        budget=0.01,
        errors="1 - avg_over_time(waitless:facilities_fresh:ratio[{w}])",
    ),
)

HEAD = """\
# Made by ops/prometheus/make_objectives.py, which says where the figures come from.
groups:
  - name: freshness
    rules:
      # The share of facilities that a fresh figure is asked of and that have one. Nobody asked (all
      # closed) is 1. Nothing told, for there is no writer, is 0: what nobody watches is not good.
      - record: waitless:facilities_fresh:ratio
        expr: |-
          (
            (count((time() - waitless_reading_measured_timestamp_seconds)
               <= (waitless_facility_fresh_for_seconds > 0)) or vector(0))
            / count(waitless_facility_fresh_for_seconds > 0)
          )
          or 0 * count(waitless_facility_fresh_for_seconds) + 1
          or vector(0)
"""


def make() -> str:
    """The whole file."""
    parts = [HEAD]
    for objective in OBJECTIVES:
        parts.append(f"  - name: {objective.name}-objective\n    rules:\n")
        parts += [_record(objective, window) for window in WINDOWS]
        parts.append(
            _alert(
                objective,
                "Fast",
                severity="page",
                lasting="2m",
                ends="is spent within five days, or sooner",
                windows=FAST,
            )
        )
        parts.append(
            _alert(
                objective,
                "Slowly",
                severity="ticket",
                lasting="1h",
                ends="is spent before its 30 days are over",
                windows=SLOW,
            )
        )
    parts.append("  - name: budgets\n    interval: 5m\n    rules:\n")
    for objective in OBJECTIVES:
        parts += [_record(objective, MONTH), _remaining(objective)]
    return "".join(parts)


def _record(objective: Objective, window: str) -> str:
    return (
        f"      - record: waitless:{objective.name}_errors:ratio_rate{window}\n"
        f"        expr: {objective.errors.replace('{w}', window)}\n"
    )


def _remaining(objective: Objective) -> str:
    return (
        f"      - record: waitless:{objective.name}_budget:remaining_ratio30d\n"
        f"        expr: 1 - waitless:{objective.name}_errors:ratio_rate{MONTH}"
        f" / {objective.budget}\n"
    )


def _alert(
    objective: Objective, speed: str, *, severity: str, lasting: str, ends: str, windows: Windows
) -> str:
    name = f"{objective.name.capitalize()}Burns{speed}"
    errors = f"waitless:{objective.name}_errors:ratio_rate"
    burning = "\n          or ".join(
        f"({errors}{long} > {factor} * {objective.budget}"
        f" and {errors}{short} > {factor} * {objective.budget})"
        for long, short, factor in windows
    )
    return f"""\
      - alert: {name}
        expr: |-
          {burning}
        for: {lasting}
        labels: {{severity: {severity}, objective: {objective.name}}}
        annotations:
          summary: At this rate the error budget of {objective.name} {ends}
          description: >-
            {{{{ $value | humanizePercentage }}}} {objective.told}; {objective.budget:.1%} may be.
          runbook: docs/operations.md#{name.lower()}
"""


if __name__ == "__main__":
    TARGET.write_text(make(), encoding="utf-8")
