// One scenario with the TypeScript client, over stdio and HTTP, in both eras: scenario.mjs BINARY URL TOKEN CATALOG
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const [binary, url, token, catalog] = process.argv.slice(2)

function check(fact, what) {
  if (!fact) {
    console.error(`typescript: ${what}`)
    process.exit(1)
  }
}

async function scenario(transport, mode) {
  const client = new Client({ name: 'scenario', version: '0' }, { versionNegotiation: { mode } })
  await client.connect(transport)
  const names = (await client.listTools()).tools.map((tool) => tool.name)
  check(['find', 'get', 'tree', 'docs'].every((name) => names.includes(name)), `tools: ${names}`)
  // This client checks structured content against the tool's schema by itself.
  const listed = await client.callTool({ name: 'find', arguments: { kind: 'Component' } })
  check(listed.structuredContent.total > 0, 'no components')
  const got = await client.callTool({ name: 'get', arguments: { entity: listed.structuredContent.items[0].entity } })
  check(got.structuredContent.owner, 'nobody owns it')
  const relations = await client.callTool({ name: 'tree', arguments: { entity: got.structuredContent.entity, depth: 3 } })
  check(relations.structuredContent.total > 0, 'it is made of nothing, and related to nothing')
  const judged = await client.callTool({ name: 'try_manifest', arguments: { manifest: 'kind: API' } })
  check(judged.structuredContent.accepted === false, 'a bad descriptor is valid')
  const found = await client.callTool({ name: 'docs', arguments: { query: 'how do I add a component' } })
  const page = await client.callTool({ name: 'docs', arguments: { address: found.structuredContent.items[0].address } })
  check(!page.isError, 'a hit cannot be read')
  const { resources } = await client.listResources()
  check((await client.readResource({ uri: resources[0].uri })).contents.length > 0, 'an empty resource')
  const done = await client.complete({
    ref: { type: 'ref/resource', uri: 'catalog://{kind}/{namespace}/{name}' },
    argument: { name: 'kind', value: 'comp' },
  })
  check(done.completion.values.includes('component'), `completion: ${done.completion.values}`)
  check((await client.listPrompts()).prompts.length === 4, 'prompts')
  await client.close()
}

for (const mode of ['legacy', 'auto']) {
  await scenario(new StdioClientTransport({ command: binary, args: ['mcp', '--catalog', catalog] }), mode)
  console.log(`typescript client, stdio, ${mode}: good`)
  const requestInit = { headers: { Authorization: `Bearer ${token}` } }
  await scenario(new StreamableHTTPClientTransport(new URL(url), { requestInit }), mode)
  console.log(`typescript client, HTTP, ${mode}: good`)
}
