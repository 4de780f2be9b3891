"""Forms: shown instead of a message, filled in, sent and answered."""

import aiohttp
import discord
import pytest

from playground import BadInput


class Survey(discord.ui.Modal, title="Survey"):
    """A form with five fields of the newer kind."""

    note = discord.ui.TextDisplay("All answers are kept.")
    why = discord.ui.Label(
        text="Why?",
        description="In a few words",
        component=discord.ui.TextInput(custom_id="why", min_length=3, max_length=10, style=discord.TextStyle.long),
    )
    bug = discord.ui.Label(
        text="Which?",
        component=discord.ui.Select(
            custom_id="bug",
            required=False,
            options=[discord.SelectOption(label=name.title(), value=name) for name in ("ant", "bee")],
        ),
    )
    whom = discord.ui.Label(
        text="Whom?", component=discord.ui.UserSelect(custom_id="whom", required=True, max_values=2)
    )
    proof = discord.ui.Label(
        text="Proof", component=discord.ui.FileUpload(custom_id="proof", required=False, max_values=2)
    )

    async def on_submit(self, interaction):
        self.sent = interaction
        files = [(one.filename, await one.read()) for one in self.proof.component.values]
        users = [one.name for one in self.whom.component.values]
        await interaction.response.send_message(
            f"{self.why.component.value} {self.bug.component.values} {users} {files}"
        )


class Choices(discord.ui.Modal, title="Choices"):
    """A form with what is ticked."""

    radio = discord.ui.Label(
        text="One",
        component=discord.ui.RadioGroup(
            custom_id="radio", options=[discord.RadioGroupOption(label=name, value=name.lower()) for name in "AB"]
        ),
    )
    boxes = discord.ui.Label(
        text="Some",
        component=discord.ui.CheckboxGroup(
            custom_id="boxes",
            options=[discord.CheckboxGroupOption(label=n, value=n.lower(), default=n == "A") for n in "ABC"],
        ),
    )
    box = discord.ui.Label(text="Yes?", component=discord.ui.Checkbox(custom_id="box", default=True))

    async def on_submit(self, interaction):
        said = (self.radio.component.value, self.boxes.component.values, self.box.component.value)
        await interaction.response.send_message(str(said))


class Renamed(discord.ui.Modal, title="Rename"):
    """An older form that changes the message its button stands on."""

    name = discord.ui.TextInput(label="Name", custom_id="name", default="old", required=False)

    async def on_submit(self, interaction):
        await interaction.response.edit_message(content=f"now {self.name.value}")


class Opener(discord.ui.View):
    """A button that opens a form."""

    @discord.ui.button(label="Rename", custom_id="rename")
    async def rename(self, interaction, button):
        await interaction.response.send_modal(Renamed(custom_id="renamed"))


def forms(tree):
    @tree.command(description="Ask much")
    async def survey(interaction: discord.Interaction):
        tree.modal = Survey(custom_id="survey")
        await interaction.response.send_modal(tree.modal)
        await interaction.followup.send("asked", ephemeral=True)

    @tree.command(description="Let tick")
    async def choices(interaction: discord.Interaction):
        await interaction.response.send_modal(Choices())

    @tree.command(description="Show a button")
    async def opener(interaction: discord.Interaction, private: bool = False):
        await interaction.response.send_message("old", view=Opener(), ephemeral=private)

    @tree.command(description="Show the wrong form")
    async def wrong(interaction: discord.Interaction):
        await interaction.response.send_modal(Wrong())


class Wrong(discord.ui.Modal, title="Wrong"):
    """A form that answers being sent with another form, and then with an update of no message."""

    name = discord.ui.TextInput(label="Name", custom_id="name")
    codes = ()

    async def on_submit(self, interaction):
        url = f"{discord.http.Route.BASE}/interactions/{interaction.id}/{interaction.token}/callback"
        modal = {"type": 9, "data": self.to_dict()}
        async with aiohttp.ClientSession() as session:
            self.codes = [(await session.post(url, json=body)).status for body in (modal, {"type": 7}, {"type": 6})]
        await interaction.response.send_message(str(self.codes))


@pytest.fixture
async def bot(start):
    return await start(setup=forms)


FILLED = {"why": "because", "whom": "alice"}


async def test_form_is_filled_in_and_answered(local, bot, general, alice, bob):
    asked = await local.slash(bob, general, "survey")
    files = [("a.txt", b"a", "text/plain"), ("b.txt", b"b", "text/plain")]
    fields = {"Why?": "because", "bug": "Ant", "whom": [alice, "bob"], "proof": files}
    result = await local.submit(bob, asked, fields)

    assert asked.modal["title"] == "Survey"
    assert result.content == "because ['ant'] ['alice', 'bob'] [('a.txt', b'a'), ('b.txt', b'b')]"
    assert result.message.author == local.bot


async def test_what_is_sent_has_the_shape_of_the_form(local, bot, general, bob):
    asked = await local.slash(bob, general, "survey")
    await local.submit(bob, asked, FILLED | {"proof": ("a.txt", b"a", "text/plain")})
    told = bot.tree.modal.sent.data
    attachment = next(iter(told["resolved"]["attachments"].values()))

    assert told["custom_id"] == "survey"
    assert told["components"][0] == {"type": 10, "id": 1}
    assert told["components"][1] == {
        "type": 18,
        "id": 2,
        "component": {"type": 4, "id": 3, "custom_id": "why", "value": "because"},
    }
    assert told["components"][2]["component"] == {"type": 3, "id": 5, "custom_id": "bug", "values": []}
    assert told["components"][4]["component"]["values"] == [attachment["id"]]
    assert attachment["ephemeral"]
    assert list(told["resolved"]) == ["users", "members", "attachments"]


async def test_form_is_followed_up_and_has_no_original(local, bot, general, bob):
    asked = await local.slash(bob, general, "survey")
    await local.wait_until(lambda: asked.followups)

    assert asked.message is None
    assert [one.content for one in local.messages(general, seen_by=bob)] == ["asked"]
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{local.api_base}/webhooks/{local.application_id}/{asked.token}/messages/@original")
        assert (await answer.json())["code"] == 10008


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "3 to 10"),
        (FILLED | {"why": "no"}, "3 to 10"),
        (FILLED | {"why": "x" * 11}, "3 to 10"),
        (FILLED | {"why": 3}, "takes a text"),
        ({"why": "because"}, "takes 1 to 2"),
        (FILLED | {"whom": ["alice", "bob", "carol"]}, "takes 1 to 2"),
        (FILLED | {"bug": "wasp"}, "offers"),
        (FILLED | {"proof": [("a.txt", b"a", "text/plain")] * 3}, "takes 1 to 2"),
        (FILLED | {"proof": "a.txt"}, "takes files"),
        (FILLED | {"where": "here"}, "no field"),
    ],
)
async def test_form_that_is_not_filled_in_rightly_is_not_sent(local, general, bot, bob, fields, why):
    asked = await local.slash(bob, general, "survey")
    with pytest.raises(BadInput, match=why):
        await local.submit(bob, asked, fields)
    assert len(bot.told("interaction")) == 1


async def test_form_is_shown_to_one_only(local, bot, general, alice, bob):
    asked = await local.slash(bob, general, "survey")
    with pytest.raises(BadInput, match="No form"):
        await local.submit(alice, asked, FILLED)
    shown = await local.slash(bob, general, "opener")
    with pytest.raises(BadInput, match="No form"):
        await local.submit(bob, shown, {})


@pytest.mark.usefixtures("bot")
async def test_what_is_ticked_arrives(local, general, bob):
    asked = await local.slash(bob, general, "choices")
    with pytest.raises(BadInput, match="needs a choice"):
        await local.submit(bob, asked, {})
    left = await local.submit(bob, asked, {"radio": "B"})
    again = await local.slash(bob, general, "choices")
    changed = await local.submit(bob, again, {"One": "a", "boxes": ["B", "C"], "box": False})

    assert left.content == "('b', ['a'], True)"
    assert changed.content == "('a', ['b', 'c'], False)"


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("private", [False, True])
async def test_form_of_a_button_updates_its_message(local, general, bob, private):
    shown = await local.slash(bob, general, "opener", private=private)
    asked = await local.press(bob, shown.message, "rename")
    result = await local.submit(bob, asked, {"Name": "new"})

    assert result.message is shown.message
    assert shown.message.content == "now new"
    assert local.messages(general, seen_by=bob) == [shown.message]


@pytest.mark.usefixtures("bot")
async def test_field_left_alone_keeps_what_the_bot_wrote(local, general, bob):
    shown = await local.slash(bob, general, "opener")
    asked = await local.press(bob, shown.message, "rename")
    await local.submit(bob, asked, {})
    kept = shown.message.content
    again = await local.press(bob, shown.message, "rename")
    await local.submit(bob, again, {"name": ""})

    assert (kept, shown.message.content) == ("now old", "now")


async def test_answer_to_a_form_tells_what_opened_it(local, bot, general, bob):
    asked = await local.slash(bob, general, "survey")
    result = await local.submit(bob, asked, FILLED)
    told = result.response["interaction_metadata"]

    assert (told["type"], told["triggering_interaction_metadata"]["id"]) == (5, str(asked.id))
    assert told["triggering_interaction_metadata"]["type"] == 2


@pytest.mark.usefixtures("bot")
async def test_form_is_not_answered_with_a_form_nor_updates_what_is_not_there(local, general, bob):
    asked = await local.slash(bob, general, "wrong")
    result = await local.submit(bob, asked, {"name": "x"})

    assert result.content == "[400, 400, 400]"


@pytest.mark.usefixtures("bot")
async def test_slash_option_takes_a_file(local, bot, general, bob):
    @bot.tree.command(description="Read a file")
    async def read(interaction: discord.Interaction, file: discord.Attachment):
        await interaction.response.send_message((await file.read()).decode())

    await bot.tree.sync()
    result = await local.slash(bob, general, "read", file=("a.txt", b"what stands in it", "text/plain"))

    assert result.content == "what stands in it"
