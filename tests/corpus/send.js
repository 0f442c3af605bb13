// Sends standard input as a POST in chunks: node send.js PORT '[["name", "value"], …]'.
'use strict';
const http = require('http');
const body = require('fs').readFileSync(0);
const [port, headers] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
const request = http.request({ host: '127.0.0.1', port, method: 'POST', path: '/hooks' }, (answer) => answer.resume());
for (const [name, value] of headers) request.appendHeader(name, value);
const middle = Math.floor(body.length / 2);
request.write(body.subarray(0, middle));
setImmediate(() => request.end(body.subarray(middle)));
