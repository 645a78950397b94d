// A gateway over simulators of its own, as docs/sandbox.md tells, so that no client meets what another one left behind.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ready, run, start, until } from "./processes.mjs";

const { ROOT, SCRATCH } = process.env;
const GATEWAY = join(ROOT, ".venv/bin/gateway");
const QUARTER = 15 * 60 * 1000;

/** Of the simulators: settings of a gateway that talks to them, and the people counter's own address. */
export async function sandbox(name) {
  const simulators = start(GATEWAY, ["sandbox", "--port-base", "0"], { cwd: SCRATCH });
  await until("The sandbox", () => simulators.told.includes("Faults off"));
  const lines = [...simulators.told.matchAll(/export (\w+)=(\S+)$/gm)].map(([, key, value]) => [key, value]);
  const settings = Object.fromEntries(lines);
  const counter = new URL(settings.GATEWAY_VENDORS__BESPOT__BASE_URL).origin;
  const sites = join(SCRATCH, `${name}-sites.toml`);
  await writeFile(sites, await (await fetch(`${counter}/_crosswalk`)).text());
  settings.GATEWAY_SITES = sites;
  settings.GATEWAY_PSEUDONYM_KEY = "00".repeat(32);
  return { settings, counter };
}

export async function serve(port, settings) {
  const gateway = start(GATEWAY, ["serve", "--port", String(port)], {
    cwd: SCRATCH,
    env: { ...process.env, GATEWAY_DRAIN_SECONDS: "0", ...settings },
  });
  await ready(gateway, `http://127.0.0.1:${port}/readyz`);
  return gateway;
}

/** Puts every call of the people counter out of order, or in order again. */
export const fault = (counter) =>
  fetch(`${counter}/_faults`, { method: "POST", body: JSON.stringify({ kind: "status", status: 503 }) });

/** A key that may read, in a file of its own. */
export async function key(name) {
  const file = join(SCRATCH, `${name}-keys.toml`);
  const told = await run(GATEWAY, ["keys", "create", name, "--scope", "read", "--file", file]);
  return { file, key: told.match(/[\w-]{43}/)[0] };
}

/**
 * GATEWAY_VENDORS__BESPOT__PUBLISH_LAG with which the next publication is due in so many seconds. What it brings is the
 * quarter hour before a Wednesday's 16:00 UTC, when the doors of the sandbox are open whatever the time is now.
 */
export function lagFor(seconds) {
  const due = Date.now() + seconds * 1000;
  const end = new Date(due - QUARTER);
  end.setUTCDate(end.getUTCDate() - ((end.getUTCDay() + 4) % 7 || 7));
  end.setUTCHours(16, 0, 0, 0);
  return String(Math.round((due - end.getTime()) / 1000));
}
