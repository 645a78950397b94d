// npm's graphql-ws and graphql-sse against two replicas; run by scripts/check-live (see tests/live/stage.py).
import { createInterface } from "node:readline";
import { createClient as createSocketClient } from "graphql-ws";
import { createClient as createEventClient } from "graphql-sse";
import WebSocket from "ws";

const [one, two] = process.argv.slice(2);
const WALL = "W".repeat(43);
const SITES = ["U2l0ZTphdGgtMTE2NTAw"]; // Site:ath-116500
const QUERY = `subscription($sites: [ID!]!, $after: String) {
  visits(sites: $sites, after: $after) { site { key } startsAt entries exits final }
}`;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
async function say(wanted) {
  console.log(wanted);
  return (await answers.next()).value;
}

let failed = 0;
async function check(name, run) {
  try {
    await Promise.race([run(), pause(20_000).then(() => Promise.reject(new Error("took longer than 20 s")))]);
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error?.message ?? JSON.stringify(error)}`);
  }
}
function same(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}

// One follower: what it saw, and how its subscription ended. It comes back with the cursor of what it saw last.
function follow(client) {
  const seen = { rows: [], at: 0, end: null, errors: null };
  const request = { query: QUERY, variables: { sites: SITES } };
  seen.leave = client.subscribe(request, {
    next(result) {
      if (result.errors) seen.errors = result.errors;
      if (!result.data) return;
      seen.at ||= performance.now();
      seen.rows.push(result.data.visits);
      request.variables.after = result.extensions.cursor;
    },
    error: (error) => { seen.end = error; },
    complete: () => { seen.end ??= "complete"; },
  });
  return seen;
}
async function until(met, what) {
  for (let tries = 0; tries < 150; tries += 1) {
    if (met()) return;
    await pause(50);
  }
  throw new Error(`never: ${what}`);
}
const starts = (seen) => seen.rows.map((row) => row.startsAt).join();
const retry = async () => pause(300);

let pongs = 0;
let connections = 0;
const sockets = createSocketClient({
  url: `${one.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { apiKey: WALL },
  keepAlive: 100,
  retryWait: retry,
  on: { pong: () => { pongs += 1; }, connected: () => { connections += 1; } },
});
let streams = 0;
const events = createEventClient({
  url: `${two}/graphql`,
  headers: { Authorization: `Bearer ${WALL}` },
  retry,
  on: { connected: () => { streams += 1; } },
});
const overSocket = follow(sockets);
const overEvents = follow(events);

await check("a new minute reaches both clients within a second, for one upstream call", async () => {
  await until(() => connections && streams, "connected");
  await pause(300);
  await say("calls");
  const began = performance.now();
  await say("publish");
  await until(() => overSocket.rows.length && overEvents.rows.length, "rows");
  for (const seen of [overSocket, overEvents]) {
    if (seen.at - began > 1_000) throw new Error(`after ${Math.round(seen.at - began)} ms`);
  }
  await pause(300);
  same(starts(overSocket), starts(overEvents), "rows of the clients");
  same(await say("calls"), "1", "upstream calls");
});

await check("graphql-ws pings and is answered", async () => until(() => pongs > 2, "pongs"));

await check("both come back by themselves, and are told what they missed once", async () => {
  const before = overSocket.rows.length;
  await say("cut");
  await say("publish"); // while both are away
  await until(() => overSocket.rows.length > before && overEvents.rows.length > before, "missed rows");
  await pause(500);
  same(connections, 2, "sockets opened");
  same(streams, 2, "event streams opened");
  await say("publish");
  const then = overSocket.rows.length;
  await until(() => overSocket.rows.length > then && overEvents.rows.length > then, "rows after that");
  await pause(500);
  for (const seen of [overSocket, overEvents]) {
    const told = seen.rows.filter((row) => !row.final).map((row) => row.startsAt);
    same(new Set(told).size, told.length, "rows, each once");
    same([...told].sort().join(), told.join(), "order");
  }
  same(starts(overSocket), starts(overEvents), "rows of the clients");
});

await check("queries run over the socket too", async () => {
  const told = [];
  for await (const result of sockets.iterate({ query: "{ viewer { name } }" })) told.push(result.data.viewer.name);
  same(told.join(), "wall", "viewer");
});

await check("a question that is wrong is an error and leaves the others alone", async () => {
  const asked = { query: "subscription { nothing }" };
  const told = await new Promise((resolve) => {
    sockets.subscribe(asked, { next: resolve, error: resolve, complete: () => resolve("complete") });
  });
  same(told[0].extensions.code, "GRAPHQL_VALIDATION_FAILED", "code");
  const first = (await events.iterate(asked).next()).value;
  same(first.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED", "code");
  same(overSocket.end, null, "the other subscription");
});

await check("a client that unsubscribes is told no more", async () => {
  const third = follow(sockets);
  await pause(200);
  third.leave();
  await until(() => third.end === "complete", "complete");
});

await check("a credential that is wrong is 4403 over the socket and 401 over events", async () => {
  const wrong = createSocketClient({
    url: `${one.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { apiKey: "x".repeat(43) },
    retryAttempts: 0,
  });
  const closed = await new Promise((resolve) => {
    wrong.subscribe({ query: "{ viewer { name } }" }, { next: resolve, error: resolve, complete: resolve });
  });
  same(closed.code, 4403, "close code");
  const stranger = createEventClient({ url: `${two}/graphql`, headers: { "X-API-Key": "x" }, retryAttempts: 0 });
  const refused = await new Promise((resolve) => {
    stranger.subscribe({ query: "{ viewer { name } }" }, { next: resolve, error: resolve, complete: resolve });
  });
  same(refused.response.status, 401, "status");
});

await check("a revoked key ends both, and both are told why", async () => {
  await say("revoke");
  await until(() => overSocket.end && overEvents.end, "the end");
  same(overSocket.end[0].extensions.code, "UNAUTHENTICATED", "graphql-ws");
  same(overEvents.errors[0].extensions.code, "UNAUTHENTICATED", "graphql-sse");
});

process.exit(failed ? 1 : 0);
