"""Noticing from outside that the writer is silent: a monitor that dies with its poller is none."""

import logging
from collections.abc import Callable
from datetime import datetime

from waitless.health import SILENT_AFTER
from waitless.pulse import Pulse

log = logging.getLogger(__name__)


class PulseWatch:
    """What every process says once when the writer falls silent, and once when it is back.

    For whoever watches figures: `waitless_ingest_pulse_timestamp_seconds`, and `/readyz`.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.silent = False
        self._now = now
        self._started_at = now()

    def look(self, pulse: Pulse | None) -> None:
        """At every renewal of the board: also without a notice, it is renewed every 2 s.

        Args:
            pulse: the writer's last sign of life; None where it never gave one.
        """
        now = self._now()
        since = self._started_at if pulse is None else pulse.at
        silent = now - since > SILENT_AFTER
        if silent and not self.silent:
            log.error(
                "alert raised: the writer (ingest) has been silent since %s: no new waits come in",
                f"{since:%Y-%m-%dT%H:%M:%SZ}",
            )
        if self.silent and not silent:
            log.warning("alert recovered: the writer (ingest) speaks again")
        self.silent = silent
