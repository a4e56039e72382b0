// A stand-in for a language model, behind OpenAI's interface: it calls one tool, and repeats what that answered.
//   node model.js PORT TOOL ARGUMENTS     TOOL is the end of its name; what it was asked goes to stdout, one a line
import { createServer } from 'node:http';

const [port, tool, input] = process.argv.slice(2);

function reply({ messages = [], tools = [] }) {
  const answer = messages.findLast(each => each.role === 'tool');
  if (answer) return { content: `The platform answers: ${typeof answer.content === 'string' ? answer.content : JSON.stringify(answer.content)}` };
  const chosen = tools.find(each => each.function?.name.endsWith(`_${tool}`));
  if (!chosen) return { content: 'No such tool is offered.' };
  return { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: chosen.function.name, arguments: input } }] };
}

createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const asked = JSON.parse(body || '{}');
  console.log(JSON.stringify({ messages: asked.messages, tools: asked.tools?.map(each => each.function?.name) }));
  const said = reply(asked);
  const send = (delta, reason) => response.write(`data: ${JSON.stringify({
    id: 'answer', object: 'chat.completion.chunk', created: 0, model: asked.model, choices: [{ index: 0, delta, finish_reason: reason }],
  })}\n\n`);
  response.setHeader('content-type', 'text/event-stream');
  send({ role: 'assistant', ...said }, null);
  send({}, said.tool_calls ? 'tool_calls' : 'stop');
  response.end('data: [DONE]\n\n');
}).listen(Number(port), '127.0.0.1');
