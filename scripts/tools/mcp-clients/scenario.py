"""One scenario with the Python client, over stdio and HTTP, in both eras: scenario.py BINARY URL TOKEN CATALOG"""
import asyncio
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

binary, url, token, catalog = sys.argv[1:]


def check(fact, what):
    if not fact:
        raise SystemExit(f"python: {what}")


async def scenario(make, mode):
    async with Client(make(), mode=mode) as client:
        tools = (await client.list_tools()).tools
        names = {tool.name for tool in tools}
        check({"find", "get", "tree", "docs"} <= names, f"tools are missing: {names}")
        listed = await client.call_tool("find", {"kind": "Component"})
        check(not listed.is_error and listed.structured_content["total"] > 0, f"no components: {listed}")
        check(str(listed.structured_content["total"]) in listed.content[0].text, "the text lacks the total")
        gone = await client.call_tool("get", {"entity": "component:default/no-such"})
        check(gone.is_error and "not_found" in gone.content[0].text, f"a missing entity is no error: {gone}")
        found = await client.call_tool("docs", {"query": "port is taken"})
        check(found.structured_content["items"], f"nothing found: {found}")
        address = found.structured_content["items"][0]["address"]
        page = await client.call_tool("docs", {"address": address})
        check(not page.is_error, f"{address} cannot be read: {page}")
        resources = (await client.list_resources()).resources
        read = await client.read_resource(resources[0].uri)
        check(read.contents[0].text, "an empty resource")
        prompts = (await client.list_prompts()).prompts
        check(len(prompts) == 4, f"prompts: {prompts}")
        prompt = await client.get_prompt("explain_failure", {"entity": "component:default/shop"})
        check("shop" in prompt.messages[0].content.text, "the prompt lacks its argument")


async def main():
    stdio = lambda: StdioServerParameters(command=binary, args=["mcp", "--catalog", catalog])
    http = lambda: streamable_http_client(url, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}))
    for name, make in (("stdio", stdio), ("HTTP", http)):
        for mode in ("legacy", "auto"):
            await scenario(make, mode)
            print(f"python client, {name}, {mode}: good")
    try:
        async with Client(url, mode="auto") as client:
            await client.list_tools()
    except Exception:
        print("python client, HTTP without a token: refused")
    else:
        raise SystemExit("python: let in without a token")


asyncio.run(main())
