"""The linter of words finds what the project's prose does not want, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

import check_words

# What it refuses, each with the pattern that it is refused by.
REFUSED = {
    "Build it anew.": "anew",
    "The cost is that of a run.": "(that|those|the ones?) of",
    "-- Longer than those\n    -- of the day before.": "(that|those|the ones?) of",
    "# Not the one\n# of the day before.": "(that|those|the ones?) of",
    "A log need\nnot be there.": "needs? not",
    "Nothing stays but for keys.": "but (for|with)",
    "A value, be it null": "be it",
    "It heeds no note.": "heeds?",
    "Thus it ends.": "(albeit|hence|hereby|lest|shall|thereof|thus|upon|whereby|whilst)",
}


def test_each_word_is_refused_also_across_lines() -> None:
    for text, pattern in REFUSED.items():
        found = list(check_words.faults(f"\n{text}"))
        assert [line for line, _ in found] == [2], text
        assert found[0][1].endswith(f": write {check_words.WORDS[pattern]}"), text
    assert set(REFUSED.values()) == set(check_words.WORDS)


def test_other_words_pass() -> None:
    text = 'The "begun-anew" of that. Of those, one is off. progress.heed_older_history() may be its own.'
    assert list(check_words.faults(text)) == []


def test_the_command_names_file_line_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text("# A page\n\nBuild it anew.\n")
    monkeypatch.chdir(tmp_path)
    result = subprocess.run(
        [sys.executable, check_words.__file__, "page.md"], check=False, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (1, "page.md:3: 'anew': write again\n")
