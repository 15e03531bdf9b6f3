"""Keys: what is stored of them, the commands, and that changes take effect within a second."""

import asyncio
import json
import re
import secrets
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from api_client import Api, error_of, eventually, serving

import api_keys
from factory_metrics.api import authentication
from factory_metrics.api.authentication import Authenticator
from factory_metrics.api.keys import KEY_FORMAT, Key, KeyStore, digest_of


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty key store, in each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'keys.sqlite'}"
        return
    base = request.getfixturevalue("postgresql")
    engine = sa.create_engine(
        base.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE keys"))
    yield base.replace("/postgres", "/keys")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP DATABASE keys WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def named_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands use the store."""
    monkeypatch.setenv("FACTORY_API_KEYS_URL", url)


def created(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Make a key with the command, and return it."""
    assert api_keys.main(["create", *options]) == 0
    return capsys.readouterr().out.strip()


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert api_keys.main(["list", "--json", *options]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


# The store and its commands


@pytest.mark.usefixtures("named_store")
def test_a_key_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    key = created(capsys, "--org", "acme", "--name", "dashboard")
    assert re.fullmatch(r"rsk_live_[0-9a-f]{64}", key)
    assert KEY_FORMAT.fullmatch(key)
    assert created(capsys, "--org", "acme") != key
    assert api_keys.main(["list"]) == 0
    table = capsys.readouterr().out
    assert key[:12] in table
    assert key[12:20] not in table
    row = listed(capsys)[0]
    assert row["prefix"] == key[:12]
    assert row | {"createdAt": 0} == {
        "id": 1,
        "prefix": key[:12],
        "org": "acme",
        "name": "dashboard",
        "scopes": ["metrics:read"],
        "state": "active",
        "createdAt": 0,
        "expiresAt": None,
        "revokedAt": None,
    }


def test_only_the_hash_is_stored(tmp_path: Path) -> None:
    file = tmp_path / "new" / "keys.sqlite"
    store = KeyStore(f"sqlite:///{file}")
    store.prepare()
    key, _ = store.create("acme")
    store.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT digest FROM api_keys").fetchall() == [
            (sha256(key.encode()).digest(),)
        ]
    assert key[12:].encode() not in file.read_bytes()


@pytest.mark.usefixtures("named_store")
def test_states_of_keys(capsys: pytest.CaptureFixture[str]) -> None:
    created(capsys, "--org", "acme", "--expires-in", "1s")
    created(
        capsys, "--org", "beta", "--expires-in", "90d", "--scope", "events:read", "--scope", "metrics:read"
    )
    created(capsys, "--org", "beta")
    assert api_keys.main(["revoke", "3"]) == 0
    assert api_keys.main(["revoke", "3"]) == 0
    assert "is revoked" in capsys.readouterr().out
    time.sleep(1)
    assert [row["state"] for row in listed(capsys)] == ["expired", "active", "revoked"]
    scopes = [row["scopes"] for row in listed(capsys, "--org", "beta")]
    assert scopes == [["events:read", "metrics:read"], ["metrics:read"]]


@pytest.mark.usefixtures("named_store")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--org", " "], "the org must be"),
        (["create", "--org", "a\0b"], "the org must be"),
        (["create", "--org", "\udcff"], "the org must be"),
        (["create", "--org", "a\x1b[2J"], "the org must be"),
        (["create", "--org", "a", "--name", "b\nc"], "the name must be"),
        (["create", "--org", "a", "--scope", "all"], "'all' is no scope"),
        (["revoke", "7"], "there is no key 7"),
        (["revoke", "--", "-1"], "there is no key -1"),
        (["revoke", "99999999999999999999"], "there is no key 99999999999999999999"),
    ],
)
def test_bad_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert api_keys.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert listed(capsys) == []


@pytest.mark.parametrize("text", ["", "0d", "1", "d", "-1d", "1w", "99999999d"])
def test_bad_lifetimes(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        api_keys.main(["create", "--org", "a", f"--expires-in={text}"])
    assert stopped.value.code == 2
    assert "is no length of time" in capsys.readouterr().err


def test_a_store_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for url in (f"sqlite:///{tmp_path}", "postgresql://someone:secret@127.0.0.1:1/keys"):
        monkeypatch.setenv("FACTORY_API_KEYS_URL", url)
        assert api_keys.main(["list"]) == 2
        error = capsys.readouterr().err
        assert "cannot open the key store" in error
        assert "FACTORY_API_KEYS_URL" in error
        assert "secret" not in error


# A server's view of it


def within_a_second(api: Api, key: str, status: int) -> float:
    """Wait until a key gets a status, which must not take a second; return how long it took."""
    return eventually(lambda: api.get(key).status_code == status, 1.0)


def test_changes_take_effect_within_a_second(
    url: str, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "api", warehouse, keys_url=url) as api:
        secret, key = api.keys.create("acme")
        assert api.get(secret).status_code == 200
        api.keys.revoke(key.id)
        within_a_second(api, secret, 401)
        expiring = api.key(lifetime=timedelta(seconds=1.5))
        made = time.monotonic()
        assert api.get(expiring).status_code == 200
        eventually(lambda: api.get(expiring).status_code == 401, 3)
        assert 1.4 < time.monotonic() - made < 2.5
        # One that was unknown before it was made.
        later = "rsk_live_" + "ab" * 32
        assert error_of(api.get(later)) == "UNAUTHORIZED"
        monkeypatch.setattr(secrets, "token_hex", lambda size: "ab" * size)
        assert api.key() == later
        within_a_second(api, later, 200)
        assert secret not in api.log.read_text("utf-8")


def test_a_store_that_is_gone(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse) as api:
        key = api.key()
        assert api.get(key).status_code == 200
        file = tmp_path / "api" / "keys.sqlite"
        file.rename(file.with_suffix(".away"))
        eventually(lambda: api.get(key).status_code == 500, 3)
        answer = api.get(key)
        assert error_of(answer) == "DATABASE_ERROR"
        assert int(answer.headers["retry-after"]) > 0
        assert error_of(api.get(None, path="/readyz")) == "NOT_READY"
        file.unlink(missing_ok=True)
        file.with_suffix(".away").rename(file)
        eventually(lambda: api.get(key).status_code == 200, 3)


def test_memory_of_keys_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_MOST_KEYS", 5)
    monkeypatch.setattr(authentication, "_MOST_UNKNOWN", 10)
    store = KeyStore(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    store.prepare()
    keys = [store.create("acme")[0] for _ in range(20)]

    async def ask() -> Authenticator:
        authenticator = Authenticator(store)
        await authenticator.poll()
        for number in range(50):
            assert await authenticator.find(digest_of(f"unknown {number}")) is None
        for key in keys:
            assert await authenticator.find(digest_of(key)) is not None
        assert authenticator.remembered(digest_of(keys[-1])) is not None
        assert authenticator.remembered(digest_of(keys[0])) is None
        authenticator.close()
        return authenticator

    assert asyncio.run(ask()).size <= 15


def test_a_store_that_many_make_at_once(url: str) -> None:
    stores = [KeyStore(url.replace("postgresql:", "postgresql+psycopg:")) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(KeyStore.prepare, stores))
    assert len({store.version() for store in stores}) == 1
    for store in stores:
        store.close()


def test_only_changes_give_another_version(tmp_path: Path) -> None:
    store = KeyStore(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    store.prepare()
    _, key = store.create("acme")
    versions = [store.version()]
    for number in (key.id + 1, key.id, key.id):
        store.revoke(number)
        versions.append(store.version())
    assert versions[0] == versions[1] != versions[2] == versions[3]


def test_many_keys_are_remembered_over_a_change(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse, access_log="off") as api, ThreadPoolExecutor(40) as threads:
        keys = [api.keys.create("acme") for _ in range(400)]

        def status(key: str) -> int:
            # On a busy machine the store may take too long, which the log says. Then clients ask again.
            while (answer := api.get(key)).status_code == 500:
                assert (error_of(answer), answer.headers["retry-after"]) == ("DATABASE_ERROR", "2")
                assert re.search("key store does not answer|cannot look up keys", api.log.read_text("utf-8"))
                eventually(lambda: api.get(None, path="/readyz").status_code == 200, 60)
            return answer.status_code

        def ask_all() -> list[int]:
            return list(threads.map(lambda key: status(key[0]), keys))

        assert set(ask_all()) == {200}
        api.keys.create("beta")
        assert set(ask_all()) == {200}
        api.keys.revoke(keys[7][1].id)
        eventually(lambda: api.get(keys[7][0]).status_code == 401, 60)
        statuses = ask_all()
        assert statuses.pop(7) == 401
        assert set(statuses) == {200}


class SlowStore(KeyStore):
    """A store that counts questions, and answers them when it is let."""

    questions = 0
    seconds = 0.0

    def find_all(self, digests: Sequence[bytes]) -> dict[bytes, Key]:
        """Wait, then answer."""
        self.questions += 1
        time.sleep(self.seconds)
        return super().find_all(digests)


def test_keys_are_looked_up_together_and_wait_for_a_slow_store(tmp_path: Path) -> None:
    store = SlowStore(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    store.prepare()
    keys = [store.create("acme") for _ in range(600)]
    digests = [key.digest for _, key in keys]

    async def ask() -> None:
        authenticator = Authenticator(store)
        await authenticator.poll()
        store.questions = 0
        bogus = [authenticator.find(digest_of(f"bogus {number}")) for number in range(1_000)]
        found = await asyncio.gather(*bogus, *map(authenticator.find, digests))
        assert found == [None] * 1_000 + [key for _, key in keys]
        assert store.questions <= 3
        # A key is revoked, and the store takes longer to say of which keys that is true than they count.
        store.revoke(keys[0][1].id)
        store.seconds = 1.2
        polling = asyncio.create_task(authenticator.poll())
        await asyncio.sleep(0.95)
        assert not polling.done()
        assert authenticator.is_ready
        assert authenticator.remembered(digests[0]) is None
        found = await asyncio.gather(*map(authenticator.find, digests))
        assert found == [None, *(key for _, key in keys[1:])]
        await polling
        await authenticator.poll()
        assert authenticator.remembered(digests[0]) is None
        assert authenticator.remembered(digests[1]) == keys[1][1]
        authenticator.close()

    asyncio.run(ask())
