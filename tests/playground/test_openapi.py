"""The comparison with Discord's OpenAPI document, seen to fail where it should."""

import json
import os
from pathlib import Path

import aiohttp
import pytest

from playground import LocalDiscord, payloads
from playground.openapi import OpenApiCheck

# A cut of Discord's document: the same shapes in small, so that the check is tested without the whole.
SMALL = {
    "openapi": "3.1.0",
    "paths": {
        "/users/{user_id}": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/UserResponse"}}}},
                    "4XX": {"$ref": "#/components/responses/ClientErrorResponse"},
                }
            }
        },
        "/users/@me": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}}}
        },
        "/users/@me/channels": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/CreateDM"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}, "204": {}},
            }
        },
    },
    "components": {
        "schemas": {
            "SnowflakeType": {"type": "string", "pattern": "^[0-9]+$"},
            "UserResponse": {
                "type": "object",
                "properties": {"id": {"$ref": "#/components/schemas/SnowflakeType"}},
                "required": ["id"],
            },
            "CreateDM": {
                "type": "object",
                "properties": {"recipient_id": {"$ref": "#/components/schemas/SnowflakeType"}},
                "required": ["recipient_id"],
            },
        },
        "responses": {
            "ClientErrorResponse": {
                "content": {"application/json": {"schema": {"type": "object", "required": ["code", "message"]}}}
            }
        },
    },
}


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(SMALL))
    return path


@pytest.fixture
def check(document):
    return OpenApiCheck(document)


def test_right_exchanges_pass(check):
    check.exchange("GET", "/users/1", None, 200, {"id": "1"})
    check.exchange("GET", "/users/1", None, 404, {"code": 10013, "message": "Unknown User"})
    check.exchange("POST", "/users/@me/channels", {"recipient_id": 1}, 200, {})
    check.exchange("POST", "/users/@me/channels", {"recipient_id": "1"}, 204, None)
    check.exchange("GET", "/not/in/the/document", None, 200, 17)

    assert check.violations == []


@pytest.mark.parametrize(
    "exchange",
    [
        ("GET", "/users/1", None, 200, {}),
        ("GET", "/users/1", None, 200, {"id": 1}),
        ("GET", "/users/1", None, 404, {"message": "no code"}),
        ("POST", "/users/@me/channels", {}, 200, {}),
        ("POST", "/users/@me/channels", {"recipient_id": "1"}, 204, {"body": "where none belongs"}),
    ],
)
def test_wrong_exchange_is_noted(check, exchange):
    check.exchange(*exchange)

    assert len(check.violations) == 1


def test_literal_path_comes_before_a_placeholder(check):
    check.exchange("GET", "/users/@me", None, 200, {"anything": True})

    assert check.violations == []


async def test_wrong_answer_of_the_server_fails_the_test_that_caused_it(document, monkeypatch):
    monkeypatch.setattr(payloads, "user", lambda _user: {"id": 17})

    async def use():
        async with LocalDiscord(openapi=document) as server:
            await ask(server)

    with pytest.raises(AssertionError, match=r"answered 200: \$\.id"):
        await use()


async def ask(server):
    headers = {"Authorization": f"Bot {server.token}"}
    url = f"{server.api_base}/users/{server.user('alice').id}"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
        assert answer.status == 200


@pytest.mark.skipif(not os.environ.get("CLEW_DISCORD_OPENAPI"), reason="CLEW_DISCORD_OPENAPI names no document")
async def test_places_fit_discords_own_document(local, session):
    check = OpenApiCheck(Path(os.environ["CLEW_DISCORD_OPENAPI"]))
    guild, channel = local.guild("Harbour"), local.channel("general")
    paths = [
        "/gateway",
        "/gateway/bot",
        "/users/@me",
        "/users/@me/guilds",
        "/applications/@me",
        "/oauth2/applications/@me",
        f"/guilds/{guild.id}",
        f"/guilds/{guild.id}/channels",
        f"/guilds/{guild.id}/roles",
        f"/guilds/{guild.id}/members?limit=10",
        f"/guilds/{guild.id}/members/{local.bot.id}",
        f"/channels/{channel.id}",
        f"/channels/{local.dm(local.user('bob')).id}",
    ]
    for path in paths:
        answer = await session.get(f"/api/v10{path}")
        check.exchange("GET", path.partition("?")[0], None, answer.status, await answer.json())
        assert answer.status == 200, path

    assert check.violations == []
