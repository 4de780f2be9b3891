"""`clew run` that takes seconds where the real one takes its time: to see that a connection is dead, and to go on."""

import clew.app
from clew.cli import main
from discord_adapter.client import ClewClient
from graph.turns import TurnEngine

# In place of a minute, discord.py's default, and of 15 seconds.
DEAD_AFTER = 3.0
RETRY_AFTER = 1.0


class HastyClient(ClewClient):
    def __init__(self, settings):
        super().__init__(settings)
        self._connection.heartbeat_timeout = DEAD_AFTER

    async def before_identify_hook(self, shard_id, *, initial=False):
        """discord.py waits five seconds here, for a Discord that holds shards to that."""


TurnEngine.__init__.__kwdefaults__["retry_after"] = RETRY_AFTER
clew.app.ClewClient = HastyClient

main()
