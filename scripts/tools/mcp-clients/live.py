"""A platform through the Python client: live.py BINARY FACTS PLATFORM; FACTS holds credentials.json and ca.crt"""
import asyncio
import base64
import json
import ssl
import sys
import time
import urllib.error
import urllib.request

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

binary, facts, platform = sys.argv[1:]
credentials = json.load(open(f"{facts}/credentials.json"))
tls = ssl.create_default_context(cafile=f"{facts}/ca.crt")
# The port is part of it, as in https://localhost:8443/gitea.
developer = next(one for one in credentials if one["username"] == "developer")


def check(fact, what):
    if not fact:
        raise SystemExit(f"python: {what}")


def git(path, body, method="POST"):
    """Asks the Git server as the developer, who reviews and merges."""
    login = base64.b64encode(f"developer:{developer['password']}".encode()).decode()
    request = urllib.request.Request(
        f"{developer['url']}/api/v1/repos/backstack/demo-cluster/{path}", json.dumps(body).encode(),
        {"Authorization": f"Basic {login}", "Content-Type": "application/json"}, method=method,
    )
    # Gitea answers 405 while it still looks whether a pull request can be merged, and 409 where another one is merged at
    # the same moment.
    for _ in range(60):
        try:
            return urllib.request.urlopen(request, context=tls, timeout=60).read()
        except urllib.error.HTTPError as error:
            if error.code not in (405, 409):
                raise
            time.sleep(0.5)
    raise SystemExit(f"python: {path} is refused")


async def agree(context, params):
    """What a person does who reads the question: the diff must be in it."""
    check("http-echo" in params.message or "delete" in params.message.lower(), f"a question without its diff: {params.message}")
    return ElicitResult(action="accept", content={"confirm": True})


async def call(client, tool, arguments):
    answer = await client.call_tool(tool, arguments)
    check(not answer.is_error, f"{tool}: {answer.content[0].text if answer.content else answer}")
    return answer.structured_content


async def change(client, arguments, ends="done"):
    """Proposes a change, merges it, and waits until it is there, or has failed."""
    proposed = await call(client, "change_propose", arguments)
    number = proposed["pull_request"]
    again = await call(client, "change_propose", arguments)
    check(again["pull_request"] == number and not again["new"], f"asked twice, it opened another: {again}")
    git(f"pulls/{number}/reviews", {"event": "APPROVED"})
    start = time.monotonic()
    git(f"pulls/{number}/merge", {"Do": "merge"})
    status = await call(client, "change_status", {"pull_request": number, "wait_seconds": 120})
    check(status["over"] and status["stages"][-1]["state"] == ends, f"not {ends}: {status}")
    check(all(stage["state"] == "done" for stage in status["stages"][:-1]), f"not there: {status}")
    print(f"pull request {number}: {proposed['summary']}: {ends}, {time.monotonic() - start:.1f} s after the merge")
    return status


async def diagnosed(client, entity, fault):
    """Waits until this is the first cause: reports about policies follow a change by some seconds."""
    end = time.monotonic() + 120
    while True:
        told = await call(client, "diagnose", {"entity": entity})
        if told["causes"] and told["causes"][0]["fault"] == fault:
            return
        check(time.monotonic() < end, f"{entity} has {fault}, told is {told['causes']}")
        await asyncio.sleep(2)


async def scenario(mode):
    server = StdioServerParameters(command=binary, args=["mcp", "--allow-changes", "--platform", platform])
    async with Client(server, mode=mode, elicitation_callback=agree) as client:
        status = await call(client, "platform", {})
        check(status["platform"] == platform, f"another platform: {status}")
        name = f"asked-{mode}-{int(time.time()) % 100000}"
        about = {"kind": "App", "name": name, "namespace": "demo"}
        create = {**about, "action": "create", "spec": {"image": "docker.io/hashicorp/http-echo:1.0.0", "port": 5678}}
        ahead = await call(client, "change_preview", create)
        made = {(one["object"], one["effect"]) for one in ahead["composed"]["resources"]}
        check((f"Deployment demo/{name}", "create") in made, f"the preview does not tell what is composed: {ahead}")
        await change(client, create)
        graph = await call(client, "tree", {"entity": f"App:demo/{name}"})
        check("Pod" in json.dumps(graph), f"the graph ends before the pods: {graph}")
        update = {**about, "action": "update", "spec": {"replicas": 2}}
        ahead = await call(client, "change_preview", update)
        grows = next((one for one in ahead["composed"]["resources"] if one["object"] == f"Deployment demo/{name}"), {})
        check(grows.get("effect") == "change" and "spec.replicas: 1 -> 2" in grows.get("changes", []), f"the preview does not tell the change: {ahead}")
        await change(client, update)
        # Argo CD's project has no such namespace: told before anything is opened.
        outside = await call(client, "change_preview", {**create, "namespace": "default"})
        check(not outside["acceptable"] and "default" in outside["argo_cd"][0], f"Argo CD would refuse it: {outside}")
        # The conditions of the time before the merge are all good: they must not be taken for those of what was merged.
        broken = {"entity": f"App:demo/{name}", "set": {"spec.image": "docker.io/hashicorp/http-echo:none.such"}}
        status = await change(client, broken, "failed")
        check("image" in status["stages"][-1]["detail"] and status["next"][0]["tool"] == "diagnose", f"no cause is named: {status}")
        # An app of its own breaks the policy: the developer, who works beside this, mends my-app.
        await change(client, {"entity": f"App:demo/{name}", "set": {"spec.image": "docker.io/library/nginx:1.29.3", "spec.port": 80}})
        await diagnosed(client, f"App:demo/{name}", "policy_failed")
        await change(client, {"entity": f"App:demo/{name}", "set": {key: create["spec"][key.removeprefix("spec.")] for key in ("spec.image", "spec.port")}})
        made = await client.call_tool("change_preview", {"entity": f"Deployment:demo/{name}", "set": {"spec.replicas": 3}})
        check(made.is_error and f"App:demo/{name}" in made.content[0].text, f"a Deployment of an App is in no file: {made}")
        if mode == "auto":
            await drafts(client)
        await change(client, {**about, "action": "delete"})
        print(f"python client, platform {platform}, {mode}: good")


async def drafts(client):
    """A composition is run before anybody merges it, for those that use it; nothing in the cluster changes by that."""
    at = "spec.pipeline[0].input.composite"
    code = "class Draft(BaseComposite):\n    def compose(self):\n        "
    makes = code + "self.resources.note('ConfigMap', 'v1').data.said = 'hello'\n"
    ahead = await call(client, "change_preview", {"entity": "Composition:app-standard", "set": {at: makes}})
    effects = {(one["object"].split()[0], one["effect"]) for one in ahead["composed"]["resources"]}
    check({("ConfigMap", "create"), ("Deployment", "delete")} <= effects, f"a draft was not run: {ahead}")
    fails = code + "raise ValueError('no such size')\n"
    ahead = await call(client, "change_preview", {"entity": "Composition:app-standard", "set": {at: fails}})
    check(not ahead["acceptable"] and "no such size" in ahead["verdict"], f"a draft that fails is not refused: {ahead}")


async def portal():
    """The portal's own endpoint: open to whoever has the platform's token for it, and to nobody else."""
    access = next(one for one in credentials if one["username"] == "mcp-clients")
    url = f"{access['url'].rstrip('/')}/api/mcp-actions/v1"
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"}, method="POST")
    try:
        urllib.request.urlopen(request, context=tls, timeout=60)
        check(False, "the portal's endpoint lets everybody in")
    except urllib.error.HTTPError as error:
        check(error.code == 401, f"the portal's endpoint answers {error.code} to nobody")
    headers = {"Authorization": f"Bearer {access['password']}"}
    async with Client(streamable_http_client(url, http_client=httpx2.AsyncClient(headers=headers, verify=tls, timeout=60)), mode="legacy") as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        check(tools, "the portal's endpoint offers nothing")
        print(f"the portal's own MCP endpoint: {len(tools)} tools")


if __name__ == "__main__":
    for mode in ("legacy", "auto"):
        asyncio.run(scenario(mode))
    asyncio.run(portal())
