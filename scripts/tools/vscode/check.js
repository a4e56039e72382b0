// A visitor of VS Code: starts the server from the configuration as it is, looks at what VS Code says of it, and has the
// extension call its tools. Settings come from the environment:
//   CODE_URL                address of code-server, with the folder to open
//   BACKSTACK_VSCODE_FACTS  file into which the extension writes
//   CODE_LOGS               folder for the logs of VS Code
//   MODEL_LOG               what the stand-in for a language model was asked
//   BACKSTACK_PICTURES      folder for pictures; none are taken without it
//   CASE                    name of what is tried, for pictures and lines
//   CHROMIUM                the browser (default: /usr/bin/chromium)
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const PATIENCE = Number(process.env.BACKSTACK_PATIENCE ?? 90_000);
const { CODE_URL: url, BACKSTACK_VSCODE_FACTS: facts, CASE: name = 'vscode', MODEL_LOG: asked, BACKSTACK_PICTURES: pictures } = process.env;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
page.setDefaultTimeout(PATIENCE);
if (process.env.CODE_CONSOLE) page.on('console', async line => line.type() === 'error' && console.log('console:', line.text().slice(0, 1500)));

let taken = 0;
async function picture(what) {
  if (!pictures) return;
  await page.waitForTimeout(1200);
  taken += 1;
  await page.screenshot({ path: path.join(pictures, `${name}-${String(taken).padStart(2, '0')}-${what}.png`), animations: 'disabled' });
}

async function eventually(what, attempt) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await attempt();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up after ${PATIENCE / 1000} s: ${what}`);
    await page.waitForTimeout(500);
  }
}

/** Runs a command by its name in the palette. */
async function command(title) {
  const input = page.locator('.quick-input-widget input[type=text]');
  await eventually(`the palette opens for ${title}`, async () => {
    await page.keyboard.press('F1');
    return input.first().waitFor({ timeout: 5000 }).then(() => true, () => false);
  });
  await input.first().fill(`>${title}`);
  const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
  await row.waitFor();
  return row;
}

/** The rows of the open list. */
async function rows() {
  await page.waitForTimeout(1500);
  return page.locator('.quick-input-list .monaco-list-row').evaluateAll(all => all.map(row => row.getAttribute('aria-label')));
}

async function pick(text) {
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
}

/** The log of the server, as it is under Output: in the browser VS Code keeps its logs in a database there. */
async function log() {
  const files = await page.evaluate(async () => {
    const answer = request => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const found = {};
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name));
      for (const store of [...database.objectStoreNames].filter(each => /log/.test(each))) {
        const objects = database.transaction(store).objectStore(store);
        const [keys, values] = [await answer(objects.getAllKeys()), await answer(objects.getAll())];
        keys.forEach((key, at) => { if (values[at] instanceof Uint8Array) found[key] = new TextDecoder().decode(values[at]); });
      }
      database.close();
    }
    return found;
  });
  if (process.env.CODE_LOGS) for (const [file, text] of Object.entries(files)) writeFileSync(path.join(process.env.CODE_LOGS, path.basename(file)), text);
  return Object.entries(files).filter(([file]) => /mcpServer.*backstack[^/]*\.log$/.test(file)).map(each => each[1]).join('');
}

try {
  await page.goto(url);
  await page.locator('.monaco-workbench').waitFor();
  await picture('workbench');

  await (await command('MCP: List Servers')).click();
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'backstack' }).first().waitFor();
  console.log(`${name}: MCP: List Servers: ${(await rows()).join(' | ')}`);
  await picture('list-servers');
  await pick('backstack');
  console.log(`${name}: what can be done with it: ${(await rows()).join(' | ')}`);
  await picture('server-options');
  await pick('Start Server');
  if (await page.getByRole('button', { name: /^Trust/ }).first().waitFor({ timeout: 8000 }).then(() => true, () => false)) {
    console.log(`${name}: VS Code asks: ${(await page.locator('.monaco-dialog-box').innerText()).replaceAll('\n', ' / ')}`);
    await picture('trust');
    await page.getByRole('button', { name: /^Trust/ }).first().click();
  }
  const discovered = await eventually('tools are discovered', async () => /Discovered (\d+) tools/.exec(await log()));
  console.log(`${name}: ${discovered[0]}`);

  await (await command('MCP: List Servers')).click();
  await pick('backstack');
  await picture('running');
  await pick('Show Configuration');
  const lens = page.locator('.codelens-decoration').filter({ hasText: `${discovered[1]} tools` }).first();
  await lens.waitFor();
  console.log(`${name}: above the entry in the file: ${(await lens.innerText()).replace(/\s+/g, ' ')}`);
  await picture('configuration');
  await (await command('MCP: List Servers')).click();
  await pick('backstack');
  await pick('Show Output');
  await picture('output');

  await (await command('MCP: Browse Resources')).click();
  await page.waitForTimeout(2000);
  console.log(`${name}: MCP: Browse Resources: ${(await rows()).join(' | ')}`);
  await picture('resources');
  await page.keyboard.press('Escape');

  await (await command('Backstack: Check the Tools')).click();
  await eventually('the extension wrote its facts', () => existsSync(facts));
  await picture('answers');
  const found = JSON.parse(readFileSync(facts, 'utf8'));
  if (found.error) throw new Error(found.error);
  console.log(`${name}: ${found.app} ${found.vscode} offers ${found.tools.length} tools: ${found.tools.map(each => each.name).join(', ')}`);
  for (const { tool, good, parts, milliseconds, answer } of found.calls) {
    console.log(`${name}: ${tool}: ${good ? 'good' : 'BAD'}, ${parts} parts, ${milliseconds} ms: ${answer.slice(0, 100).replaceAll('\n', ' ')}`);
  }

  const input = page.locator('.interactive-input-part .monaco-editor').first();
  const suggested = async text => {
    await input.click();
    await page.keyboard.type(text);
    const found = page.locator('.suggest-widget .monaco-list-row');
    await found.first().waitFor();
    await page.waitForTimeout(1000);
    const labels = await found.evaluateAll(all => all.map(row => row.getAttribute('aria-label')));
    console.log(`${name}: ${text} in the chat: ${labels.join(' | ')}`);
    await picture(`chat-${text.slice(1)}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    return labels;
  };
  if ((await suggested('/mcp.backstack')).length < 4) throw new Error('prompts are missing');
  if ((await suggested('#docs')).length < 2) throw new Error('tools are missing');

  // The agent itself, which is the Copilot extension, runs without an account for models of the user's own.
  await (await command('Chat: Manage Language Models')).click();
  await page.getByText('Stand-in').first().waitFor();
  await picture('models');
  await page.keyboard.press('Escape');
  const model = page.locator('.interactive-input-part').getByText(/^(Stand-in|Models|Auto)$/).first();
  if (!/Stand-in/.test(await model.innerText())) {
    await model.click();
    await page.locator('.action-widget').getByText('Stand-in').first().click();
  }
  await input.click();
  await page.keyboard.type('A port of the machine is taken. What do the docs of the platform say?');
  await page.keyboard.press('Enter');
  await page.locator('.interactive-session').getByText('troubleshooting/machine.md').first().waitFor();
  await picture('agent');
  const requests = readFileSync(asked, 'utf8').trim().split('\n').map(line => JSON.parse(line)).filter(each => each.tools);
  const offered = requests[0].tools.filter(each => /backstack/.test(each));
  const told = JSON.stringify(requests[0].messages);
  console.log(`${name}: the agent offers the model ${offered.length} of our tools; server instructions: ${/Find things with find/.test(told)}, rules: ${/backstack\.instructions\.md/.test(told)}`);
  if (offered.length !== Number(discovered[1])) throw new Error(`the model got only ${offered.join(', ')}`);

  const complaints = [...found.complaints, ...(await log()).split('\n').filter(line => /\[(warning|error)\]/.test(line))];
  if (complaints.length > 0) throw new Error(`VS Code complains:\n${complaints.join('\n')}`);
  if (found.tools.length !== Number(discovered[1])) throw new Error(`${discovered[1]} discovered, ${found.tools.length} offered`);
  if (!found.calls.every(each => each.good)) throw new Error('a call gave something else');
} catch (error) {
  await picture('failed');
  throw error;
} finally {
  console.log(await log());
  await browser.close();
}
