// Writes one delivery in the format that a tool saves it in.
// Standard input: {"format", "headers": [[name, value], …], "body": base64, "at": ms}.
'use strict';
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const raw = Buffer.from(input.body, 'base64');
const text = raw.toString('utf8');
const at = new Date(input.at);
const lower = {};
for (const [name, value] of input.headers) {
  const key = name.toLowerCase();
  lower[key] = key in lower ? `${lower[key]},${value}` : value;
}
const lists = {};
for (const [name, value] of input.headers) (lists[name] ??= []).push(value);
const message = () => JSON.stringify({ headers: lower, body: text });
const quote = (s) => `'${s.replaceAll("'", `'\\''`)}'`;
const unit = (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

// What Chrome does with a string for bash: $'…' where plain quotes cannot hold it.
const bash = (s) =>
  /[^\x20-\x7e]|'|!/.test(s)
    ? `$'${s
        .replaceAll('\\', '\\\\')
        .replaceAll("'", "\\'")
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r')
        .replace(/[^\x20-\x7e]|!/g, unit)}'`
    : `'${s}'`;
// And for cmd: quotes and all that is not a word after carets.
const cmd = (s) =>
  `^"${s
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/[^a-zA-Z0-9\s_\-:=+~'\/.',?;()*`]/g, '^$&')
    .replace(/\r?\n/g, '^\n\n')}^"`;

const formats = {
  har: () =>
    JSON.stringify(
      {
        log: {
          version: '1.2',
          creator: { name: 'corpus', version: '1' },
          entries: [
            { startedDateTime: at.toISOString(), request: { method: 'GET', url: 'https://a.test/', headers: [] } },
            {
              startedDateTime: at.toISOString(),
              time: 12,
              request: {
                method: 'POST',
                url: 'https://a.test/hooks',
                httpVersion: 'HTTP/1.1',
                headers: input.headers.map(([name, value]) => ({ name, value })),
                postData: { mimeType: 'application/json', text },
              },
              response: { status: 401 },
            },
          ],
        },
      },
      null,
      2,
    ),
  curl_bash: () =>
    [
      "curl 'https://a.test/hooks'",
      ...input.headers.map(([name, value]) => `  -H ${bash(`${name}: ${value}`)}`),
      `  --data-raw ${bash(text)}`,
    ].join(' \\\n'),
  curl_cmd: () =>
    [
      `curl ${cmd('https://a.test/hooks')}`,
      ...input.headers.map(([name, value]) => `  -H ${cmd(`${name}: ${value}`)}`),
      `  --data-raw ${cmd(text)}`,
    ].join(' ^\r\n'),
  curl_plain: () =>
    [
      'curl -sS -X POST https://a.test/hooks',
      ...input.headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
      `--data-binary ${quote(text)}`,
    ].join(' '),
  ngrok: () => {
    const head = input.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const dump = Buffer.concat([
      Buffer.from(`POST /hooks HTTP/1.1\r\nHost: a.test\r\n${head}Content-Length: ${raw.length}\r\n\r\n`),
      raw,
    ]);
    const request = { method: 'POST', proto: 'HTTP/1.1', headers: lists, uri: '/hooks', raw: dump.toString('base64') };
    const one = { uri: '/api/requests/http/1', id: '1', tunnel_name: 't', start: at.toISOString(), duration: 1, request };
    return JSON.stringify({ uri: '/api/requests/http', requests: [one] });
  },
  smee: () => JSON.stringify({ ...lower, body: JSON.parse(text), query: {}, timestamp: input.at }),
  webhook_site: () =>
    JSON.stringify(
      {
        data: [
          {
            uuid: '00000000-0000-4000-8000-000000000000',
            type: 'web',
            method: 'POST',
            ip: '127.0.0.1',
            content: text,
            headers: Object.fromEntries(Object.entries(lists).map(([name, value]) => [name.toLowerCase(), value])),
            url: 'https://a.test/hooks',
            created_at: at.toISOString().slice(0, 19).replace('T', ' '),
          },
        ],
        total: 1,
        is_last_page: true,
      },
      null,
      4,
    ),
  lambda_v1: () =>
    JSON.stringify({
      resource: '/hooks',
      path: '/hooks',
      httpMethod: 'POST',
      headers: Object.fromEntries(input.headers),
      multiValueHeaders: lists,
      requestContext: { requestTimeEpoch: input.at, stage: 'prod' },
      body: text,
      isBase64Encoded: false,
    }),
  lambda_v2: () =>
    JSON.stringify(
      {
        version: '2.0',
        routeKey: 'POST /hooks',
        rawPath: '/hooks',
        headers: lower,
        requestContext: { http: { method: 'POST', path: '/hooks' }, timeEpoch: input.at },
        body: raw.toString('base64'),
        isBase64Encoded: true,
      },
      null,
      2,
    ),
  log: () =>
    [
      'START RequestId: 6f1c Version: $LATEST',
      `${at.toISOString()}\t6f1c\tINFO\twebhook ${message()}`,
      'END RequestId: 6f1c',
      'REPORT RequestId: 6f1c\tDuration: 3.10 ms',
    ].join('\n'),
  cloudwatch: () =>
    JSON.stringify(
      {
        events: [
          { logStreamName: 'a', timestamp: input.at - 1, message: 'START RequestId: 6f1c\n' },
          { logStreamName: 'a', timestamp: input.at, message: `6f1c\tINFO\t${message()}\n`, eventId: '1' },
        ],
      },
      null,
      4,
    ),
  json_log: () =>
    JSON.stringify({ level: 30, time: input.at, msg: 'webhook', req: { method: 'POST', headers: lower, rawBody: text } }),
};
process.stdout.write(formats[input.format]());
