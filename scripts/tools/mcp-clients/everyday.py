"""Questions of every day, put to a platform: everyday.py BINARY FACTS PLATFORM. Each is answered in at most three calls."""
import asyncio
import re
import sys
from datetime import datetime, timedelta

from mcp import Client
from mcp.client.stdio import StdioServerParameters

binary, _, platform = sys.argv[1:]
MOST_CALLS = 3
# Longer answers fill a model's context.
MOST_BYTES = 12_000


def check(fact, what):
    if not fact:
        raise SystemExit(f"python: {what}")


class Asking:
    """One question: counts its calls."""

    def __init__(self, client, question):
        self.client, self.question, self.calls, self.bytes = client, question, 0, 0

    async def call(self, tool, arguments):
        self.calls += 1
        answer = await self.client.call_tool(tool, arguments)
        text = answer.content[0].text if answer.content else ""
        check(not answer.is_error, f"{self.question}: {tool} {arguments}: {text}")
        self.bytes += len(text)
        check(tool == "docs" or answer.structured_content["platform"] == platform, f"another platform: {answer}")
        return answer.structured_content

    def answered(self, told):
        check(self.calls <= MOST_CALLS and self.bytes <= MOST_BYTES, f"{self.question}: {self.calls} calls, {self.bytes} bytes")
        print(f"{self.question}: {told} ({self.calls} calls, {self.bytes} bytes)")


async def owner(ask):
    got = await ask.call("get", {"entity": "my-app"})
    check(got["owner"].startswith("group:"), f"no owner: {got}")
    ask.answered(got["owner"])


async def images(ask):
    found = await ask.call("find", {"kind": "App"})
    check(found["total"] > 0 and all(":" in app["image"] for app in found["items"]), f"apps without an image: {found}")
    ask.answered(", ".join(app["image"] for app in found["items"]))


async def logs(ask):
    first = await ask.call("logs", {"entity": "demo/my-app", "since": "30d", "grep": "start"})
    stamp = first["logs"][0]["lines"].splitlines()[0].split()[0]
    at = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    since, until = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (at - timedelta(minutes=1), at + timedelta(minutes=1)))
    between = await ask.call("logs", {"entity": "demo/my-app", "since": since, "until": until, "grep": ["start", "worker"]})
    lines = [line for log in between["logs"] for line in log["lines"].splitlines()]
    check(lines and all(since <= line.split()[0] <= until and "worker" in line for line in lines), f"other lines: {lines}")
    before = await ask.call("logs", {"entity": "demo/my-app", "since": "30d", "until": since, "grep": "start"})
    check(not any(since < line.split()[0] for log in before["logs"] for line in log["lines"].splitlines()), f"too late: {before}")
    ask.answered(f"{len(lines)} lines between {since} and {until}")


async def memory(ask):
    used = await ask.call("usage", {"by": "memory"})
    size = lambda told: float(re.match(r"[\d.]+", told)[0]) * (1024 if told.endswith("Gi") else 1)
    sizes = [size(pod["memory"]) for pod in used["items"]]
    check(len(sizes) > 5 and sizes == sorted(sizes, reverse=True), f"not the largest first: {sizes}")
    ask.answered(f"{used['items'][0]['entity']} {used['items'][0]['memory']}")


async def policies(ask):
    found = await ask.call("policies", {})
    check(found["failed"] > 0 and found["results"][0]["message"], f"nothing fails: {found}")
    one = await ask.call("policies", {"entity": found["results"][0]["policy"]})
    check(one["policy"]["checks"] or one["policy"]["description"], f"a policy without its checks: {one}")
    ask.answered(f"{found['failed']} fail, first {found['results'][0]['policy']}")


async def changed(ask):
    history = await ask.call("history", {"since": "30d", "max_tokens": 1200})
    by = {(change["what"], change["who"]) for change in history["changes"] if change["what"] in ("commit", "merge")}
    check(by and all(who for _, who in by) and not history.get("not_seen"), f"nobody did it: {history}")
    recent = await ask.call("history", {"since": "1h", "max_tokens": 800})
    check(all(change["time"] >= recent["since"] for change in recent["changes"]), f"older than an hour: {recent}")
    of_one = await ask.call("history", {"entity": "demo/my-app", "since": "30d"})
    check(0 < of_one["total"] < history["total"], f"not narrowed: {of_one['total']} of {history['total']}")
    ask.answered(f"{recent['total']} changes in the last hour, by {', '.join(sorted(who for _, who in by))}")


async def reset(ask):
    docs = await ask.call("docs", {"query": "how do I reset the platform"})
    check("backstack reset" in docs["read"]["text"], f"another page: {docs['read']['address']}")
    ask.answered(docs["read"]["address"])


QUESTIONS = {
    "who owns my-app": owner,
    "which images do the apps run": images,
    "logs between two times, with a word": logs,
    "which pods use most memory": memory,
    "which policies fail": policies,
    "what changed in the last hour, by whom": changed,
    "how do I reset": reset,
}


async def main():
    # The platform is that of `--name`, as if there were several.
    server = StdioServerParameters(command=binary, args=["--name", platform, "mcp"])
    async with Client(server, mode="auto") as client:
        for question, answer in QUESTIONS.items():
            await answer(Asking(client, question))


asyncio.run(main())
