"""Buttons and layouts of messages: what passes, what is refused, and what a press tells the bot."""

import discord
import pytest

from playground import BadInput, DiscordError, Permission


class Buttons(discord.ui.View):
    """One button for each way to answer a press."""

    def __init__(self):
        super().__init__(timeout=None)
        self.presses = []
        self.add_item(discord.ui.Button(label="Read more", url="https://discord.com"))
        self.add_item(discord.ui.Button(label="Off", custom_id="off", disabled=True))

    @discord.ui.button(label="Say", custom_id="say")
    async def say(self, interaction, button):
        self.presses.append(interaction)
        await interaction.response.send_message("said", ephemeral=True)

    @discord.ui.button(label="Change", custom_id="change", style=discord.ButtonStyle.danger, emoji="✅")
    async def change(self, interaction, button):
        self.presses.append(interaction)
        button.label = "Changed"
        await interaction.response.edit_message(content="changed", view=self)

    @discord.ui.button(label="Later", custom_id="later")
    async def later(self, interaction, button):
        await interaction.response.defer()
        await interaction.edit_original_response(content="changed later")
        await interaction.followup.send("and more")

    @discord.ui.button(label="Think", custom_id="think")
    async def think(self, interaction, button):
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("thought")

    @discord.ui.button(label="Away", custom_id="away")
    async def away(self, interaction, button):
        await interaction.response.defer()
        await interaction.delete_original_response()


class Layout(discord.ui.LayoutView):
    """A little of everything that a newer message can hold."""

    def __init__(self, user):
        super().__init__(timeout=None)
        self.pressed = []
        button = discord.ui.Button(label="Go", custom_id="go")
        button.callback = self.go
        section = discord.ui.Section(f"hello {user}", accessory=button)
        gallery = discord.ui.MediaGallery(discord.MediaGalleryItem("https://example.com/cat.png"))
        self.add_item(discord.ui.Container(section, discord.ui.Separator(), gallery, accent_colour=discord.Color.red()))
        self.add_item(discord.ui.File("attachment://notes.txt"))
        thumbnail = discord.ui.Thumbnail("attachment://notes.txt", description="notes")
        self.add_item(discord.ui.Section("small", accessory=thumbnail))

    async def go(self, interaction):
        self.pressed.append(interaction)
        await interaction.response.send_message("went")


@pytest.fixture
async def view():
    return Buttons()


@pytest.fixture
async def shown(local, bot, general, view):
    """A message with all buttons."""
    sent = await bot.get_channel(general.id).send("buttons", view=view)
    return local.find_message(sent.id)


async def test_press_tells_who_where_and_what(local, shown, view, general, bob):
    result = await local.press(bob, shown, "say")
    told = view.presses[0]

    assert (told.user.name, told.channel.id, told.message.id) == ("bob", general.id, shown.id)
    assert told.data["component_type"] == 2
    assert told.data["custom_id"] == "say"
    assert told.message.content == "buttons"
    assert result.content == "said"
    assert result.ephemeral


async def test_answer_to_a_press_is_a_reply_to_its_message(local, shown, bob):
    result = await local.press(bob, shown, "say")
    told = result.response

    assert told["type"] == discord.MessageType.reply.value
    assert told["message_reference"]["message_id"] == str(shown.id)
    assert told["interaction_metadata"]["interacted_message_id"] == str(shown.id)
    assert told["interaction_metadata"]["type"] == 3
    assert "interaction" not in told


async def test_press_updates_its_message(local, shown, bob):
    result = await local.press(bob, shown, "Change")

    assert result.message is shown
    assert shown.content == "changed"
    assert [one["label"] for one in shown.components[0]["components"] if one.get("custom_id") == "change"] == [
        "Changed"
    ]


async def test_deferred_update_edits_later(local, shown, general, bob):
    await local.press(bob, shown, "later")
    await local.wait_for_message(general, lambda one: one.content == "and more")

    assert shown.content == "changed later"
    assert [one.content for one in local.messages(general)] == ["changed later", "and more"]


async def test_thinking_after_a_press_is_a_message_of_its_own(local, shown, general, bob):
    result = await local.press(bob, shown, "think")

    assert result.content == "thought"
    assert [one.content for one in local.messages(general)] == ["buttons", "thought"]


async def test_original_of_a_deferred_update_is_the_message_itself(local, shown, general, bob):
    await local.press(bob, shown, "away")
    await local.wait_until(lambda: shown.deleted)

    assert local.messages(general) == []


@pytest.mark.parametrize(("button", "why"), [("off", "disabled"), ("Read more", "nothing"), ("gone", "no 'gone'")])
async def test_button_that_cannot_be_pressed_tells_nobody(local, bot, shown, bob, button, why):
    with pytest.raises(BadInput, match=why):
        await local.press(bob, shown, button)
    assert not bot.told("interaction")


async def test_who_does_not_see_a_message_cannot_press(local, shown, general, bob):
    local.overwrite(general, bob, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(DiscordError) as refused:
        await local.press(bob, shown, "say")
    await local.delete(local.user("alice"), shown)
    with pytest.raises(DiscordError) as gone:
        await local.press(local.user("alice"), shown, "say")

    assert (refused.value.code, gone.value.code) == (50001, 10008)


async def test_buttons_of_an_ephemeral_message_are_for_one(local, bot, general, alice, bob):
    class Private(discord.ui.View):
        @discord.ui.button(label="Mine", custom_id="mine")
        async def mine(self, interaction, button):
            await interaction.response.edit_message(content="pressed", view=None)

    @bot.tree.command(description="Show something in private")
    async def private(interaction: discord.Interaction):
        await interaction.response.send_message("secret", view=Private(), ephemeral=True)

    await bot.tree.sync()
    result = await local.slash(bob, general, "private")
    with pytest.raises(DiscordError):
        await local.press(alice, result.message, "mine")
    pressed = await local.press(bob, result.message, "mine")

    assert (result.message.content, result.message.components) == ("pressed", [])
    assert pressed.message.visible_to == bob.id


async def test_layout_is_shown_and_its_button_pressed(local, bot, general, bob):
    view = Layout(f"<@{bob.id}>")
    file = discord.File(__file__, filename="notes.txt")
    sent = await bot.get_channel(general.id).send(view=view, file=file)
    message = local.find_message(sent.id)
    result = await local.press(bob, message, "go")
    container, attached, section = message.components

    assert message.flags & 1 << 15
    assert bob.id in message.pinged
    assert result.content == "went"
    assert view.pressed[0].message.components[0].accent_colour == discord.Color.red()
    assert container["components"][1] == {"type": 14, "id": 5, "spacing": 1, "divider": True}
    assert (attached["name"], attached["file"]["url"]) == ("notes.txt", message.attachments[0].url)
    assert section["accessory"]["media"]["attachment_id"] == str(message.attachments[0].id)
    assert sent.attachments[0].filename == "notes.txt"


async def test_components_cannot_be_taken_back(local, bot, general):
    channel = bot.get_channel(general.id)
    sent = await channel.send(view=discord.ui.LayoutView().add_item(discord.ui.TextDisplay("text")))
    message = local.find_message(sent.id)
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="plain")
    await sent.edit(view=discord.ui.LayoutView().add_item(discord.ui.TextDisplay("other")))

    assert refused.value.code == 50035
    assert "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2" in str(local.requests[-2].response)
    assert message.components[0]["content"] == "other"
    assert message.flags & 1 << 15


async def test_edited_text_display_notifies_and_edited_buttons_do_not(local, bot, general, alice, bob):
    channel = bot.get_channel(general.id)
    layout = await channel.send(view=discord.ui.LayoutView().add_item(discord.ui.TextDisplay("nobody")))
    words = f"<@{alice.id}> and <@{bob.id}>"
    await layout.edit(view=discord.ui.LayoutView().add_item(discord.ui.TextDisplay(words)))
    silent = await channel.send(words, view=Buttons(), allowed_mentions=discord.AllowedMentions.none())
    await silent.edit(view=None)

    assert local.find_message(layout.id).pinged == {alice.id, bob.id}
    assert local.find_message(silent.id).pinged == set()


async def test_edit_to_components_must_empty_what_was_there(local, bot, general):
    sent = await bot.get_channel(general.id).send("plain")
    layout = discord.ui.LayoutView().add_item(discord.ui.TextDisplay("text"))
    with pytest.raises(discord.HTTPException):
        await bot.http.edit_message(
            general.id,
            sent.id,
            params=discord.http.handle_message_parameters(view=layout, flags=discord.MessageFlags(components_v2=True)),
        )
    await sent.edit(content=None, view=layout)
    message = local.find_message(sent.id)

    assert (message.content, message.components[0]["content"]) == ("", "text")


async def test_deferred_answer_becomes_a_layout(local, bot, general, bob):
    @bot.tree.command(description="Lay it out")
    async def layout(interaction: discord.Interaction):
        await interaction.response.defer()
        view = discord.ui.LayoutView().add_item(discord.ui.TextDisplay("laid out"))
        await interaction.edit_original_response(view=view)

    await bot.tree.sync()
    result = await local.slash(bob, general, "layout")

    assert result.message.components == [{"type": 10, "id": 1, "content": "laid out"}]
    assert result.message.flags == 1 << 15
