"""Where people sign in: who they are, whether they may, and a line in the audit for each."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from waitless.audit import UNKNOWN, Action, AuditEntry
from waitless.keys import Holder, How, Role
from waitless.metrics import SignInMetrics
from waitless.redis_link import StoreAway
from waitless.signin.accounts import LONGEST, Account, Accounts
from waitless.signin.flow import Flow
from waitless.signin.lockout import Lockout
from waitless.signin.provider import Person, Provider
from waitless.signin.refusal import SignInRefused, Why
from waitless.signin.sessions import Session, Sessions, name_of
from waitless.store import Store

log = logging.getLogger(__name__)

SHORT = 12
"""Characters of a session's name in the audit: enough to tell them apart."""


class SignInDesk:
    """Signs people in and out. Nobody is signed in whose sign-in could not be written down."""

    def __init__(
        self,
        accounts: Accounts,
        provider: Provider | None,
        lockout: Lockout,
        sessions: Sessions,
        store: Store,
        *,
        metrics: SignInMetrics,
        now: Callable[[], datetime],
    ) -> None:
        """Nobody signed in yet.

        Args:
            accounts: who may sign in by password.
            provider: who else vouches for people; None where nobody does.
            lockout: admits tries.
            sessions: where who is signed in is kept.
            store: where the audit is.
            metrics: where tries are counted.
            now: the clock.
        """
        self.accounts = accounts
        self.provider = provider
        self.sessions = sessions
        self._lockout = lockout
        self._store = store
        self._metrics = metrics
        self._now = now

    async def sign_in_by_password(
        self, name: str, password: str, address: str, *, instead_of: str | None = None
    ) -> str:
        """The id of a new session.

        Args:
            name: as it was typed.
            password: the same.
            address: the client's.
            instead_of: the id of the session that the browser had until now.

        Raises:
            SignInRefused: and it has been counted and, but for tries while locked out, audited.
        """
        try:
            account = await self._verify(name.strip().lower(), password, address)
            return await self._begin(
                Session(
                    name=account.name, role=account.role, how=How.ACCOUNT, subject=account.name,
                    stamp=account.stamp, begun_at=self._now(), seen_at=self._now(),
                ),
                instead_of,
            )  # fmt: skip
        except StoreAway as fault:
            self._metrics.tried(How.ACCOUNT, Why.STORE_AWAY)
            raise SignInRefused(Why.STORE_AWAY) from fault
        except SignInRefused as fault:
            self._metrics.tried(How.ACCOUNT, fault.why)
            raise

    async def begin_openid(self, flow: Flow) -> str:
        """Where to send a browser that wants to sign in by the provider.

        Raises:
            SignInRefused: there is none, or it cannot be had.
        """
        try:
            return await self._find_provider().make_sign_in_url(flow)
        except SignInRefused as fault:
            self._metrics.tried(How.OPENID, fault.why)
            log.warning("nobody can sign in by OpenID Connect: %s", fault)
            raise

    async def sign_in_by_openid(
        self,
        answer: Mapping[str, str],
        flow: Flow | None,
        address: str,
        *,
        instead_of: str | None = None,
    ) -> str:
        """The id of a new session, for a browser that came back from the provider.

        Args:
            answer: the query it came back with.
            flow: the one it went out with; None where it has none (any more).
            address: the client's.
            instead_of: the id of the session that it had until now.

        Raises:
            SignInRefused: and it has been counted and, but for an address's many of nobody known,
                audited.
        """
        who = UNKNOWN
        try:
            provider = self._find_provider()
            person = await provider.identify(answer, flow)
            who = person.name
            return await self._begin(self._make_session(provider, person), instead_of)
        except StoreAway as fault:
            self._metrics.tried(How.OPENID, Why.STORE_AWAY)
            raise SignInRefused(Why.STORE_AWAY) from fault
        except SignInRefused as fault:
            self._metrics.tried(How.OPENID, fault.why)
            log.warning("a sign-in by OpenID Connect was refused: %s", fault)
            with suppress(*StoreAway):
                if who != UNKNOWN or await self._lockout.is_worth_a_line(address, self._now()):
                    await self._note_failure(who, How.OPENID, fault.why)
            raise

    async def sign_out(self, session_id: str, *, everywhere: bool) -> Session | None:
        """End a session and, where that is wanted, every other of the same person.

        Gives what the session was; None where it was over already.

        Raises:
            StoreAway: it may go on.
        """
        ended = await self.sessions.end(name_of(session_id))
        if ended is None:
            return None
        await self._note(ended.holder, Action.SIGN_OUT, name_of(session_id), "signed out")
        if everywhere:
            for name, other in (await self.sessions.list_all()).items():
                if other.is_same_person(ended) and await self.sessions.end(name):
                    await self._note(ended.holder, Action.SIGN_OUT, name, "signed out everywhere")
        return ended

    async def end_session(self, name: str, by: Holder) -> bool:
        """End anybody's session; whether there was one.

        Raises:
            StoreAway: it may go on.
        """
        ended = await self.sessions.end(name)
        if ended is not None:
            await self._note(by, Action.END_SESSION, name, f"of {ended.name}")
        return ended is not None

    async def find_provider_sign_out(self, back_to: str) -> str | None:
        """Where a browser can be signed out of the provider, too; None where it cannot."""
        if self.provider is None:
            return None
        with suppress(SignInRefused):
            return await self.provider.find_sign_out_url(back_to)
        return None

    def _find_provider(self) -> Provider:
        if self.provider is None:
            raise SignInRefused(Why.NOT_OFFERED)
        return self.provider

    async def _verify(self, name: str, password: str, address: str) -> Account:
        if not self.accounts:
            raise SignInRefused(Why.NOT_OFFERED)
        if self.accounts.busy:
            raise SignInRefused(Why.BUSY, again_in_s=5)
        admitted = await self._lockout.admit(name, address, self._now())
        right = len(password) <= LONGEST
        account = await self.accounts.verify(name, password) if right else None
        if account is not None:
            await self._lockout.forgive(admitted)
            return account
        who = name if self.accounts.find(name) else UNKNOWN
        await self._note_failure(who, How.ACCOUNT, Why.WRONG_PASSWORD)
        for what, delay in (
            ("account", admitted.account_delay),
            ("address", admitted.address_delay),
        ):
            if delay:
                await self._note_lockout(who, what, delay)
        raise SignInRefused(
            Why.WRONG_PASSWORD,
            again_in_s=round(max(admitted.account_delay, admitted.address_delay).total_seconds())
            or None,
        )

    def _make_session(self, provider: Provider, person: Person) -> Session:
        if person.role is None:
            raise SignInRefused(Why.NO_ROLE)
        return Session(
            name=person.name, role=person.role, how=How.OPENID, subject=person.subject,
            stamp=provider.issuer, begun_at=self._now(), seen_at=self._now(),
        )  # fmt: skip

    async def _begin(self, session: Session, instead_of: str | None) -> str:
        session_id = await self.sessions.begin(session, instead_of=instead_of)
        why = f"as {session.role}, subject {session.subject}"
        try:
            await self._note(session.holder, Action.SIGN_IN, name_of(session_id), why)
        except StoreAway:
            with suppress(*StoreAway):
                await self.sessions.end(name_of(session_id))
            raise
        self._metrics.tried(session.how, "signed_in")
        return session_id

    async def _note(self, who: Holder, action: Action, session: str, why: str) -> None:
        await self._store.acts.add_audit(AuditEntry(
            at=self._now(), who=who.name, action=action, what=session[:SHORT], why=why, how=who.how
        ))  # fmt: skip

    async def _note_failure(self, who: str, how: How, why: Why) -> None:
        """Write down what failed; it is refused in any case, so this may fail, too."""
        with suppress(*StoreAway):
            await self._store.acts.add_audit(AuditEntry(
                at=self._now(), who=who, action=Action.SIGN_IN_FAILED, what=how, why=why, how=how
            ))  # fmt: skip

    async def _note_lockout(self, who: str, what: str, delay: timedelta) -> None:
        with suppress(*StoreAway):
            await self._store.acts.add_audit(AuditEntry(
                at=self._now(), who=who, action=Action.LOCK_OUT, what=what,
                why="too many failures", until=self._now() + delay, how=How.ACCOUNT,
            ))  # fmt: skip


def find_role_now(session: Session, accounts: Accounts, provider: Provider | None) -> Role | None:
    """What a session may do as settings are now; None where what it stands on is gone.

    An account's role is the file's, and a new password ends its sessions; a provider's word on a
    role is asked for again at the next sign-in.
    """
    if session.how is How.OPENID:
        known = provider is not None and provider.issuer == session.stamp
        return session.role if known else None
    account = accounts.find(session.subject)
    return account.role if account is not None and account.stamp == session.stamp else None
