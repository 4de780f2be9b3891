"""One process for one database."""

import subprocess
import sys

import pytest

from clew.alone import StartError, alone

HOLD = """
import sys
from pathlib import Path
from clew.alone import alone
with alone(Path(sys.argv[1]), patience=0):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_process_is_told_and_a_killed_one_leaves_no_lock(tmp_path):
    database = tmp_path / "clew.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StartError, match="Another clew runs on the database"), alone(database, patience=0):
            pass
        other.kill()
        other.wait()
    with alone(database, patience=0):
        pass


def test_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "clew.db.lock").mkdir()
    with pytest.raises(StartError, match="cannot be used"), alone(tmp_path / "clew.db", patience=0):
        pass
