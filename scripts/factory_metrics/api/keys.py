"""The store of API keys, in SQLite or PostgreSQL.

A key is `rsk_live_` and 64 hexadecimal digits (256 random bits). Only its SHA-256 is stored, so a key can be
shown once, when it is made.
"""

import os
import re
import secrets
import sqlite3
import stat
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import make_url

from factory_metrics.failures import first_line
from factory_metrics.project import UserError

READ_SCOPE = "metrics:read"
KEY_FORMAT = re.compile(r"rsk_live_[0-9a-f]{64}", re.ASCII)

_PREFIX_LENGTH = 12
_LONGEST_TEXT = 10_000
_SECONDS = 2
# Databases bound the values in a question.
_DIGESTS_AT_ONCE = 500
_LARGEST_ID = 2**31 - 1

_tables = sa.MetaData()
_keys = sa.Table(
    "api_keys",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("prefix", sa.String(_PREFIX_LENGTH), nullable=False),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # separated by spaces
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),  # seconds since 1970, UTC, as the others
    sa.Column("expires_at", sa.Float),
    sa.Column("revoked_at", sa.Float),
)
# One row; each change of a key gives it a new random value, so servers need only look here.
_state = sa.Table(
    "api_keys_state",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("version", sa.String(32), nullable=False),
)


class Key(Struct, frozen=True):
    """A key as it is stored; times are seconds since 1970 (UTC)."""

    id: int
    digest: bytes
    prefix: str
    org_id: str
    scopes: frozenset[str]
    name: str
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    client: str  # the name by which its requests are counted; not secret

    def is_good(self, now: float) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class KeyStore:
    """The keys in a database; every method may be called from any thread.

    Methods raise `sqlalchemy.exc.SQLAlchemyError` when the database does not answer.
    """

    def __init__(self, url: str) -> None:
        """Name the database by its SQLAlchemy URL; nothing is opened yet."""
        self._url = make_url(url)
        if self._url.get_backend_name() == "postgresql":
            connect = {"connect_timeout": _SECONDS, "options": f"-c statement_timeout={_SECONDS * 1000}"}
            options: dict[str, Any] = {
                "pool_size": 2,
                "pool_timeout": _SECONDS,
                "pool_pre_ping": True,
                "connect_args": connect,
            }
        else:
            # Opened for each query, so that a file that was put in its place is seen; never made by a query.
            name = f"file:{quote(self._url.database or '')}?mode=rw"
            options = {
                "poolclass": sa.NullPool,
                "creator": lambda: sqlite3.connect(name, uri=True, timeout=_SECONDS),
            }
        # Parameters hold digests, which belong in no log.
        self._engine = sa.create_engine(url, hide_parameters=True, **options)

    def prepare(self) -> None:
        """Make the database's tables where they are missing.

        A new SQLite file can be read by its owner only.

        Raises:
            UserError: the database cannot be opened.

        """
        try:
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                file = Path(self._url.database)
                file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(file, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
            with self._engine.begin() as connection:
                # Several processes that start at once would make the tables at once.
                if self._url.get_backend_name() == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('api_keys'))"))
                else:
                    connection.execute(sa.text("BEGIN IMMEDIATE"))
                _tables.create_all(connection)
                if connection.execute(sa.select(_state.c.version)).first() is None:
                    connection.execute(_state.insert().values(id=1, version=secrets.token_hex(16)))
        except (OSError, sa.exc.SQLAlchemyError) as error:
            where = self._url.render_as_string(hide_password=True)
            reason = first_line(error)
            message = f"cannot open the key store {where} ({reason}): check FACTORY_API_KEYS_URL"
            raise UserError(message) from error

    def create(
        self,
        org_id: str,
        *,
        scopes: Sequence[str] = (READ_SCOPE,),
        name: str = "",
        lifetime: timedelta | None = None,
    ) -> tuple[str, Key]:
        """Make a key for an org; return it, which nobody can do again, and what is stored of it.

        Raises:
            UserError: the org, a scope or the name cannot be.

        """
        _check_text("org", org_id)
        for scope in scopes:
            if not re.fullmatch(r"[a-z][a-z_-]*:[a-z][a-z_-]*", scope):
                message = f"{scope!r} is no scope: scopes are like {READ_SCOPE}"
                raise UserError(message)
        if name:
            _check_text("name", name)
        secret = f"rsk_live_{secrets.token_hex(32)}"
        now = datetime.now(UTC).timestamp()
        row = {
            "digest": digest_of(secret),
            "prefix": secret[:_PREFIX_LENGTH],
            "org_id": org_id,
            "scopes": " ".join(dict.fromkeys(scopes)),
            "name": name,
            "created_at": now,
            "expires_at": None if lifetime is None else now + lifetime.total_seconds(),
            "revoked_at": None,
        }
        with self._engine.begin() as connection:
            key = _key(connection.execute(_keys.insert().values(row).returning(_keys)).one())
            _touch(connection)
        return secret, key

    def all(self, org_id: str | None = None) -> list[Key]:
        """Return the keys of an org, or all, oldest first."""
        query = sa.select(_keys).order_by(_keys.c.id)
        if org_id is not None:
            query = query.where(_keys.c.org_id == org_id)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, number: int) -> Key | None:
        """Revoke a key by its id; return it, None when there is none. A second time changes nothing."""
        now = datetime.now(UTC).timestamp()
        if not 0 < number <= _LARGEST_ID:
            return None
        with self._engine.begin() as connection:
            of_key = _keys.c.id == number
            update = _keys.update().where(of_key, _keys.c.revoked_at.is_(None)).values(revoked_at=now)
            if connection.execute(update).rowcount:
                _touch(connection)
            row = connection.execute(sa.select(_keys).where(of_key)).first()
        return None if row is None else _key(row)

    def find_all(self, digests: Sequence[bytes]) -> dict[bytes, Key]:
        """Return the keys with these SHA-256s, by them, revoked and expired ones too."""
        found = {}
        if digests:
            with self._engine.connect() as connection:
                for start in range(0, len(digests), _DIGESTS_AT_ONCE):
                    some = digests[start : start + _DIGESTS_AT_ONCE]
                    for row in connection.execute(sa.select(_keys).where(_keys.c.digest.in_(some))):
                        key = _key(row)
                        found[key.digest] = key
        return found

    def version(self) -> str:
        """Return a text that is another one after each change of any key."""
        with self._engine.connect() as connection:
            return str(connection.execute(sa.select(_state.c.version)).scalar_one())

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def digest_of(secret: str) -> bytes:
    """Return the SHA-256 of a key. The key is 256 random bits, so no salt or slow hash is needed."""
    return sha256(secret.encode()).digest()


def _touch(connection: sa.Connection) -> None:
    """Tell the servers that keys changed; part of the transaction that changes them."""
    connection.execute(_state.update().values(version=secrets.token_hex(16)))


def _key(row: Any) -> Key:  # noqa: ANN401 - a row of SQLAlchemy's, with the table's columns
    number, stored, prefix, org_id, scopes, name, *times = row
    created, expires, revoked = times
    digest = bytes(stored)
    return Key(
        number,
        digest,
        prefix,
        org_id,
        frozenset(scopes.split()),
        name,
        created,
        expires,
        revoked,
        client=digest.hex(),
    )


def _check_text(what: str, text: str) -> None:
    """Refuse text that no database or log takes."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    controls = any(unicodedata.category(character) == "Cc" for character in text)
    if not text.strip() or size > _LONGEST_TEXT or controls or not size:
        message = f"the {what} must be UTF-8 text of 1 to {_LONGEST_TEXT} bytes without control characters"
        raise UserError(message)
