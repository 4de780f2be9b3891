"""The rules that a command must keep to be registered."""

import pytest


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "Big", "description": "x"}, "name"),
        ({"name": "a b", "description": "x"}, "name"),
        ({"name": "x" * 33, "description": "x"}, "name"),
        ({"name": "ok", "description": ""}, "description"),
        ({"name": "ok", "description": "x" * 101}, "description"),
        ({"name": "ok", "description": "x", "options": [{"type": 3, "name": "Bad", "description": "x"}]}, "options"),
        (
            {
                "name": "ok",
                "description": "x",
                "options": [
                    {"type": 3, "name": "a", "description": "x"},
                    {"type": 3, "name": "b", "description": "x", "required": True},
                ],
            },
            "options",
        ),
        (
            {
                "name": "ok",
                "description": "x",
                "options": [{"type": 3, "name": "a", "description": "x"}, {"type": 3, "name": "a", "description": "x"}],
            },
            "options",
        ),
    ],
)
async def test_registration_keeps_discords_rules(local, session, body, path):
    answer = await session.post(f"/api/v10/applications/{local.application_id}/commands", json=body)
    refusal = await answer.json()

    assert answer.status == 400
    assert refusal["code"] == 50035
    assert list(refusal["errors"]) == [path]
    assert local.commands() == []


async def test_command_of_more_than_8000_characters_is_refused(local, session):
    choices = [{"name": f"{n:0100d}", "value": "x" * 100} for n in range(25)]
    options = [{"type": 3, "name": f"o{n}", "description": "x", "choices": choices} for n in range(2)]
    body = {"name": "big", "description": "x", "options": options}
    answer = await session.post(f"/api/v10/applications/{local.application_id}/commands", json=body)

    assert (await answer.json())["errors"]["_errors"][0]["code"] == "APPLICATION_COMMAND_TOO_LARGE"


async def test_guild_commands_are_registered_one_by_one(local, session):
    url = f"/api/v10/applications/{local.application_id}/guilds/{local.guild('Harbour').id}/commands"
    body = {"name": "one", "description": "first", "default_member_permissions": 0}
    created = await session.post(url, json=body)
    again = await session.post(url, json=body | {"description": "second"})
    command_id = (await created.json())["id"]
    patched = await session.patch(f"{url}/{command_id}", json={"description": "third"})
    shown = await (await session.get(f"{url}/{command_id}")).json()
    deleted = await session.delete(f"{url}/{command_id}")
    missing = await session.get(f"{url}/{command_id}")

    assert [one.status for one in (created, again, patched, deleted, missing)] == [201, 200, 200, 204, 404]
    assert (shown["description"], shown["default_member_permissions"]) == ("third", "0")
