"""The rules that the components of a message must keep, each broken once."""

import pytest

TEXT = {"type": 10, "content": "x"}
GO = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
LINK = {"type": 2, "style": 5, "label": "Look", "url": "https://example.com"}
MENU = {"type": 3, "custom_id": "menu", "options": [{"label": "A", "value": "a"}]}
USERS = {"type": 5, "custom_id": "users"}
MEDIA = {"media": {"url": "https://example.com/a.png"}}
V2 = 1 << 15


def row(*inside):
    return {"type": 1, "components": list(inside)}


def buttons(count):
    return [GO | {"custom_id": f"b{n}"} for n in range(count)]


def defaults(*kinds):
    return [{"type": kind, "id": "1"} for kind in kinds]


@pytest.fixture
def post(session, general):
    """Send a message as the bot; give the status and the codes of the errors with their places."""

    async def send(components, flags=0, **fields):
        body = {"components": components, "flags": flags} | fields
        answer = await session.post(f"/api/v10/channels/{general.id}/messages", json=body)
        refusal = await answer.json()
        return answer.status, dict(leaves(refusal.get("errors") or {}))

    return send


def leaves(tree, path=""):
    for key, inner in tree.items():
        if key == "_errors":
            yield path.lstrip("."), inner[0]["code"]
        else:
            yield from leaves(inner, f"{path}.{key}")


@pytest.mark.parametrize(
    ("components", "place", "code"),
    [
        ([row(*buttons(1))] * 6, "components", "BASE_TYPE_BAD_LENGTH"),
        ([row()], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        ([row(*buttons(6))], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        ([row(GO, MENU)], "components.0.components.1", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(MENU, USERS)], "components.0.components.0", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(row(GO))], "components.0.components.0.type", "BASE_TYPE_CHOICES"),
        ([GO], "components.0.type", "BASE_TYPE_CHOICES"),
        ([TEXT], "components.0.type", "BASE_TYPE_CHOICES"),
        ("none", "components", "BASE_TYPE_BAD_TYPE"),
        ([row(GO, GO)], "components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(GO), row(GO)], "components.1.components.0.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(GO | {"id": 7}), row(MENU | {"id": 7})], "components.1.components.0.id", "COMPONENT_ID_DUPLICATED"),
        ([row(GO | {"custom_id": "x" * 101})], "components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH"),
        ([row(GO | {"custom_id": ""})], "components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH"),
        ([row(GO | {"custom_id": None})], "components.0.components.0.custom_id", "BASE_TYPE_REQUIRED"),
        ([row(GO | {"label": "x" * 81})], "components.0.components.0.label", "BASE_TYPE_BAD_LENGTH"),
        ([row(GO | {"style": 7})], "components.0.components.0.style", "BASE_TYPE_CHOICES"),
        ([row(GO | {"url": "https://a.b"})], "components.0.components.0.url", "BASE_TYPE_NOT_ALLOWED"),
        ([row(LINK | {"custom_id": "x"})], "components.0.components.0.custom_id", "BASE_TYPE_NOT_ALLOWED"),
        ([row(LINK | {"url": None})], "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
        ([row({"type": 2, "style": 6})], "components.0.components.0.sku_id", "BASE_TYPE_REQUIRED"),
        (
            [row({"type": 2, "style": 6, "sku_id": "1", "label": "Buy"})],
            "components.0.components.0.label",
            "BASE_TYPE_NOT_ALLOWED",
        ),
        ([row(MENU | {"options": []})], "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"),
        (
            [row(MENU | {"options": [{"label": str(n), "value": str(n)} for n in range(26)]})],
            "components.0.components.0.options",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [row(MENU | {"options": MENU["options"] * 2})],
            "components.0.components.0.options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            [row(MENU | {"options": [{"label": "x" * 101, "value": "a"}]})],
            "components.0.components.0.options.0.label",
            "BASE_TYPE_BAD_LENGTH",
        ),
        ([row(MENU | {"placeholder": "x" * 151})], "components.0.components.0.placeholder", "BASE_TYPE_BAD_LENGTH"),
        ([row(MENU | {"max_values": 26})], "components.0.components.0.max_values", "NUMBER_TYPE_MAX"),
        ([row(MENU | {"min_values": -1})], "components.0.components.0.min_values", "NUMBER_TYPE_MIN"),
        ([row(MENU | {"min_values": "1"})], "components.0.components.0.min_values", "NUMBER_TYPE_COERCE"),
        (
            [row(USERS | {"default_values": defaults("role")})],
            "components.0.components.0.default_values.0.type",
            "BASE_TYPE_CHOICES",
        ),
        (
            [row(USERS | {"default_values": defaults("user", "user")})],
            "components.0.components.0.default_values",
            "SELECT_COMPONENT_DEFAULT_VALUES_INVALID",
        ),
    ],
)
async def test_broken_rule_is_named_with_its_place(post, components, place, code):
    status, errors = await post(components, content="text")

    assert status == 400
    assert errors == {place: code}


@pytest.mark.parametrize(
    ("components", "place", "code"),
    [
        ([TEXT] * 41, "components", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 17, "components": [TEXT] * 20}] * 2, "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([{"type": 10, "content": ""}], "components.0.content", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 10, "content": "x" * 2001}] * 2, "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ([GO], "components.0.type", "BASE_TYPE_CHOICES"),
        ([{"type": 17, "components": []}], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        (
            [{"type": 17, "components": [{"type": 17, "components": [TEXT]}]}],
            "components.0.components.0.type",
            "BASE_TYPE_CHOICES",
        ),
        ([{"type": 17, "components": [TEXT], "accent_color": 1 << 24}], "components.0.accent_color", "NUMBER_TYPE_MAX"),
        ([{"type": 9, "components": [TEXT]}], "components.0.accessory", "BASE_TYPE_REQUIRED"),
        ([{"type": 9, "components": [TEXT] * 4, "accessory": GO}], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 9, "components": [TEXT], "accessory": MENU}], "components.0.accessory.type", "BASE_TYPE_CHOICES"),
        ([{"type": 11} | MEDIA], "components.0.type", "BASE_TYPE_CHOICES"),
        ([{"type": 12, "items": []}], "components.0.items", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 12, "items": [MEDIA] * 11}], "components.0.items", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 12, "items": [{}]}], "components.0.items.0.media", "BASE_TYPE_REQUIRED"),
        (
            [{"type": 12, "items": [{"media": {"url": "ftp://example.com"}}]}],
            "components.0.items.0.media.url",
            "URL_TYPE_INVALID_SCHEME",
        ),
        (
            [{"type": 12, "items": [MEDIA | {"description": "x" * 1025}]}],
            "components.0.items.0.description",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [{"type": 13, "file": {"url": "https://example.com/a.txt"}}],
            "components.0.file.url",
            "URL_TYPE_INVALID_SCHEME",
        ),
        (
            [{"type": 13, "file": {"url": "attachment://a.txt"}}],
            "components.0.file.url",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        ([{"type": 14, "spacing": 3}], "components.0.spacing", "NUMBER_TYPE_MAX"),
        ([{"type": 4, "custom_id": "x", "style": 1}], "components.0.type", "BASE_TYPE_CHOICES"),
    ],
)
async def test_newer_component_that_breaks_a_rule_is_named_with_its_place(post, components, place, code):
    status, errors = await post(components, V2)

    assert status == 400
    assert errors == {place: code}


@pytest.mark.parametrize("field", [{"content": "x"}, {"embeds": [{"title": "x"}]}, {"poll": {"question": {}}}])
async def test_components_stand_alone(post, field):
    status, errors = await post([TEXT], V2, **field)

    assert status == 400
    assert errors == {next(iter(field)): "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"}


async def test_message_of_no_components_is_empty(post):
    assert (await post([], V2))[0] == 400


@pytest.mark.parametrize(
    ("components", "flags"),
    [
        ([row(*[one | {"custom_id": f"{n}{one['custom_id']}"} for one in buttons(5)]) for n in range(5)], 0),
        ([row(MENU | {"min_values": 0, "max_values": 25})], 0),
        ([row({"type": 2, "style": 6, "sku_id": "1"})], 0),
        ([row(USERS | {"max_values": 2, "default_values": defaults("user", "user")})], 0),
        ([TEXT] * 40, V2),
        ([{"type": 10, "content": "x" * 4000}], V2),
        ([{"type": 17, "components": [row(GO), {"type": 14}], "accent_color": 0, "spoiler": True}], V2),
        ([{"type": 12, "items": [MEDIA] * 10}], V2),
    ],
)
async def test_what_is_just_within_the_rules_passes(post, components, flags):
    assert (await post(components, flags))[0] == 200


async def test_ids_are_given_in_order_around_those_taken(session, local, general):
    body = {"flags": V2, "components": [TEXT, TEXT | {"id": 2}, row(GO | {"id": 0})]}
    await session.post(f"/api/v10/channels/{general.id}/messages", json=body)
    first, second, third = local.messages(general)[0].components

    assert [one["id"] for one in (first, second, third, third["components"][0])] == [1, 2, 3, 4]
