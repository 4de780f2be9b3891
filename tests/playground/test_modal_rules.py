"""The rules that a form must keep, each broken once."""

import asyncio

import pytest

INPUT = {"type": 4, "custom_id": "text", "style": 1}
MENU = {"type": 3, "custom_id": "menu", "options": [{"label": "A", "value": "a"}]}
UPLOAD = {"type": 19, "custom_id": "files"}
RADIO = {"type": 21, "custom_id": "radio", "options": [{"label": one, "value": one} for one in "ab"]}
BOXES = RADIO | {"type": 22, "custom_id": "boxes"}
TEXT = {"type": 10, "content": "x"}
GO = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}


def label(component, **fields):
    return {"type": 18, "label": "Label", "component": component} | fields


def modal(*components, **fields):
    return {"custom_id": "form", "title": "Form", "components": list(components)} | fields


def labels(count):
    return [label(INPUT | {"custom_id": f"t{n}"}) for n in range(count)]


@pytest.fixture
def show(local, session, general, bob):
    """Answer a command with a form; give the status and where its first error is."""
    local.command_book.put(None, {"name": "form", "description": "x"})

    async def answer(data):
        known = len(local.interactions)
        waiting = asyncio.ensure_future(local.slash(bob, general, "form"))
        await local.wait_until(lambda: len(local.interactions) > known)
        asked = local.latest_interaction
        url = f"/api/v10/interactions/{asked.id}/{asked.token}/callback"
        answer = await session.post(url, json={"type": 9, "data": data})
        asked.age(4)
        assert (await waiting).failed == (answer.status == 400)
        refusal = await answer.json() if answer.status == 400 else {}
        return answer.status, first_place(refusal.get("errors") or {})

    return answer


def first_place(tree):
    keys = []
    while tree and "_errors" not in tree:
        keys.append(next(iter(tree)))
        tree = tree[keys[-1]]
    return ".".join(keys)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (None, "data.custom_id"),
        (modal(*labels(1), title=""), "data.title"),
        (modal(*labels(1), title="x" * 46), "data.title"),
        (modal(*labels(1), custom_id="x" * 101), "data.custom_id"),
        (modal(), "data.components"),
        (modal(*labels(6)), "data.components"),
        (modal(INPUT), "data.components.0.type"),
        (modal(label(GO)), "data.components.0.component.type"),
        (modal(label(TEXT)), "data.components.0.component.type"),
        (modal({"type": 18, "label": "x"}), "data.components.0.component"),
        (modal(label(INPUT, label="x" * 46)), "data.components.0.label"),
        (modal(label(INPUT, description="x" * 101)), "data.components.0.description"),
        (modal(label(INPUT), label(INPUT)), "data.components.1.component.custom_id"),
        (modal(label(INPUT | {"label": "x"})), "data.components.0.component.label"),
        (modal({"type": 1, "components": [INPUT]}), "data.components.0.components.0.label"),
        (modal({"type": 1, "components": [MENU]}), "data.components.0.components.0.type"),
        (modal(label(INPUT | {"custom_id": ""})), "data.components.0.component.custom_id"),
        (modal(label(INPUT | {"style": 3})), "data.components.0.component.style"),
        (modal(label(INPUT | {"min_length": 4001})), "data.components.0.component.min_length"),
        (modal(label(INPUT | {"max_length": 0})), "data.components.0.component.max_length"),
        (modal(label(INPUT | {"max_length": 4001})), "data.components.0.component.max_length"),
        (modal(label(INPUT | {"min_length": 5, "max_length": 4})), "data.components.0.component.min_length"),
        (modal(label(INPUT | {"value": "x" * 4001})), "data.components.0.component.value"),
        (modal(label(INPUT | {"placeholder": "x" * 101})), "data.components.0.component.placeholder"),
        (modal(label(MENU | {"disabled": True})), "data.components.0.component.disabled"),
        (modal(label(MENU | {"min_values": 0})), "data.components.0.component.min_values"),
        (modal(label(UPLOAD | {"max_values": 11})), "data.components.0.component.max_values"),
        (modal(label(UPLOAD | {"min_values": 0})), "data.components.0.component.min_values"),
        (modal(label(UPLOAD | {"file_types": ["picture"]})), "data.components.0.component.file_types"),
        (modal(label(UPLOAD | {"file_types": [".a"] * 11})), "data.components.0.component.file_types"),
        (modal(label(RADIO | {"options": RADIO["options"][:1]})), "data.components.0.component.options"),
        (modal(label(BOXES | {"max_values": 11})), "data.components.0.component.max_values"),
        (modal(label({"type": 23})), "data.components.0.component.custom_id"),
    ],
)
async def test_form_that_breaks_a_rule_is_not_shown(show, data, place):
    assert await show(data) == (400, place)


@pytest.mark.parametrize(
    "data",
    [
        modal(*labels(5), title="x" * 45),
        modal({"type": 1, "components": [INPUT | {"label": "Text"}]}),
        modal(TEXT, label(MENU | {"required": False, "min_values": 0})),
        modal(label(INPUT | {"min_length": 0, "max_length": 4000}, description="x" * 100)),
        modal(label(UPLOAD | {"file_types": ["image", ".PDF"], "max_values": 10})),
        modal(label({"type": 23, "custom_id": "box"})),
    ],
)
async def test_form_within_the_rules_is_shown(show, data):
    assert await show(data) == (204, "")
