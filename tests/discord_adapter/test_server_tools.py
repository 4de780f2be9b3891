"""What the server's tool says where there is no server to tell about; the rest is seen end to end."""

import pytest

from discord_adapter.server_tools import server_tools
from tools.tool import Origin, ToolFailed


@pytest.mark.parametrize(("guild_id", "reason"), [(None, "direct message"), (1, "at the moment")])
async def test_direct_message_and_a_server_that_is_away_are_told_apart(client, guild_id, reason):
    (tool,) = server_tools(client)
    with pytest.raises(ToolFailed, match=reason):
        await tool.run({}, Origin(guild_id, 2, 3))
