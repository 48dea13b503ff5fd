"""Accounts: the file is strict, passwords are argon2id, and nobody learns which names exist."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from tests.support.signin import PASSWORDS, write_accounts
from waitless.keys import Role
from waitless.settings import SettingsFault
from waitless.signin.accounts import Accounts, hash_password, make_account

PROGRAM = Path(sys.executable).with_name("waitless")


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    return Accounts.load(write_accounts(tmp_path_factory.mktemp("accounts")))


async def test_a_name_with_its_password_is_somebody(accounts: Accounts) -> None:
    account = await accounts.verify("otto", PASSWORDS["otto"])

    assert account is not None
    assert (account.name, account.role) == ("otto", Role.OPERATOR)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("otto", PASSWORDS["vera"]),
        ("otto", ""),
        ("otto", PASSWORDS["otto"] + " "),
        ("nobody", PASSWORDS["otto"]),
        ("", ""),
        ("otto", "\udcff\x00"),
    ],
)
async def test_anything_else_is_nobody(accounts: Accounts, name: str, password: str) -> None:
    assert await accounts.verify(name, password) is None


async def test_an_unknown_name_takes_as_long_as_a_known_one(accounts: Accounts) -> None:
    took: dict[str, list[float]] = {"otto": [], "nobody": []}
    for _ in range(7):
        for name, times in took.items():
            began = time.perf_counter()
            await accounts.verify(name, "wrong in any case")
            times.append(time.perf_counter() - began)

    known, unknown = (statistics.median(times) for times in took.values())
    # Without the work for unknown names this is some hundredfold.
    assert 1 / 3 < unknown / known < 3


async def test_a_password_is_the_same_however_its_letters_are_composed(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(make_account("zoe", Role.VIEWER, "Zo\u00eb of the lake"))

    assert await Accounts.load(path).verify("zoe", "Zoe\u0308 of the lake") is not None


def test_a_password_is_kept_as_argon2id_with_the_parameters_of_rfc_9106() -> None:
    told = extract_parameters(hash_password(PASSWORDS["ada"]))

    assert (told.type, told.memory_cost, told.time_cost, told.parallelism) == (
        Type.ID, 65_536, 3, 4
    )  # fmt: skip


def test_a_new_password_gives_a_new_stamp(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    stamps = set()
    for password in ("the first of them", "the second of them"):
        path.write_text(make_account("zoe", Role.VIEWER, password))
        account = Accounts.load(path).find("zoe")
        assert account is not None
        stamps.add(account.stamp)

    assert len(stamps) == 2


WEAK = PasswordHasher(memory_cost=8192, time_cost=1).hash("x")
DEAR = f"$argon2id$v=19$m={2**21},t=3,p=4$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
OTHER = PasswordHasher(type=Type.I).hash("x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[account]]\nname = 'a'", "role"),
        ("[[account]]\nname = 'A b'\nrole = 'viewer'\nhash = 'x'", "not a slug"),
        ("[[account]]\nname = 'a'\nrole = 'provider'\nhash = 'x'", "an account is a viewer"),
        ("[[account]]\nname = 'a'\nrole = 'viewer'\nhash = 'hunter2'", "none of argon2"),
        ("[[account]]\nname = 'a'\nrole = 'viewer'\npassword = 'x'\nhash = 'x'", "password"),
        (f"[[account]]\nname = 'a'\nrole = 'viewer'\nhash = '{WEAK}'", "too weak"),
        (f"[[account]]\nname = 'a'\nrole = 'viewer'\nhash = '{DEAR}'", "costs too much"),
        (f"[[account]]\nname = 'a'\nrole = 'viewer'\nhash = '{OTHER}'", "none of argon2id"),
        (2 * make_account("a", Role.VIEWER, "twice in the file"), "twice: a"),
        ("[[account", "accounts.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_and_where(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text)

    with pytest.raises(SettingsFault, match=r"accounts_file: accounts\.toml") as refused:
        Accounts.load(path)

    assert says in str(refused.value)


def run(*arguments: str, typed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], input=typed, capture_output=True, text=True, check=False, timeout=30
    )


async def test_the_command_prints_a_line_for_the_file_and_never_the_password(
    tmp_path: Path,
) -> None:
    done = run("accounts", "hash", "mia", "--role", "admin", typed="a walk along the pier\n")

    assert done.returncode == 0, done.stderr
    assert "pier" not in done.stdout + done.stderr
    path = tmp_path / "accounts.toml"
    path.write_text(done.stdout)
    account = await Accounts.load(path).verify("mia", "a walk along the pier")
    assert account is not None
    assert account.role is Role.ADMIN


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("short\n", "at least 12"),
        ("mia" * 6 + "\n", "must not have the name"),
        ("abababababab\n", "different characters"),
        ("x" * 300 + "\n", "at most 256"),
        ("", "at least 12"),
    ],
)
def test_the_command_refuses_a_password_that_is_easily_guessed(typed: str, says: str) -> None:
    done = run("accounts", "hash", "mia", "--role", "viewer", typed=typed)

    assert done.returncode == 1
    assert says in done.stderr
    assert done.stdout == ""
