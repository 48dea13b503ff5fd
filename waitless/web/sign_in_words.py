"""What somebody who is not signed in is told, and with which status."""

from http import HTTPStatus

from waitless.signin.refusal import Why

STATUSES = {
    Why.NOT_OFFERED: HTTPStatus.NOT_FOUND,
    Why.WRONG_PASSWORD: HTTPStatus.FORBIDDEN,
    Why.LOCKED_OUT: HTTPStatus.TOO_MANY_REQUESTS,
    Why.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.STORE_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.PROVIDER_AWAY: HTTPStatus.BAD_GATEWAY,
    Why.PROVIDER_REFUSED: HTTPStatus.FORBIDDEN,
    Why.STRAY_ANSWER: HTTPStatus.BAD_REQUEST,
    Why.BAD_TOKEN: HTTPStatus.FORBIDDEN,
    Why.NO_ROLE: HTTPStatus.FORBIDDEN,
}
SENTENCES = {
    Why.NOT_OFFERED: "That way of signing in is not set up here.",
    Why.WRONG_PASSWORD: "That name and password do not belong together.",
    Why.LOCKED_OUT: "There were too many failures with this name or from your network.",
    Why.BUSY: "Too many people are signing in just now.",
    Why.STORE_AWAY: "Nobody can sign in just now: the store cannot be reached.",
    Why.PROVIDER_AWAY: "Your organisation’s sign-in cannot be reached just now.",
    Why.PROVIDER_REFUSED: "Your organisation’s sign-in did not let you through.",
    Why.STRAY_ANSWER: "That sign-in took too long, or began in another window. Begin again.",
    Why.BAD_TOKEN: "Your organisation’s sign-in sent something we cannot trust. Tell whoever runs "
    "this service.",
    Why.NO_ROLE: "You are known, but you have no role here. Ask whoever runs this service.",
}
