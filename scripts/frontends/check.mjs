// Run by scripts/check-frontends. Each client is asked for what its guide promises; the first thing that is not so ends it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { build, preview } from "./build.mjs";
import { Page } from "./page.mjs";
import { freePort, stop, stopAll, until } from "./processes.mjs";
import { fault, key, lagFor, sandbox, serve } from "./world.mjs";

const { CHROMIUM } = process.env;
const SITES = 15; // the sandbox's twelve, and three that only Okube knows
const PUBLICATION = 45; // seconds from a gateway's start

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});

async function open(address) {
  const page = new Page(await (await browser.newContext()).newPage());
  await page.page.goto(address);
  return page;
}

/** Sites and sessions, page by page, none of them twice. */
async function lists(page) {
  await page.count("sites", 5);
  while (await page.more("sites"));
  const names = (await page.texts_of("sites")).map((row) => row.split(":")[0]);
  assert.equal(names.length, SITES, "sites after the last page");
  assert.equal(new Set(names).size, SITES, "sites are shown once");

  await page.count("sessions", 20);
  const kinds = async () => new Set((await page.sessions()).map(({ type }) => type));
  assert.ok(await page.more("sessions"), "more sessions");
  for (let pages = 0; pages < 20 && (await kinds()).size < 2; pages += 1) await page.more("sessions");
  assert.deepEqual(await kinds(), new Set(["AppSession", "WifiSession"]));
  const ids = (await page.sessions()).map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "sessions are shown once");
}

/** Through Vite's proxy, anonymous, with a people counter that fails at the end. */
async function proxied(client, folder) {
  const { settings, counter } = await sandbox(client);
  const [port, shown] = [await freePort(), await freePort()];
  const gateway = await serve(port, { ...settings, GATEWAY_CACHE: "off" });
  const server = await preview(folder, "dist", shown, `http://127.0.0.1:${port}`);
  const page = await open(`http://127.0.0.1:${shown}/`);
  await lists(page);
  assert.deepEqual(await page.notices(), []);
  for (const row of await page.texts_of("sites")) assert.match(row, /: \d+ came in, (-?\d+ inside at|not measured)/);
  await until("The socket", () => page.received("connection_ack"));
  if (client === "relay") await refetched(page);

  await fault(counter);
  await page.page.reload();
  await page.noticed("BESPOT: sites.edges.node.visits UPSTREAM_UNAVAILABLE");
  await page.noticed("BESPOT: sessions UPSTREAM_UNAVAILABLE");
  await page.count("sites", 5);
  await page.count("sessions", 1);
  assert.match((await page.texts_of("sites"))[0], /no figures, not measured/);
  assert.match(await page.page.locator("#sessions p").innerText(), /BESPOT FAILED/);
  assert.deepEqual(new Set((await page.sessions()).map(({ type }) => type)), new Set(["WifiSession"]));
  assert.deepEqual(page.broken, []);

  await stop(gateway);
  await page.page.reload();
  await page.noticed("Gateway: request UNREACHABLE");
  await page.page.close();
  await stop(server);
}

/** One row by its node id. */
async function refetched(page) {
  const answered = page.page.waitForResponse((response) => /SiteRowQuery|"node"|node\(id/.test(response.request().postData() ?? ""));
  await page.page.click("#sites li >> nth=0 >> text=Again");
  const { data, errors } = await (await answered).json();
  assert.ok(data.node.name && !errors, "a site by its id");
}

/** Straight to the gateway, from another origin, with a key, and with nothing but trusted documents. */
async function trusted(client, { folder, manifest }, port) {
  const { settings } = await sandbox(`${client}-trusted`);
  const [shown, granted] = [await freePort(), await key(client)];
  const address = `http://127.0.0.1:${port}`;
  await preview(folder, "dist-trusted", shown, "http://127.0.0.1:9");
  const limits = {
    ...settings,
    GATEWAY_ANONYMOUS_SCOPES: "",
    GATEWAY_API_KEYS: granted.file,
    GATEWAY_CORS_ORIGINS: `http://127.0.0.1:${shown}`,
    GATEWAY_TRUSTED_DOCUMENTS: manifest,
    GATEWAY_TRUSTED_DOCUMENTS_ONLY: "true",
  };
  const gateway = await serve(port, { ...limits, GATEWAY_VENDORS__BESPOT__PUBLISH_LAG: lagFor(PUBLICATION) });
  const stranger = await open(`http://127.0.0.1:${shown}/`);
  await stranger.noticed("Gateway: sites UNAUTHENTICATED");
  await stranger.useKey("A".repeat(43));
  await stranger.noticed("Gateway: request UNAUTHENTICATED");
  await stranger.page.close();
  const page = await open(`http://127.0.0.1:${shown}/`);
  await page.useKey(granted.key);
  await lists(page);
  const number = await page.live(PUBLICATION + 5).catch(() => comesBack(page, gateway, port, limits));
  assert.match(number, /^-?\d+ inside at 15:\d\d UTC$/);
  assert.deepEqual(page.texts, [], "questions sent as text");
  assert.deepEqual(page.broken, []);
  const text = await fetch(`${address}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-API-Key": granted.key },
    body: JSON.stringify({ query: "{ viewer { name } }" }),
  });
  assert.equal((await text.json()).errors[0].extensions.code, "FORBIDDEN");
  return number;
}

/** A machine too slow for the first publication: the gateway starts anew, and the page finds it again by itself. */
async function comesBack(page, gateway, port, limits) {
  await stop(gateway);
  await serve(port, { ...limits, GATEWAY_VENDORS__BESPOT__PUBLISH_LAG: lagFor(3 * PUBLICATION) });
  return page.live(3 * PUBLICATION + 5);
}

async function main(clients) {
  const built = [];
  for (const client of clients) {
    const port = await freePort();
    const pages = await build(client, `http://127.0.0.1:${port}`);
    console.log(`${client}: types, check and builds`);
    await proxied(client, pages.folder);
    console.log(`${client}: sites, sessions, a vendor that fails`);
    built.push([client, pages, port]);
  }
  const numbers = await Promise.all(built.map(([client, pages, port]) => trusted(client, pages, port)));
  built.forEach(([client], index) => console.log(`${client}: trusted documents, ${numbers[index]}`));
}

let status = 0;
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
  status = 1;
} finally {
  await browser.close();
  await stopAll();
}
process.exit(status);
