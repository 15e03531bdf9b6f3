"""Check that every row of every file is accounted for, whatever bytes and forms of JSON and CSV there are."""

import csv
import gzip
import json
import os
import random
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from backports import zstd
from conftest import ROOT
from landed_logs import Log

from factory_metrics.logs import json_files
from factory_metrics.logs.json_files import count_plain_rows, rows_of_json_file
from factory_metrics.logs.json_rows import rows_of_line
from factory_metrics.logs.landing import PartRows, WorkingCopies, find_log_files, list_log_files
from factory_metrics.logs.log_rows import MAX_LINE_BYTES, LandingError, Row

COLUMNS = ("id", "org_id", "event_type", "occurred_at", "ingested_at", "payload")
PROMISE = "every_delivered_row_is_accounted_for"
COUNTED = ("+delivery_counts", "+int_event_arrivals", "+int_run_arrivals", PROMISE)

# What separates lines and fields, ends and quotes them, or means something to some reader.
PIECES = [bytes([number]) for number in range(256) if number != ord("\n")] + [
    *(
        b"\\x01",
        b"\x01",
        b"\\u0001",
        b"\\",
        b"\\\\",
        b'"',
        b'""',
        b"'",
        b",",
        b";",
        b"|",
        b"\t",
        b"{}",
        b"[]",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\xf4\x8f\xbf\xbf",
        b"\xed\xa0\xbd",
        b"NULL",
        b"\\N",
        b"#",
    ),
]
NOT_ASCII = bytes(range(128, 256))


def event(name: str, reason: str = "") -> dict[str, object]:
    at = {"occurred_at": "2026-06-29T10:00:00Z", "ingested_at": "2026-06-29T10:00:05Z"}
    return {"id": name, "org_id": "acme", "event_type": "human.override", **at, "payload": {"reason": reason}}


def event_csv(name: str, reason: str) -> str:
    row = event(name, reason)
    buffer = StringIO()
    csv.writer(buffer, lineterminator="").writerow([*list(row.values())[:-1], json.dumps(row["payload"])])
    return buffer.getvalue()


def reasons(files: Log, condition: str) -> dict[object, object]:
    """Return the reasons of the events with a condition, by id."""
    query = f"select event_id, payload ->> 'reason' from staging.base_event_deliveries where {condition}"
    return {row[0]: row[1] for row in files.query(query)}


# ---- random bytes


def junk(rng: random.Random, without: bytes) -> bytes:
    """Return a line that is no JSON and no CSV record of ours: one row, whatever is in it."""
    pieces = (piece for piece in rng.choices(PIECES, k=rng.randint(0, 12)) if not set(piece) & set(without))
    return b"x" + b"".join(pieces)


def words(rng: random.Random) -> str:
    """Return text of an event that agents may have written."""
    return "".join(
        rng.choices(["\\x01", "\x01", "\x00", '"', "\\", "\n", "\r", ",", "é", "😀", "\u2028", "x"], k=9)
    )


def shown(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def test_every_line_is_a_row_whatever_its_bytes(files: Log, seed: int) -> None:
    rng = random.Random(seed)
    good: dict[str, str] = {}
    bad: list[tuple[str, str]] = []
    for number in range(24):
        # Some of the files are such that DuckDB reads them as they are, or except for one thing.
        without = [b"\r", b"\r" + NOT_ASCII, b"\r\x01" + NOT_ASCII][number % 3]
        is_json = number % 2 == 0
        # Names of folders are no columns, whatever our own are called.
        folder = ["", "text=x", "filename=y/line=1", "origin=2"][number % 4]
        path = files.place / "factory_events" / folder / f"{number}.{'jsonl' if is_json else 'csv'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [] if is_json else [",".join(COLUMNS).encode()]
        for line_number in range(rng.randint(1, 30)):
            name, reason = f"{number}-{line_number}", words(rng)
            if rng.random() < 0.5:
                good[name] = reason
                text = json.dumps(event(name, reason), ensure_ascii=rng.random() < 0.5)
                lines.append(text.encode() if is_json else event_csv(name, reason).encode())
            else:
                # A quote at the beginning of a field would go on to the next one.
                line = junk(rng, without + (b"" if is_json else b'"' if rng.random() < 0.5 else b","))
                bad.append((str(path), shown(line).rstrip("\r\n")))
                lines.append(line)
            if rng.random() < 0.1:
                lines.append(rng.choice([b"", b" ", b"\t"]))
        end = rng.choice([b"\n", b"\r\n"])
        path.write_bytes(end.join(lines) + rng.choice([b"", end]))
    assert files.run(*COUNTED)
    assert reasons(files, "rejected_rule is null") == good
    records = files.query(
        "select origin, rtrim(record, chr(13)) from staging.base_event_deliveries "
        "where rejected_rule = 'unreadable'"
    )
    assert sorted(map(str, records)) == sorted(map(str, bad))
    [(row_count,)] = files.query("select sum(row_count)::integer from delivery_counts")
    assert row_count == len(good) + len(bad)


def test_a_file_is_read_as_it_is_if_duckdb_reads_its_longest_line(tmp_path: Path) -> None:
    macro = (ROOT / "macros/engine/duckdb/read_lines.sql").read_text(encoding="utf-8")
    options = macro[macro.index("columns = {'text'") : macro.index("\n    )\n    where")]
    path = tmp_path / "a.jsonl"
    for size in (MAX_LINE_BYTES - 2, MAX_LINE_BYTES - 1, MAX_LINE_BYTES):
        for end in (b"\n", b"\r\n", b""):
            path.write_bytes(b"x" + (end or b"\n") + b"y" * size + end)
            fits = size + end.count(b"\r") < MAX_LINE_BYTES
            assert count_plain_rows(path) == (2 if fits else None), (size, end)
            if fits:
                rows = duckdb.sql(f"select max(length(text)) from read_csv('{path}', {options})").fetchall()
                assert rows == [(size,)]


def test_rows_that_a_reader_loses_are_noticed(files: Log) -> None:
    path = files.place / "factory_events" / "a.jsonl"
    path.write_text("".join(json.dumps(event(f"e{number}")) + "\n" for number in range(3)))
    assert files.run(*COUNTED[:-1])
    files.query("delete from staging.base_event_deliveries where event_id = 'e1'")
    files.query("update delivery_counts set row_count = 2 where log = 'factory_events'")
    files.query("update intermediate.int_event_arrivals set row_count = 2")
    assert not files.run(PROMISE)


# ---- JSON, line by line


A, B = '{"id": "a"}', '{"id": "b", "tags": []}'
LINES = {
    # line: the rows that are read of it, and what of it is unreadable
    A: ([A], []),
    f"[{A}, {B}]": ([A, B], []),
    f'{{"events": [{A}, {B}], "nextCursor": null}}': ([A, B], []),
    f'{{"events": [{A}], "projects": []}}': ([f'{{"events": [{A}], "projects": []}}'], []),
    '{"org_id": "x"}': (['{"org_id": "x"}'], []),
    '{"id": null, "tags": []}': (['{"id": null, "tags": []}'], []),
    "[]": ([], []),
    '{"events": []}': ([], []),
    " \t\r": ([], []),
    A + B: ([A, B], []),
    f" {A} {B}\t[{A}]": ([A, B, A], []),
    f"{A}\r{B}": ([A, B], []),
    '{"id":\r1}': (['{"id": 1}'], []),
    f"[{A}, 1, [{B}]]": ([A], ["1", f"[{B}]"]),
    "42": (["42"], []),
    '"text"': (['"text"'], []),
    "1 [] 2": ([], ["1", "2"]),
    # after a fault
    f"{A}{B}oops {A}": ([A, B], [f"oops {A}"]),
    f'{A} {{"id": ': ([A], ['{"id": ']),
    f"{A}[{B}, ": ([A], [f"[{B}, "]),
    f"{A},{B}": ([A], [f",{B}"]),
    f"{A} // {B}": ([], [f"{A} // {B}"]),
    f"{A}\\x01 and a tail": ([], [f"{A}\\x01 and a tail"]),
    f"{A}\roops\r{B}": ([A, B], ["oops"]),
    f"oops {A}": ([], [f"oops {A}"]),
    "2026-06-01,x,y": ([], ["2026-06-01,x,y"]),
    "1 2 oops": ([], ["1 2 oops"]),
    # what other readers let pass
    f"[{A},]": ([], [f"[{A},]"]),
    "[NaN]": ([], ["[NaN]"]),
    f"{A} [1, Infinity]": ([A], ["[1, Infinity]"]),
    # which of them is meant, nobody can tell
    f'{{"events": [{A}], "next": null, "events": [{A}]}}': (
        [f'{{"events": [{A}], "next": null, "events": [{A}]}}'],
        [],
    ),
    f'{{"next": {{"a": 1}} , "events": [{A}] }}': ([A], []),
    "[" * 5000 + "]" * 5000: ([], ["[" * 5000 + "]" * 5000]),
    "9" * 5000 + f" {A}": ([A], ["9" * 5000]),
    "\ufeff" + A: ([], ["\ufeff" + A]),
    "\xa0": ([], ["\xa0"]),
}


@pytest.mark.parametrize("line", LINES)
def test_rows_of_a_line_of_json(line: str) -> None:
    readable, unreadable = LINES[line]
    rows = rows_of_line(line)
    assert [row.text for row in rows if row.is_readable] == readable
    assert [row.text for row in rows if not row.is_readable] == unreadable


HALVES = {
    '"cut \\ud83d"': "cut \ufffd",
    '"\\ude00\\ud83d\\ude00\\ud83d"': "\ufffd😀\ufffd",
    '"\\\\ud83d \\\\\\ud83d"': "\\ud83d \\\ufffd",
    '"\\u00e9\\uD83D\\u0041"': "é\ufffdA",
}


def test_half_a_character_becomes_the_replacement_character(files: Log) -> None:
    folder = files.place / "factory_events"
    lines, listed, records = [], [], [",".join(COLUMNS)]
    for number, half in enumerate(HALVES):
        text = json.dumps(event("?")).replace('""', half)
        lines.append(text.replace("?", f"line-{number}"))
        # The same in JSON that is itself a text, and in a list.
        inner = event(f"text-{number}") | {"payload": f'{{"reason": {half}}}'}
        lines.append(json.dumps(inner))
        listed.append(text.replace("?", f"listed-{number}"))
        quoted = f'{{"reason": {half}}}'.replace('"', '""')
        records.append(f'csv-{number},acme,human.override,2026-06-29,2026-06-29,"{quoted}"')
    (folder / "a.jsonl").write_text("\n".join(lines))
    (folder / "b.jsonl").write_text(
        f"[{', '.join(listed)}]\n{json.dumps(event('id')).replace('id', chr(92) + 'ud83d')}"
    )
    (folder / "c.csv").write_text("\n".join(records))
    assert files.run(*COUNTED)
    found = reasons(files, "event_id is not null")
    for number, text in enumerate(HALVES.values()):
        assert [found.pop(f"{kind}-{number}") for kind in ("line", "text", "listed", "csv")] == [text] * 4
    assert found == {}


# ---- text that is not marked as such


def test_bytes_are_text_if_they_are_utf_8(files: Log) -> None:
    columns = {
        "id": "encode(id)",
        "org_id": "encode('Zürich')",
        "project_id": "project_id",
        "event_type": "'human.override'",
        "occurred_at": "encode('2026-06-29T10:00:00Z')",
        "ingested_at": "encode('2026-06-29T10:00:05Z')",
        "payload": 'encode(\'{"reason": "é"}\')',
    }
    rows = (
        "(values ('good', encode('Köln')), ('bad', '\\xFF'::blob), ('none', null)) as rows (id, project_id)"
    )
    for name, payload in (("a", columns["payload"]), ("nested", "{reason: encode('é')}")):
        as_text = ", ".join(
            f"{value} as {column}" for column, value in (columns | {"payload": payload}).items()
        )
        path = files.place / "factory_events" / f"{name}.parquet"
        # DuckDB reads bytes inside of an object only if all of the file's are text.
        condition = "true" if name == "a" else "id = 'good'"
        duckdb.execute(f"copy (select {as_text} from {rows} where {condition}) to '{path}'")
    assert files.run(*COUNTED)
    found = files.query(
        "select event_id, org_id, project_id, payload ->> 'reason' from staging.base_event_deliveries "
        "where rejected_rule is null order by all"
    )
    good = ("good", "Zürich", "Köln", "é")
    assert found == [good, good, ("none", "Zürich", None, "é")]
    [(rule, record)] = files.query(
        "select rejected_rule, record from staging.base_event_deliveries where event_id = 'bad'"
    )
    assert (rule, json.loads(str(record))["project_id"]) == ("unreadable", "\\xFF")


# ---- JSON documents


def test_a_document_is_read_as_one_value_and_any_other_file_as_lines(tmp_path: Path) -> None:
    rows: list[object] = [{"id": "a", "note": "two\nlines"}, {"id": "b"}]
    cases: dict[str, tuple[str, list[object]]] = {
        "array": (json.dumps(rows, indent=1), rows),
        "page": (json.dumps({"events": rows, "next": None}, indent=1), rows),
        "one": (json.dumps(rows[0], indent=1), rows[:1]),
        "empty": ("[\n]", []),
        "lines": ("".join(json.dumps(row) + "\n" for row in rows), rows),
        "pages": ("".join(json.dumps({"events": [row]}) + "\n\n" for row in rows), rows),
        "returns": (json.dumps(rows, indent=1).replace("\n", "\r"), rows),
    }
    for name, (text, expected) in cases.items():
        for beginning in ("", "\ufeff", "\n \n"):
            path = tmp_path / f"{name}.json"
            path.write_text(beginning + text, encoding="utf-8", newline="")
            found = list(rows_of_json_file(path))
            assert all(row.is_readable and "\n" not in row.text for row in found)
            assert [json.loads(row.text) for row in found] == expected, name
            assert count_plain_rows(path) in (None, len(expected))
    path.with_suffix(".jsonl").write_text("[\n" + A + "\n]")
    as_lines = [Row("[", is_readable=False), Row(A), Row("]", is_readable=False)]
    assert list(rows_of_json_file(path.with_suffix(".jsonl"))) == as_lines


def test_a_document_that_is_too_large_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "MAX_DOCUMENT_BYTES", 1000)
    rows = [{"id": str(number)} for number in range(200)]
    large = {
        "array.json": json.dumps(rows, indent=1),
        "line.json": json.dumps(rows),
        "line.jsonl": A + "\n" + json.dumps(rows),
    }
    for name, text in large.items():
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(LandingError, match=rf"{name} .* JSON Lines"):
            WorkingCopies().parts([str(path)], "factory_events")
    path.write_text(A + "\n" + "x" * 2000 + "\n" + B)
    assert [len(row.text) for row in rows_of_json_file(path)] == [len(A), 1001, len(B)]
    lines = tmp_path / "lines.json"
    lines.write_text('{"id": "cut off"\n' + "".join(json.dumps(row) + "\n" for row in rows))
    assert sum(row.is_readable for row in rows_of_json_file(lines)) == 200


# ---- files that are not what they seem


def _flipped(archive: bytes, place: int) -> bytes:
    """Return bytes with another one in a place."""
    changed = bytearray(archive)
    changed[place] ^= 1
    return bytes(changed)


_CHECKED = zstd.compress(b"id\n" * 99, options={zstd.CompressionParameter.checksum_flag: 1})
HEADER = ",".join(COLUMNS)
BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    # what: (name, content, what the message says)
    "UTF-16": ("a.csv", HEADER.encode("utf-16"), "UTF-16.*iconv"),
    "UTF-16 without a mark": ("a.csv", HEADER.encode("utf-16-le"), "UTF-16.*iconv"),
    "UTF-16 of the other order": ("a.csv", HEADER.encode("utf-16-be"), "UTF-16.*iconv"),
    "gzip as CSV": ("a.csv", b"\x1f\x8b\x08", "gzip.*gunzip"),
    "gzip as JSON": ("a.jsonl", b"\x1f\x8b\x08", "gzip.*gunzip"),
    "zstd as JSON": ("a.json", b"\x28\xb5\x2f\xfd", "zstd.*unzstd"),
    "Parquet as CSV": ("a.csv", b"PAR1", r"Parquet.*\.parquet"),
    "a gzip archive cut short": (
        "a.jsonl.gz",
        gzip.compress(b"{}" * 99)[:-1],
        "broken.*gzip.*write it again",
    ),
    "a wrong checksum": ("a.csv.gz", _flipped(gzip.compress(b"id\n"), -5), "broken.*gzip"),
    "a wrong length": ("a.json.gz", _flipped(gzip.compress(b"[]"), -1), "broken.*gzip"),
    "text after a gzip archive": ("a.jsonl.gz", gzip.compress(b"{}") + b"{}", "broken.*gzip"),
    "no gzip archive": ("a.jsonl.gz", b"{}", "not compressed by gzip.*rename"),
    "a zstd archive cut short": ("a.ndjson.zst", zstd.compress(b"{}" * 99)[:-1], "broken.*zstd"),
    "a broken zstd archive": ("a.csv.zst", _flipped(_CHECKED, -1), "broken.*zstd"),
    "text after a zstd archive": ("a.csv.zst", zstd.compress(b"id\n") + b"1\n", "broken.*zstd"),
    "no zstd archive": ("a.csv.zst", gzip.compress(b"id\n"), "not compressed by zstd.*rename"),
    "compressed Parquet": ("a.parquet.gz", gzip.compress(b"PAR1"), "decompress"),
    "a compressed file of an unknown kind": ("a.gz", gzip.compress(b"{}"), "decompress"),
    "semicolons in an archive": ("a.csv.gz", gzip.compress(HEADER.replace(",", ";").encode()), "semicolons"),
    "an archive in an archive": ("a.json.gz", gzip.compress(zstd.compress(b"[]")), "zstd.*unzstd"),
    "another kind": ("a.jsonl.tmp", b"{", "rename"),
    "an open quote": ("a.csv", f'"{HEADER}\n1,2'.encode(), "quote.*fix"),
    "a quote that is closed later": ("a.csv", f'{HEADER},"x\n1,2,3,4,5,6,y"\n'.encode(), "quote.*fix"),
    "text after a quote": ("a.csv", f'"x"y,{HEADER}\n'.encode(), "quote.*fix"),
    "blank names": ("a.csv", f"{HEADER},, \n".encode(), "2 columns without a name.*remove"),
    "only commas": ("a.csv", b"\n,,,\n", "4 columns without a name.*remove"),
    "one name twice": ("a.csv", f"{HEADER},ID\n".encode(), "column id more than once.*rename"),
    "semicolons": ("a.csv", HEADER.replace(",", ";").encode(), "semicolons.*commas"),
    "the other log": (
        "a.jsonl",
        b'{"station": "qa", "recorded_at": 1}\n' * 3,
        "rows of factory_metrics.*move",
    ),
    "a broken Parquet file": ("a.parquet", b"PAR1", "Parquet.*replace"),
    "a gzip archive of 0 bytes": ("a.jsonl.gz", b"", "cut off.*write it again"),
    "a zstd archive of 0 bytes": ("a.csv.zst", b"", "cut off.*write it again"),
    "a Parquet file of 0 bytes": ("a.parquet", b"", "cut off.*write it again"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_file_that_cannot_be_read_says_what_to_do(what: str, tmp_path: Path) -> None:
    name, content, words_of_message = BAD_FILES[what]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LandingError, match=rf"{name} .*{words_of_message}"):
        WorkingCopies().parts([file.part for file in list_log_files(str(tmp_path))], "factory_events")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_plain_text_of_0_bytes_has_no_rows(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    copies, files = WorkingCopies(), [str(tmp_path / name)]
    assert (copies.parts(files), copies.row_counts(files)) == ([], [PartRows(files[0], 0)])


GOOD_HEADERS = {
    "blank lines": f"\n \r\n{HEADER}\n",
    "a mark": f"\ufeff\n{HEADER}\n",
    "a mark and line ends": f"\ufeff\r\n\r\n{HEADER}\r\n",
    "one blank name": f"{HEADER},\n",
    "quotes": HEADER.replace("id", '"id"', 1) + "\n",
}


@pytest.mark.parametrize("what", GOOD_HEADERS)
def test_rows_below_an_unusual_header(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        GOOD_HEADERS[what] + "e1,acme\n" + "e2,acme,,,,{}" + "," * ("blank name" in what), newline=""
    )
    copies = WorkingCopies()
    [part] = copies.parts([str(path)])
    assert set(COLUMNS) <= set(part.columns)
    [counted] = copies.row_counts([str(path)])
    assert counted.row_count == 2
    lines = Path(part.paths[0]).read_text(encoding="utf-8").splitlines()
    assert lines == ['"e1,acme"', '{"id": "e2", "org_id": "acme", "payload": "{}"}']


def test_a_name_of_a_column_may_have_any_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER.encode() + b",pr\xe9nom,\x00\n1,2,3,4,5,6,x,y\n")
    copies = WorkingCopies()
    [part] = copies.parts([str(path)])
    assert list(part.columns)[-2:] == ["pr\\xe9nom", "\x00"]
    line = json.loads(Path(part.paths[0]).read_text())
    assert (line["pr\\xe9nom"], line["payload"]) == ("x", "6")


# ---- folders


def in_linked_folder(root: Path) -> None:
    (root.parent / "elsewhere" / "deep").mkdir(parents=True)
    (root.parent / "elsewhere" / "deep" / "a.jsonl").touch()
    (root / "linked").symlink_to(root.parent / "elsewhere")


def in_a_loop(root: Path) -> None:
    (root / "day").mkdir()
    (root / "day" / "a.jsonl").touch()
    (root / "day" / "up").symlink_to(root)
    (root / "day" / "self").symlink_to(root / "day" / "self")


def as_a_link(root: Path) -> None:
    (root.parent / "a.jsonl").touch()
    (root / "a.jsonl").symlink_to(root.parent / "a.jsonl")
    (root / "gone.jsonl").symlink_to(root.parent / "nowhere.jsonl")


def among_marks(root: Path) -> None:
    for name in ("_temporary/0/b.jsonl", ".hidden.jsonl", "_SUCCESS", "day/.a.crc", "day/a.jsonl"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


FOLDERS: dict[Callable[[Path], None], tuple[list[str], list[str]]] = {
    in_linked_folder: (["linked/deep/a.jsonl"], []),
    in_a_loop: (["day/a.jsonl"], ["day/self"]),
    as_a_link: (["a.jsonl"], ["gone.jsonl"]),
    among_marks: (["day/a.jsonl"], [".hidden.jsonl", "_SUCCESS", "_temporary", "day/.a.crc"]),
}


@pytest.mark.parametrize("land", FOLDERS)
def test_files_of_a_folder(land: Callable[[Path], None], tmp_path: Path) -> None:
    root = tmp_path / "log"
    root.mkdir()
    land(root)
    found = find_log_files(str(root))
    paths = [file.part for file in found.files], found.skipped
    assert tuple([str(Path(path).relative_to(root)) for path in part] for part in paths) == FOLDERS[land]
    says = f"{len(found.skipped)} names in {root} are skipped "
    assert found.notice.startswith(says) if found.skipped else found.notice == ""
    assert found.notice.endswith(f"; the first is {found.skipped[0]}" if found.skipped else "")


def test_a_folder_that_may_not_be_listed_stops_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refusing(folder: Path) -> object:
        # As root may list any folder, the system does not refuse it.
        if folder.name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(LandingError, match=r"secret cannot be read \(Permission denied\): let it be read"):
        list_log_files(str(tmp_path))
