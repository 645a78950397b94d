// From an empty folder to built pages, with the commands of the guides.
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ready, run, start } from "./processes.mjs";

const { ROOT, SCRATCH } = process.env;
const npm = (folder, args, env = {}) => run("npm", args, { cwd: folder, env: { ...process.env, ...env } });

const MANIFEST = {
  relay: "persisted-queries.json",
  apollo: "src/gql/persisted-query-manifest.json",
  urql: "src/gql/persisted-documents.json",
};

/** The folder with `dist`, and with `dist-trusted`, which asks the gateway at `address` itself. And the manifest. */
export async function build(client, address) {
  const folder = join(SCRATCH, client);
  await mkdir(folder, { recursive: true });
  for (const source of ["shared", client]) {
    await cp(join(ROOT, "docs/frontend", source), folder, { recursive: true });
  }
  await cp(join(ROOT, "schema.graphql"), join(folder, "schema.graphql"));
  await npm(folder, ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
  await npm(folder, ["run", "build"]);
  await npm(folder, ["run", "build:trusted", "--", "--outDir", "dist-trusted"], { VITE_GATEWAY: `${address}/graphql` });
  return { folder, manifest: join(folder, MANIFEST[client]) };
}

/** `vite preview`, whose /graphql is the gateway's. One at a time in a folder. */
export async function preview(folder, out, port, gateway) {
  const args = ["preview", "--host", "127.0.0.1", "--port", String(port), "--strictPort", "--outDir", out];
  const env = { ...process.env, GATEWAY: gateway };
  const server = start(join(folder, "node_modules/.bin/vite"), args, { cwd: folder, env });
  await ready(server, `http://127.0.0.1:${port}/`);
  return server;
}
