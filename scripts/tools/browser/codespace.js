// What stands between a browser and a port of a Codespace: TLS with a certificate of the code host's, and a proxy that
// asks the port by its own name, with the people's name in headers only.
//   node codespace.js KEY CERTIFICATE localhost:8443    prints its own port
// It ends with its standard input.
import { readFileSync } from 'node:fs';
import https from 'node:https';

const [key, certificate, target] = process.argv.slice(2);
const [host, port] = target.split(':');

/** The headers of a request as they come to the port. */
function forwarded(request) {
  const asked = request.headers.host;
  const headers = {
    ...request.headers,
    host: target,
    'x-forwarded-host': asked,
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.5',
    'x-original-host': asked,
  };
  for (const name of ['origin', 'referer']) {
    if (headers[name]) headers[name] = headers[name].replace(`https://${asked}`, `https://${target}`);
  }
  return headers;
}

const toTarget = request => ({
  host,
  port,
  method: request.method,
  path: request.url,
  headers: forwarded(request),
  rejectUnauthorized: false,
});

const server = https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
  const asked = https.request(toTarget(request), answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', error => {
    if (!response.headersSent) response.writeHead(502);
    response.end(error.message);
  });
  request.pipe(asked);
});
server.on('upgrade', (request, socket, head) => {
  const asked = https.request(toTarget(request));
  asked.on('upgrade', (answer, other, rest) => {
    const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) other.write(head);
    other.pipe(socket).pipe(other);
    for (const one of [socket, other]) one.on('error', () => { socket.destroy(); other.destroy(); });
  });
  asked.on('response', () => socket.destroy());
  asked.on('error', () => socket.destroy());
  asked.end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
