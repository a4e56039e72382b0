// Calls the server's tools through VS Code's own MCP client. What it found goes into the file of BACKSTACK_VSCODE_FACTS,
// and the calls into an editor, to be seen.
const { writeFileSync } = require('node:fs');
const vscode = require('vscode');

/** Tools to call, and what the answer has to hold. */
const CALLS = [
  ['find', { kind: 'Component', max_tokens: 400 }, 'component:default/'],
  ['docs', { query: 'port is taken' }, 'troubleshooting/'],
  ['get', { entity: 'component:default/no-such-thing' }, 'no-such-thing'],
];
const PATIENCE = 60_000;

exports.activate = context => {
  context.subscriptions.push(vscode.commands.registerCommand('backstack.check', check));
};

async function check() {
  const facts = { vscode: vscode.version, app: vscode.env.appName, tools: [], complaints: [], calls: [] };
  try {
    const tools = await ours();
    // What VS Code asks of a schema before it offers a tool: the same call that its MCP client makes.
    const draft = vscode.Uri.parse('https://json-schema.org/draft-07/schema');
    for (const tool of tools) {
      facts.tools.push({ name: tool.name, description: tool.description, tags: tool.tags, schema: tool.inputSchema });
      const problems = await vscode.commands.executeCommand('json.validate', draft, JSON.stringify(tool.inputSchema));
      for (const problem of problems ?? []) facts.complaints.push(`${tool.name}: ${problem.message}`);
    }
    // What it says of the file with the entry, which is open.
    for (const [file, problems] of vscode.languages.getDiagnostics().filter(([each]) => each.path.endsWith('/mcp.json'))) {
      for (const problem of problems) facts.complaints.push(`${file.path}: ${problem.message}`);
    }
    for (const [name, input, expected] of CALLS) facts.calls.push(await call(tools, name, input, expected));
  } catch (error) {
    facts.error = String(error?.stack ?? error);
  }
  writeFileSync(process.env.BACKSTACK_VSCODE_FACTS, JSON.stringify(facts, undefined, 2));
  const shown = facts.calls.map(({ tool, input, answer }) => ({ tool, input, answer: parsed(answer) }));
  const content = facts.error ?? JSON.stringify(shown, undefined, 2);
  const document = await vscode.workspace.openTextDocument({ language: 'json', content });
  await vscode.window.showTextDocument(document, { preview: false });
}

/** The server's tools, as soon as VS Code offers them. */
async function ours() {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = vscode.lm.tools.filter(tool => /^mcp_backstack/.test(tool.name));
    if (found.length > 0) return found;
    if (Date.now() > end) throw new Error(`no tool of backstack among: ${vscode.lm.tools.map(tool => tool.name).join(', ')}`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

async function call(tools, name, input, expected) {
  const tool = tools.find(each => each.name.endsWith(`_${name}`));
  if (!tool) return { tool: name, input, good: false, answer: 'not offered' };
  const start = Date.now();
  try {
    const result = await vscode.lm.invokeTool(tool.name, { input, toolInvocationToken: undefined });
    const answer = result.content.map(part => part.value ?? JSON.stringify(part)).join('\n');
    return { tool: tool.name, input, good: answer.includes(expected), parts: result.content.length, milliseconds: Date.now() - start, answer };
  } catch (error) {
    return { tool: tool.name, input, good: false, milliseconds: Date.now() - start, answer: String(error) };
  }
}

function parsed(answer) {
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}
