"""Sending laid bodies: the directory, feeds and documents."""

from datetime import datetime

from aiohttp import hdrs, web

from waitless.answers.laid import Laid
from waitless.web.middleware import request_id_of
from waitless.web.ready import ReadyAnswer, accepts_gzip, choose_status, join_answer


def answer_with(request: web.Request, laid: Laid, now: datetime) -> ReadyAnswer:
    """The body in the form that a request accepts, or 304 where the client has it already."""
    gzipped = accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
    status = choose_status(laid, request.headers.get(hdrs.IF_NONE_MATCH), gzipped=gzipped)
    return ReadyAnswer(
        status, *join_answer(laid, status, now, request_id_of(request), gzipped=gzipped)
    )
