// Does to a body (standard input) what JavaScript code does to it; the way is the first argument.
'use strict';
const text = require('fs').readFileSync(0, 'utf8');
const sorted = (value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]))
    : value;
const ways = {
  rewritten: () => JSON.stringify(JSON.parse(text)),
  indented: () => JSON.stringify(JSON.parse(text), null, 2),
  sorted: () => JSON.stringify(sorted(JSON.parse(text))),
  quoted: () => JSON.stringify(text),
  percent: () => encodeURIComponent(text),
};
process.stdout.write(ways[process.argv[2]]());
