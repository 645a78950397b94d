// Child processes of the check: each is stopped at the end, whatever happens.
import { execFile, spawn } from "node:child_process";
import { createServer } from "node:net";

const running = new Set();

/** Until it exits; what it printed is shown where it fails. */
export function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    execFile(command, args, { maxBuffer: 1 << 26, ...options }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`));
      else done(stdout);
    });
  });
}

/** Goes on in the background. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  child.told = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (child.told += part));
  running.add(child);
  child.on("exit", () => running.delete(child));
  return child;
}

export function stop(child) {
  child.kill("SIGTERM");
  return child.exitCode === null ? new Promise((done) => child.once("exit", done)) : undefined;
}

export const stopAll = () => Promise.all([...running].map(stop));

/** Waits until `look` is true. */
export async function until(what, look, seconds = 60) {
  const latest = Date.now() + seconds * 1000;
  while (!(await look())) {
    if (Date.now() > latest) throw new Error(`${what}: not within ${seconds} seconds`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Waits until a child answers. Where it does not, what it told is shown. */
export async function ready(child, url) {
  const answers = () => fetch(url).then(({ ok }) => ok, () => false);
  try {
    await until(url, async () => child.exitCode !== null || (await answers()));
  } catch (late) {
    throw new Error(`${late.message}\n${child.told}`);
  }
  if (child.exitCode !== null) throw new Error(`${url}: ended with ${child.exitCode}\n${child.told}`);
}

/** Below the ports that systems give away by themselves: it must stay free until it is used. */
export async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const free = await new Promise((done) => {
      const server = createServer();
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
    if (free) return port;
  }
}
