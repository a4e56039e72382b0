"""The cluster goes away in the middle of calls, and comes back: run by live, after live.py, with the same arguments."""
import asyncio
import subprocess
import time

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from live import agree, binary, call, check, git, platform

NODE = f"{platform}-control-plane"
# Longer than the server waits for any single answer of a cluster.
PATIENCE = 45


def docker(*words):
    subprocess.run(["docker", *words], check=True, stdout=subprocess.DEVNULL)


async def told(client, tool, arguments):
    """The error that a call ends with, as the model reads it."""
    answer = await asyncio.wait_for(client.call_tool(tool, arguments), PATIENCE)
    text = answer.content[0].text if answer.content else ""
    check(answer.is_error, f"{tool} has an answer although the cluster is away: {text[:300]}")
    check(platform in text and "backstack" in text, f"{tool}: an error that a model cannot act on: {text}")
    return text


async def comes_back(client):
    """One session all the while: it finds the cluster again by itself."""
    start = time.monotonic()
    while (answer := await client.call_tool("platform", {})).is_error:
        check(time.monotonic() - start < 90, f"the server does not find the cluster again: {answer.content}")
        await asyncio.sleep(1)
    return time.monotonic() - start


async def scenario():
    server = StdioServerParameters(command=binary, args=["mcp", "--allow-changes", "--platform", platform])
    async with Client(server, mode="auto", elicitation_callback=agree) as client:
        name = f"away-{int(time.time()) % 100000}"
        spec = {"image": "docker.io/hashicorp/http-echo:1.0.0", "port": 5678}
        wish = {"kind": "App", "name": name, "namespace": "demo", "action": "create", "spec": spec}
        number = (await call(client, "change_propose", wish))["pull_request"]
        waits = asyncio.create_task(told(client, "change_status", {"pull_request": number, "wait_seconds": 120}))
        await asyncio.sleep(2)
        check(not waits.done(), "change_status did not wait")
        docker("pause", NODE)
        try:
            start = time.monotonic()
            print(f"a call that was waiting: {(await waits).splitlines()[0]} ({time.monotonic() - start:.0f} s)")
            errors = await asyncio.gather(
                told(client, "platform", {}), told(client, "diagnose", {"entity": "demo/my-app"}),
                told(client, "change_preview", wish), told(client, "logs", {"entity": "demo/my-app"}),
            )
            print(f"calls meanwhile: {errors[0].splitlines()[0]}")
            # What needs no cluster is answered as ever.
            await call(client, "docs", {"query": "the platform does not answer"})
        finally:
            docker("unpause", NODE)
        print(f"found again after {await comes_back(client):.0f} s")
        git(f"pulls/{number}", {"state": "closed"}, "PATCH")


asyncio.run(scenario())
