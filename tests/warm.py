"""What the process that `tests.forked` forks has imported: all that the bot and its commands need."""

import gc
from importlib import import_module

for name in (
    "checkpoints.postgres_saver",
    "checkpoints.upgrading",
    "clew.app",
    "clew.chat",
    "clew.cli",
    "clew.past",
    "clew.replaying",
    "clew.settings",
    "httpcore2",
    "openai.resources",
    "tests.forked",
    "tools.mcp_session",
):
    import_module(name)

# Nothing of this is ever freed: the children need not copy its pages to say so.
gc.collect()
gc.freeze()
