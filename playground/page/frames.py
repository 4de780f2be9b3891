"""What stands around the messages, as HTML: the rail of guilds, the channels, the members, the heads."""

import html
from collections.abc import Mapping, Sequence

from playground.page.emoji import icon
from playground.page.rows import Looking, avatar, badge
from playground.values import Channel, Guild, User

EARLIER = '<div class="welcome"><p>Earlier messages are not shown.</p></div>'
"""What stands over the first message when there are more."""


def rail(guilds: Sequence[Guild], current: Guild | None) -> str:
    """The round buttons at the left edge: direct messages, then the guilds."""
    home = _round("home", "", icon("forum"), "Direct messages", current is None)
    shown = [
        _round("guild", str(guild.id), html.escape(guild.name[:1]), guild.name, guild == current) for guild in guilds
    ]
    return f'{home}<div class="rail-line"></div>{"".join(shown)}'


def sidebar(looking: Looking, guild: Guild | None, unread: Mapping[int, int]) -> str:
    """The channels of a guild and the direct messages with the bot.

    Args:
        looking: Who looks, and at which channel.
        guild: The guild whose channels are listed, None for none.
        unread: Channels with new messages, and how many of those mention the user.
    """
    parts: list[str] = []
    if guild is not None:
        parts.append('<div class="section">Text channels</div>')
        for each in sorted(guild.channels.values(), key=lambda each: each.position):
            parts.append(_channel(each, each.name, '<span class="hash">#</span>', looking, unread))
            parts += [
                _channel(thread, thread.name, '<span class="hash thread">↳</span>', looking, unread)
                for thread in threads_seen(looking, guild, each)
            ]
    bot, dm = looking.discord.bot, looking.discord.dm(looking.me)
    parts.append('<div class="section">Direct messages</div>')
    parts.append(_channel(dm, bot.name, avatar(bot, "small"), looking, unread, testid=f"channel-dm-{bot.name}"))
    return "".join(parts)


def threads_seen(looking: Looking, guild: Guild, channel: Channel) -> list[Channel]:
    """The threads of a channel that are not archived and that the user can see; in a forum, its posts."""
    return [each for each in looking.discord.active_threads(guild, looking.me) if each.parent_id == channel.id]


def panel(looking: Looking) -> str:
    """The corner that tells who one acts as, and lets one choose."""
    people = [user for user in looking.discord.users.values() if _is_person(user, looking)]
    options = "".join(
        f'<option value="{user.id}"{" selected" if user.id == looking.me.id else ""}>{html.escape(user.name)}</option>'
        for user in people
    )
    return (
        f'{avatar(looking.me, "small online")}<label class="acting"><small>You act as</small>'
        f'<select data-testid="act-as" data-act="act-as" title="Choose who you are">{options}</select></label>'
    )


def title(looking: Looking) -> str:
    """The head over the messages."""
    channel = looking.channel
    if channel.is_dm:
        bot = looking.discord.bot
        return f'<span class="hash">@</span><h1 data-testid="title">{html.escape(bot.name)}</h1>{badge(bot)}'
    topic = f'<span class="topic">{html.escape(channel.topic)}</span>' if channel.topic else ""
    return f'<span class="hash">#</span><h1 data-testid="title">{html.escape(channel.name)}</h1>{topic}'


def welcome(looking: Looking) -> str:
    """What stands over the first message of a channel."""
    name = html.escape(place_name(looking))
    if looking.channel.is_dm:
        bot = looking.discord.bot
        said = f"This is the beginning of your direct messages with <b>{html.escape(bot.name)}</b>."
        return f'<div class="welcome">{avatar(bot, "huge")}<h2>{html.escape(bot.name)}</h2><p>{said}</p></div>'
    return (
        f'<div class="welcome"><div class="big-hash">#</div><h2>Welcome to {name}!</h2>'
        f"<p>This is the start of the {name} channel. Mention <b>@{html.escape(looking.discord.bot.name)}</b> "
        "or type <kbd>/</kbd> to begin.</p></div>"
    )


def members(looking: Looking) -> str:
    """The people of the channel at the right edge, the bot first."""
    people = list(looking.discord.people_in(looking.channel).values())
    bots = [user for user in people if user.bot]
    others = [user for user in people if not user.bot]
    return _group("Bot", bots, looking) + _group("Members", others, looking)


def place_name(looking: Looking) -> str:
    """A channel's name with its sign."""
    return f"@{looking.discord.bot.name}" if looking.channel.is_dm else f"#{looking.channel.name}"


def typing(names: Sequence[str]) -> str:
    """The line that says who is typing."""
    if not names:
        return ""
    told = " and ".join(f"<b>{html.escape(name)}</b>" for name in names)
    verb = "is" if len(names) == 1 else "are"
    return f'<span class="dots"><i></i><i></i><i></i></span><span data-testid="typing">{told} {verb} typing…</span>'


def _is_person(user: User, looking: Looking) -> bool:
    """Somebody one can act as: a member of some guild; the bot's operator, say, is none."""
    return not user.bot and any(user.id in guild.members for guild in looking.discord.guilds.values())


def _round(act: str, key: str, sign: str, tip: str, chosen: bool) -> str:
    css = "rail-item chosen" if chosen else "rail-item"
    return (
        f'<div class="{css}"><button type="button" data-act="{act}" data-id="{key}" title="{html.escape(tip)}" '
        f'data-testid="{act}-{html.escape(tip)}">{sign}</button></div>'
    )


def _channel(
    channel: Channel, name: str, sign: str, looking: Looking, unread: Mapping[int, int], testid: str | None = None
) -> str:
    css = "channel" + (" chosen" if channel.id == looking.channel.id else " unread" if channel.id in unread else "")
    count = f'<span class="count">{unread[channel.id]}</span>' if unread.get(channel.id) else ""
    mark = testid or f"channel-{html.escape(name)}"
    return (
        f'<button type="button" class="{css}" data-act="channel" data-id="{channel.id}" data-testid="{mark}">'
        f"{sign}<span>{html.escape(name)}</span>{count}</button>"
    )


def _group(name: str, users: Sequence[User], looking: Looking) -> str:
    if not users:
        return ""
    shown = "".join(
        f'<div class="member">{avatar(user, "small " + _presence(user, looking))}'
        f"<span>{html.escape(user.name)}</span>{badge(user)}</div>"
        for user in users
    )
    return f'<div class="section">{name} — {len(users)}</div>{shown}'


def _presence(user: User, looking: Looking) -> str:
    return "online" if not user.bot or looking.discord.connected else "offline"
