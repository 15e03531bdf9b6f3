"""Create, list and revoke API keys. The store is the database that FACTORY_API_KEYS_URL names."""

import _start  # noqa: F401

# isort: split
import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from factory_metrics.api.keys import READ_SCOPE, Key, KeyStore
from factory_metrics.api.settings import read_settings
from factory_metrics.failures import first_line
from factory_metrics.project import UserError
from factory_metrics.runs.interrupts import run_command

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WIDTH_IN_FILES = 200
_LONGEST_LIFETIME = timedelta(days=36_500)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when nothing was done."""
    arguments = _parser().parse_args(argv)
    try:
        store = KeyStore(read_settings().keys_database)
        store.prepare()
        try:
            _run(store, arguments)
        finally:
            store.close()
    except UserError as error:
        print(f"api_keys: {error}", file=sys.stderr)
        return 2
    except SQLAlchemyError as error:
        print(f"api_keys: the key store does not answer: {first_line(error)}", file=sys.stderr)
        return 2
    return 0


def _run(store: KeyStore, arguments: argparse.Namespace) -> None:
    """Do what was asked."""
    match arguments.command:
        case "create":
            scopes = arguments.scope or [READ_SCOPE]
            secret, key = store.create(
                arguments.org, scopes=scopes, name=arguments.name, lifetime=arguments.expires_in
            )
            print(secret)
            print(f"key {key.id} for org {key.org_id}; it is not shown again", file=sys.stderr)
        case "list":
            keys = store.all(arguments.org)
            if arguments.json:
                print(json.dumps([_row(key) for key in keys], ensure_ascii=False, indent=2))
            else:
                _show(keys)
        case "revoke":
            revoked = store.revoke(arguments.id)
            if revoked is None:
                message = f"there is no key {arguments.id}: `list` shows the ids"
                raise UserError(message)
            print(f"key {revoked.id} ({revoked.prefix}..., org {revoked.org_id}) is revoked")


def _row(key: Key) -> dict[str, object]:
    """Return what is shown of a key."""
    now = datetime.now(UTC).timestamp()
    expired = key.expires_at is not None and key.expires_at <= now
    return {
        "id": key.id,
        "prefix": key.prefix,
        "org": key.org_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "state": "revoked" if key.revoked_at is not None else "expired" if expired else "active",
        "createdAt": _instant(key.created_at),
        "expiresAt": _instant(key.expires_at),
        "revokedAt": _instant(key.revoked_at),
    }


def _show(keys: Iterable[Key]) -> None:
    """Show keys as a table."""
    table = Table()
    columns = ("id", "prefix", "org", "name", "scopes", "state", "createdAt", "expiresAt")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "prefix")
    for key in keys:
        row = _row(key) | {"scopes": " ".join(sorted(key.scopes))}
        table.add_row(*(str(row[column] or "") for column in columns))
    width = None if sys.stdout.isatty() else _WIDTH_IN_FILES
    Console(markup=False, highlight=False, width=width).print(table)


def _instant(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lifetime(text: str) -> timedelta:
    """Return a length of time such as `90d`, `12h`, `30m` or `45s`."""
    found = re.fullmatch(r"([1-9]\d{0,9})([smhd])", text, re.ASCII)
    if not found or (length := timedelta(seconds=int(found[1]) * _UNITS[found[2]])) > _LONGEST_LIFETIME:
        message = f"{text!r} is no length of time: write 90d, 12h, 30m or 45s, up to 100 years"
        raise argparse.ArgumentTypeError(message)
    return length


def _parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    parser = argparse.ArgumentParser(description="Create, list and revoke API keys.")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("--org", required=True, metavar="ID", help="the org that it may read")
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument("--scope", action="append", help=f"repeatable; default: {READ_SCOPE}")
    create.add_argument("--expires-in", type=lifetime, metavar="90d", help="default: never")
    listing = commands.add_parser("list", help="show keys by their ids and first 12 characters")
    listing.add_argument("--org", metavar="ID", help="only this org's")
    listing.add_argument("--json", action="store_true", help="as JSON")
    revoke = commands.add_parser("revoke", help="let a key be good no longer")
    revoke.add_argument("id", type=int, help="as `list` shows it")
    return parser


if __name__ == "__main__":
    sys.exit(run_command("api_keys", main))
