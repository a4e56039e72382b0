"""The assistant's catalog against the portal's, entity by entity: catalog.py BINARY FACTS PLATFORM."""
import asyncio
import json
import pathlib
import ssl
import sys
import urllib.request

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

binary, facts, platform = sys.argv[1:]
PATIENCE = 90
KINDS = ["component", "system", "api", "template", "group", "user"]
# What both say of an entity. The rest is each one's own: the portal has where it came from, the assistant what it is made of.
SPEC = ["type", "owner", "system", "lifecycle", "consumesApis", "memberOf"]
METADATA = ["title", "description", "tags", "links"]


class Differ(Exception):
    """What one says and the other does not."""


def portal():
    """Entities of the portal by reference, as its own API gives them to a client with a token."""
    logins = json.loads(pathlib.Path(facts, "credentials.json").read_text())
    login = next(one for one in logins if one["username"] == "mcp-clients")
    context = ssl.create_default_context(cafile=str(pathlib.Path(facts, "ca.crt")))
    request = urllib.request.Request(f"{login['url'].rstrip('/')}/api/catalog/entities", headers={"Authorization": f"Bearer {login['password']}"})
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        entities = json.load(answer)
    return {reference(entity): said(entity) for entity in entities if entity["kind"].lower() in KINDS}


def reference(entity):
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()


def said(entity):
    """What is compared; a list that is empty says nothing, and references are not written in one way."""
    spec = {key: entity.get("spec", {}).get(key) for key in SPEC}
    told = {**spec, **{key: entity["metadata"].get(key) for key in METADATA}}
    references = {"consumesApis", "owner", "system", "memberOf"}
    said = {key: json.dumps(value).lower() if key in references else value for key, value in told.items() if value}
    return said


async def assistant(client, theirs):
    """Entities that the assistant has of the cluster; of APIs, those that the portal has, for it lists them by kind. The stack's own parts are told by the stack, and are in no portal."""
    names = set(theirs)
    for kind in (kind for kind in KINDS if kind != "api"):
        cursor = {}
        while cursor is not None:
            page = (await client.call_tool("find", {"kind": kind, **cursor})).structured_content
            if page.get("problems"):
                raise Differ(f"the catalog has problems: {page['problems']}")
            names |= {item["entity"] for item in page["items"]}
            cursor = {"cursor": page["next_cursor"]} if page.get("next_cursor") else None
    found = {}
    for name in names:
        try:
            contents = (await client.read_resource(f"catalog://{name.replace(':', '/', 1)}")).contents
        except MCPError:
            continue
        entity = json.loads(contents[0].text)
        if entity.get("spec", {}).get("type") != "platform" and not is_stack(entity):
            found[name] = said(entity)
    return found


def is_stack(entity):
    return "backstack.dev/version" in entity["metadata"].get("annotations", {})


def differences(ours, theirs):
    only = [f"only in the assistant: {name}" for name in sorted(ours.keys() - theirs.keys())]
    only += [f"only in the portal: {name}" for name in sorted(theirs.keys() - ours.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        for key in sorted(ours[name].keys() | theirs[name].keys()):
            one, two = ours[name].get(key), theirs[name].get(key)
            if one != two:
                only.append(f"{name}: {key}: the assistant says {one!r}, the portal {two!r}")
    return only


async def main():
    server = StdioServerParameters(command=binary, args=["mcp", "--name", platform])
    async with Client(server) as client:
        # Both follow the cluster, each at its own pace.
        for _ in range(PATIENCE):
            theirs = portal()
            found = differences(await assistant(client, theirs), theirs)
            if not found and any(name.startswith("component:") for name in theirs):
                print(f"the same {len(theirs)} entities: {', '.join(sorted({name.split(':')[0] for name in theirs}))}")
                return
            await asyncio.sleep(1)
        raise Differ("the two catalogs differ:\n" + "\n".join(found or ["there is no component in either"]))


try:
    asyncio.run(main())
except BaseExceptionGroup as group:
    # The client wraps what is raised beside it.
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    raise SystemExit(f"python: {group}") from None
