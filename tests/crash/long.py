"""What takes too long for every run of the suite: skipped there, and run by `make crash-test`."""

import os

import pytest

LONG = pytest.mark.skipif("CLEW_CRASH_TURNS" not in os.environ, reason="`make crash-test` runs it")
