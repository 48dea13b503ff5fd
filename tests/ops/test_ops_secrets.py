import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import require_binary

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    require_binary("mosquitto_passwd", "mosquitto")
    shutil.copy(ROOT / "ops/make-secrets", tmp_path)
    return tmp_path


def _make(ops: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ops / "make-secrets", *arguments],
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def _users(ops: Path) -> dict[str, str]:
    lines = (ops / "secrets/mosquitto_passwords").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def test_passwords_are_long_hashed_and_never_shown(ops: Path) -> None:
    done = _make(ops, "kcht", "ekhuft")

    assert done.returncode == 0, done.stderr
    folder = ops / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(_users(ops)) == {"ingest", "kcht", "ekhuft"}
    plain = {
        (folder / name).read_text().strip()
        for name in ("mqtt_ingest_password", "provider-kcht", "provider-ekhuft")
    }
    assert len(plain) == 3
    for password in plain:
        assert len(password) == 32
        assert password not in done.stdout + done.stderr
        assert password not in (folder / "mosquitto_passwords").read_text()
    assert sorted(path.name for path in folder.iterdir()) == [
        "mosquitto_passwords",
        "mqtt_ingest_password",
        "provider-ekhuft",
        "provider-kcht",
    ]


def test_each_file_is_its_container_s(ops: Path) -> None:
    assert _make(ops, "kcht").returncode == 0

    for name, owner in (("mosquitto_passwords", 1883), ("mqtt_ingest_password", 10001)):
        found = (ops / "secrets" / name).stat()
        if os.geteuid() == 0:
            assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (owner, 0o400)
        else:
            assert stat.S_IMODE(found.st_mode) == 0o444
    assert stat.S_IMODE((ops / "secrets/provider-kcht").stat().st_mode) == 0o600


def test_who_has_a_password_keeps_it(ops: Path) -> None:
    assert _make(ops, "kcht").returncode == 0
    before = _users(ops)

    assert _make(ops, "kcht", "ekhuft").returncode == 0
    added = _users(ops)
    assert _make(ops, "--renew", "kcht").returncode == 0
    renewed = _users(ops)
    assert _make(ops, "--renew").returncode == 0

    assert added == before | {"ekhuft": added["ekhuft"]}
    assert {name for name in renewed if renewed[name] != added[name]} == {"kcht"}
    final = _users(ops)
    assert {name for name in final if final[name] != renewed[name]} == {"ingest"}


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "a/b", "+", "#", "-a", "a:b", "ingest", "probe", "a" * 65]
)
def test_what_is_no_provider_is_refused(ops: Path, name: str) -> None:
    done = _make(ops, name)

    assert done.returncode == 1
    assert "make-secrets: " in done.stderr
    assert not (ops / "secrets").exists()


def test_without_anything_that_hashes_nothing_is_left(ops: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env", "dirname", "mkdir", "chmod", "mktemp", "rm", "touch", "grep",
                 "head", "base64", "tr", "cat", "sed", "id"):  # fmt: skip
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)

    done = _make(ops, "kcht", path=str(programs))

    assert done.returncode == 1
    assert "apt-get install mosquitto" in done.stderr
    assert list((ops / "secrets").iterdir()) == []
