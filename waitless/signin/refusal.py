"""Why somebody is not signed in."""

from enum import StrEnum


class Why(StrEnum):
    """Every reason, as it is counted, audited and told; the pages have a sentence for each."""

    NOT_OFFERED = "not_offered"
    """That way of signing in is not set up here."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    """No such name, or not its password; which of the two is told to nobody."""
    LOCKED_OUT = "locked_out"
    """Too many failures: of that name, or from that address."""
    BUSY = "busy"
    """Too many passwords are being checked."""
    STORE_AWAY = "store_away"
    """Redis is away, so that nobody could be remembered."""
    PROVIDER_AWAY = "provider_away"
    """The provider cannot be reached, or does not speak OpenID Connect."""
    PROVIDER_REFUSED = "provider_refused"
    """The provider said no: to the person, or to the code that we showed it."""
    STRAY_ANSWER = "stray_answer"
    """An answer of the provider that this browser did not ask for, or asked for too long ago."""
    BAD_TOKEN = "bad_token"  # noqa: S105 - a reason
    """An ID token that is not what it should be."""
    NO_ROLE = "no_role"
    """The provider knows the person, but none of their roles is one here."""


class SignInRefused(Exception):
    """Somebody is not signed in; the message is for the log and has nothing secret in it."""

    def __init__(self, why: Why, detail: str = "", *, again_in_s: int | None = None) -> None:
        """Refuse.

        Args:
            why: the reason.
            detail: what exactly, for who looks into it.
            again_in_s: seconds until another try is admitted; None where time does not help.
        """
        super().__init__(f"{why}: {detail}" if detail else str(why))
        self.why = why
        self.detail = detail
        self.again_in_s = again_in_s
