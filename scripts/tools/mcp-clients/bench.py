"""Measures the MCP server beside the Node-based reference server; `scripts/bench mcp` runs it.

bench.py BINARY LOAD RUNS   (LOAD: the example of that name, cargo build --release -p backstack-mcp --example load)
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BINARY, LOAD, RUNS = sys.argv[1], sys.argv[2], int(sys.argv[3])
HERE = Path(__file__).resolve().parent
CLIENTS = Path(os.environ.get("BACKSTACK_MCP_CLIENTS")
               or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backstack-mcp-clients")
NODE = str(CLIENTS / "node_modules/node/bin/node")
EVERYTHING = str(CLIENTS / "node_modules/@modelcontextprotocol/server-everything/dist/index.js")
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
         {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "0"}}}
REQUESTS = 500


def entities(folder, count):
    for start in range(0, count, 500):
        documents = []
        for number in range(start, min(start + 500, count)):
            documents.append(json.dumps({
                "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
                "metadata": {"name": f"service-{number}", "title": f"Service {number}", "tags": ["bench", f"t{number % 50}"],
                             "description": f"Does the work of number {number} for team {number % 40}, all day long.",
                             "annotations": {f"example.com/key-{key}": f"value {key} of {number}" for key in range(5)}},
                "spec": {"type": "service", "lifecycle": "production", "owner": f"team-{number % 40}",
                         "dependsOn": [f"component:default/service-{(number * 7 + 1) % count}"]}}))
        Path(folder, f"part-{start}.yaml").write_text("\n---\n".join(documents))


def first_answer(command):
    """Seconds from the start of the process to the answer to its first tool call, over stdio."""
    start = time.monotonic()
    process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    tool = {"name": "find", "arguments": {}} if command[0] == BINARY else {"name": "echo", "arguments": {"message": "x"}}
    for message in (HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"},
                    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": tool}):
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
    for line in process.stdout:
        if json.loads(line).get("id") == 2:
            break
    seconds = time.monotonic() - start
    process.kill()
    process.wait()
    return seconds


def serve(command, port, env=None):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
        except urllib.error.HTTPError:
            return process
        except OSError:
            time.sleep(0.05)
        else:
            return process
    sys.exit(f"{command[0]} does not listen on {port}")


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def memory(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def load(port, body, *headers):
    output = subprocess.run([LOAD, f"127.0.0.1:{port}", "/mcp", "8", str(REQUESTS), json.dumps(body), *headers],
                            text=True, capture_output=True, check=True).stdout
    return json.loads(output)


def ask(port, tool, arguments):
    body = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": tool, "arguments": arguments, "_meta": META}}
    return load(port, body, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", f"Mcp-Name: {tool}")


def session(port):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", json.dumps(HELLO).encode(), {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
    with urllib.request.urlopen(request) as answer:
        return answer.headers["mcp-session-id"]


def show(name, numbers):
    print(f"  {name:<34} p50 {numbers['p50_ms']:7.2f} ms   p99 {numbers['p99_ms']:7.2f} ms   {numbers['per_second']:6.0f}/s")


ours, theirs = [], []
for _ in range(RUNS):
    ours.append(first_answer([BINARY, "mcp"]) * 1000)
    theirs.append(first_answer([NODE, EVERYTHING, "stdio"]) * 1000)
print("start to first answer, stdio, in turn (goal: under 100 ms)")
print(f"  backstack                          {statistics.median(ours):7.0f} ms   (min {min(ours):.0f}, max {max(ours):.0f})")
print(f"  server-everything (Node)           {statistics.median(theirs):7.0f} ms   (min {min(theirs):.0f}, max {max(theirs):.0f})")

with tempfile.TemporaryDirectory() as folder:
    entities(folder, 10_000)
    server = serve([BINARY, "mcp", "--http", "127.0.0.1:17321", "--no-token", "--rate", "1000000", "--catalog", folder],
                   17321, {"BACKSTACK_STATE": f"{folder}/state"})
    print("answers at 8 clients, HTTP, 10,000 entities (goal: p50 under 2 ms, p99 under 10 ms)")
    show("backstack get", ask(17321, "get", {"entity": "component:default/service-77"}))
    show("backstack find by owner", ask(17321, "find", {"owner": "team-7"}))
    show("backstack find by text", ask(17321, "find", {"text": "number 777"}))
    show("backstack docs, searched", ask(17321, "docs", {"query": "how do I add a component"}))
    show("backstack docs, read", ask(17321, "docs", {"address": "reference/commands.md"}))
    print(f"memory with 10,000 entities: {memory(server):.0f} MiB (goal: under 150 MiB)")
    end(server)

node = serve([NODE, EVERYTHING, "streamableHttp"], 17322, {"PORT": "17322"})
body = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "echo", "arguments": {"message": "x"}}}
show("server-everything echo (Node)", load(17322, body, f"Mcp-Session-Id: {session(17322)}", "Mcp-Protocol-Version: 2025-06-18"))
print(f"memory of server-everything: {memory(node):.0f} MiB")
end(node)
