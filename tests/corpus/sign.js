// Signs standard input with node's crypto: node sign.js HEXKEY HASH.
'use strict';
const [key, hash] = [Buffer.from(process.argv[2], 'hex'), process.argv[3]];
process.stdout.write(require('crypto').createHmac(hash, key).update(require('fs').readFileSync(0)).digest('hex'));
