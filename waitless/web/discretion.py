"""Discretion: what aiohttp would log of requests it cannot parse, without their content."""

import logging

from waitless.faults import locate_fault

SERVER_LOG = "aiohttp.server"


class Discretion(logging.Filter):
    """Keeps positions and addresses of clients out of the server's own log.

    aiohttp logs a request it cannot parse with its first line, which may hold a position. What is
    left is the kind of fault and, for faults of ours, where in the code it came up.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with nothing in it that a client wrote."""
        fault = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            record.msg = locate_fault(fault)
        else:
            record.msg = "a request could not be handled"
        record.args = ()
        record.exc_info = None
        record.exc_text = None
        return True


def be_discreet() -> None:
    """Make the server's log discreet; doing so twice is the same as once."""
    log = logging.getLogger(SERVER_LOG)
    if not any(isinstance(known, Discretion) for known in log.filters):
        log.addFilter(Discretion())
