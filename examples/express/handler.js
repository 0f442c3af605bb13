/**
 * A webhook handler for Express that keeps Gooclaim's rules.
 *
 *     GOOCLAIM_SIGNING_SECRET=... node handler.js 3000
 *
 * An event is stored before it is answered and worked on after: a 2xx means "safely stored", and
 * what fails later is tried again here, not by Gooclaim. Your own work goes into `work`.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";

import Database from "better-sqlite3";
import express from "express";

// Several with commas, while a new one replaces an old one.
const SECRETS = (process.env.GOOCLAIM_SIGNING_SECRET ?? "").split(/[,\s]+/).filter(Boolean);
const TOLERANCE = 5 * 60; // seconds that a timestamp may be off, either way
const LARGEST = 1024 * 1024; // bytes of a body
const LEASE = 10 * 60; // longer than any work takes: what is still in flight then has died
const KEEP = 7 * 24 * 60 * 60; // how long a processed key is known
const INBOX = "inbox.db";

if (!SECRETS.length) {
  console.error("GOOCLAIM_SIGNING_SECRET is not set");
  process.exit(1);
}

const log = (...said) => console.log(...said); // types, ids and kinds of errors: never data

/**
 * What your system does with an event.
 *
 * It runs again where it threw or its process died, so it must bear being repeated. Events may come
 * in another order than they happened: `occurred_at` tells.
 */
async function work(event) {
  log("processed", JSON.stringify(event.event_type), JSON.stringify(event.event_id));
}

// The inbox has a row a key: waiting, in flight, failed or processed. `due` is when something is to
// be done about it: work, look after work that never ended, try again, forget. Each statement is a
// transaction of its own, so that several processes can share an inbox.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS inbox (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL,
    body BLOB
  );
  CREATE INDEX IF NOT EXISTS agenda ON inbox (state, due);
`;

function open(synchronous) {
  closeSync(openSync(INBOX, "a", 0o600)); // claims are personal data
  const database = new Database(INBOX, { timeout: 3000 });
  database.exec(SCHEMA);
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  return database;
}

const arrivals = open("FULL"); // what was answered with 2xx outlives a power cut
const agenda = open("NORMAL"); // a power cut may make work be done again

const arrive = arrivals.prepare(`
  INSERT INTO inbox VALUES (:key, 'waiting', :now, 0, :body)
  ON CONFLICT (key) DO UPDATE SET due = :now WHERE state = 'failed'
`);
const take = agenda.prepare(`
  UPDATE inbox SET state = 'in flight', due = :now + ${LEASE}, attempts = attempts + 1
  WHERE key = (SELECT key FROM inbox WHERE state IN ('waiting', 'in flight', 'failed')
               AND due <= :now ORDER BY due LIMIT 1)
  RETURNING key, attempts, body
`);
const fail = agenda.prepare(`
  UPDATE inbox SET state = 'failed', due = :now + :wait
  WHERE key = :key AND state = 'in flight' AND attempts = :attempts
`);
const finish = agenda.prepare(`
  UPDATE inbox SET state = 'processed', due = :now + ${KEEP}, body = NULL WHERE key = :key
`);
const forget = agenda.prepare("DELETE FROM inbox WHERE state = 'processed' AND due <= :now");

const now = () => Date.now() / 1000;
let stopping = false;
let wake = () => {};

/** Process what is due, one after the other. */
async function workOnAll() {
  while (!stopping) {
    try {
      const taken = take.get({ now: now() });
      if (taken) {
        await workOn(taken);
        await breathe(); // deliveries go first
        continue;
      }
      forget.run({ now: now() });
    } catch (error) {
      log("inbox:", error.code ?? error.name); // a full disk must not end the worker
    }
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, 1000);
    });
  }
}

async function workOn({ key, attempts, body }) {
  try {
    await work(JSON.parse(body));
  } catch (error) {
    log(`failed ${JSON.stringify(key)}, attempt ${attempts}: ${error?.name}`);
    const wait = Math.min(2 ** (attempts - 1), 3600);
    fail.run({ key, attempts, wait, now: now() });
    return;
  }
  finish.run({ key, now: now() });
}

function isSigned(body, signature) {
  const given = Buffer.from(signature);
  return SECRETS.some((secret) => {
    const expected = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** The envelope, or null. Members and event types of a later version are no error. */
function readEvent(body) {
  try {
    const event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const names = [event.event_id, event.event_type, event.tenant_id, event.occurred_at];
    const isWhole = names.every((name) => typeof name === "string" && name);
    const isDated = !Number.isNaN(Date.parse(event.occurred_at));
    const { data } = event;
    return isWhole && isDated && data instanceof Object && !Array.isArray(data) ? event : null;
  } catch {
    return null;
  }
}

/** Check a delivery, store it, answer. */
function receive(request, response) {
  const body = request.body ?? Buffer.alloc(0); // what was signed, before anything parses it
  if (!isSigned(body, request.get("X-Gooclaim-Signature") ?? "")) {
    return response.sendStatus(401);
  }
  const timestamp = request.get("X-Gooclaim-Timestamp") ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(now() - Number(timestamp)) > TOLERANCE) {
    return response.sendStatus(401);
  }
  const event = readEvent(body);
  const key = request.get("X-Gooclaim-Idempotency-Key");
  const type = request.get("X-Gooclaim-Event");
  if (!event || !key || (type !== undefined && type !== event.event_type)) {
    return response.sendStatus(400);
  }
  arrive.run({ key, body, now: now() }); // throws: 500, and Gooclaim tries again
  wake();
  return response.sendStatus(202);
}

const app = express().disable("x-powered-by").disable("etag");
app.post("/", express.raw({ type: () => true, limit: LARGEST, inflate: false }), receive);
app.use((error, _request, response, _next) => {
  log("refused:", error.type ?? error.code ?? error.name);
  response.sendStatus(error.status ?? 500);
});

const server = app.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => {
  log(`http://127.0.0.1:${server.address().port}`);
});
server.requestTimeout = 30_000; // milliseconds that a request may take

const worker = workOnAll();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    stopping = true;
    wake();
    server.close();
    await worker; // finishes what it is at
    process.exit();
  });
}
