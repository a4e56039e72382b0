"""Prompts, followed: prompts.py BINARY FACTS PLATFORM. Each call that a prompt tells is made, about an app that runs."""
import asyncio
import re
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters

binary, _, platform = sys.argv[1:]
APP = "App:demo/my-app"
CALL = re.compile(r"`([a-z_]+)\((.*?)\)`", re.DOTALL)
ARGUMENT = re.compile(r'([a-z_]+)=("[^"]*"|[A-Z]+)(?:, |$)')
ORDER = """apiVersion: platform.backstack.dev/v1alpha1
kind: App
metadata: {name: my-app, namespace: demo}
spec: {image: "$IMAGE"}
"""
DESCRIPTOR = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: my-app-two}
spec: {type: service, lifecycle: production, owner: "$OWNER"}
"""
DEFINITION = """apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: {name: databases.platform.backstack.dev}
spec:
  group: platform.backstack.dev
  names: {kind: Database, plural: databases}
  scope: Namespaced
  versions:
    - name: v1alpha1
      served: true
      referenceable: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string}}}}}}
"""


def check(fact, what):
    if not fact:
        raise SystemExit(f"python: {what}")


def arguments_of(text, prompt):
    """The arguments of a call as a prompt writes them: texts in quotes, and words in capitals to be found out."""
    found = ARGUMENT.findall(text)
    check(sum(len(name) + len(value) + 1 for name, value in found) + 2 * max(0, len(found) - 1) == len(text), f"{prompt}: not understood: {text}")
    return dict(found)


class Following:
    """One prompt: what is asked, and what the answers before have told."""

    def __init__(self, client, tools, prompt, manifest, known):
        self.client, self.tools, self.prompt = client, tools, prompt
        self.known = {"MANIFEST": manifest, "NAMESPACE": "demo", "THING": APP, "MESSAGE": "ImagePullBackOff", "RULE": "policies for apps", **known}

    async def make(self, tool, written):
        check(tool in self.tools, f"{self.prompt}: there is no tool {tool}")
        given = {name: value[1:-1] if value.startswith('"') else self.known.get(value) for name, value in written.items()}
        check(None not in given.values(), f"{self.prompt}: nothing has told what {written} means")
        answer = await self.client.call_tool(tool, given)
        text = answer.content[0].text if answer.content else ""
        check(not answer.is_error and text, f"{self.prompt}: {tool} {given}: {text}")
        self.learn(tool, given, answer.structured_content)

    def learn(self, tool, given, facts):
        """What an assistant would take from an answer for its next call."""
        if tool == "tree":
            pods = [node["object"] for node in facts["nodes"] if node["object"].startswith("Pod:")]
            self.known["PART"] = (pods or [given["entity"]])[0]
        if tool == "find" and given.get("kind") == "Composition":
            check(facts["items"], f"{self.prompt}: no composition is found")
            self.known["COMPOSITION"] = facts["items"][0]["entity"]
        if tool == "find" and given.get("kind") in ("API", "Group"):
            check(facts["total"] > 0, f"{self.prompt}: {given} finds nothing")
        if tool == "find" and "text" in given:
            check(facts["total"] == 0, f"{self.prompt}: a new app is there already: {facts}")


async def main():
    # The platform is that of `--name`, as if there were several.
    server = StdioServerParameters(command=binary, args=["--name", platform, "mcp"])
    async with Client(server, mode="auto") as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        app = (await client.call_tool("find", {"kind": "App", "text": "my-app"})).structured_content["items"][0]
        image, owner = app["image"], app["owner"]
        order = ORDER.replace("$IMAGE", image)
        followed = {
            "onboard_app": ({"name": "my-app-two", "image": image, "owner": owner}, DESCRIPTOR.replace("$OWNER", owner)),
            "explain_failure": ({"entity": APP, "symptom": "it is slow"}, None),
            "add_api": ({"kind": "Database", "purpose": "a place for data"}, DEFINITION),
            "review_change": ({"change": order}, order),
        }
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        check(set(prompts) == set(followed), f"prompts that nobody follows: {set(prompts) ^ set(followed)}")
        for prompt in prompts:
            given, manifest = followed[prompt]
            text = "".join(message.content.text for message in (await client.get_prompt(prompt, given)).messages)
            calls = CALL.findall(text)
            check(len(calls) > 2 and all(value in text for value in given.values()), f"{prompt}: too few steps: {text}")
            following = Following(client, tools, prompt, manifest, {"SPEC": {"image": image}})
            for tool, written in calls:
                await following.make(tool, arguments_of(written, prompt))
            print(f"{prompt}: {', '.join(tool for tool, _ in calls)}")


asyncio.run(main())
