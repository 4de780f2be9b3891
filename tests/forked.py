"""Start a Python program as a process of its own, forked from one that has imported what clew needs.

A start that imports everything takes some five seconds of one core, a fork some hundredths; the suite starts the bot
hundreds of times. Everything else is as with `asyncio.create_subprocess_exec`: the program is run as `__main__`, with
its own arguments, folder, environment and files, and is killed like any other. What a newcomer types is started for
real in test_readme.py and test_cli.py.
"""

import asyncio
import fcntl
import multiprocessing
import os
import runpy
import signal
import sys
import termios
from contextlib import chdir, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[1]

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.warm"])


class Forked:
    """A running program, with what tests use of an `asyncio.subprocess.Process`."""

    def __init__(self, process):
        self._process = process
        self.pid = process.pid
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(process.sentinel, self._reap)

    def _reap(self):
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()

    @property
    def returncode(self):
        """None while it runs; a negative number names the signal that ended it."""
        return self._process.exitcode if self._ended.is_set() else None

    async def wait(self):
        await self._ended.wait()
        return self.returncode

    def send_signal(self, number):
        # It may have ended by itself, and be waited for by the fork server, a moment before we hear of it.
        with suppress(ProcessLookupError):
            if self.returncode is None:
                os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def start(program, *, cwd, env, output, stdin=None):
    """Start a program.

    Args:
        program: A Python script and its arguments.
        cwd: The folder it runs in.
        env: All of its environment.
        output: Where its standard output and error go: a file descriptor.
        stdin: What it reads: a file descriptor, or nothing. A terminal becomes the one that controls it.
    """
    files = [Connection(os.dup(fd)) for fd in (output, stdin) if fd is not None]
    arguments = ([str(part) for part in program], str(cwd), dict(env), *files)
    process = _FORKING.Process(target=_become, args=arguments)
    with chdir(ROOT):  # from where it imports what it is to have
        process.start()
    for file in files:
        file.close()
    return Forked(process)


async def printed(program, *, cwd, env, text="", timeout=60):
    """Run a program that reads a text through a pipe to its end: its exit code, and what it printed."""
    reading, writing = os.pipe()
    with TemporaryFile() as output:
        process = start(program, cwd=cwd, env=env, output=output.fileno(), stdin=reading)
        os.close(reading)
        os.write(writing, text.encode())
        os.close(writing)
        try:
            async with asyncio.timeout(timeout):
                code = await process.wait()
        finally:
            process.kill()
        output.seek(0)
        return code, output.read().decode()


def _become(program, cwd, env, output, stdin=None):
    """Be the program, in the forked process."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    if stdin:
        os.dup2(stdin.fileno(), 0)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - a file descriptor
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for fd in (1, 2):
        os.dup2(output.fileno(), fd)
    output.close()
    sys.argv = program
    sys.path[0] = str(Path(program[0]).parent)
    runpy.run_path(program[0], run_name="__main__")
