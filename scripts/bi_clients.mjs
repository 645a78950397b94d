// The feed through npm's @odata/client and o.js; run by scripts/check-bi-clients with the gateway's address.
const root = `${process.argv[2]}/odata/v4/`;
const counted = Number(await (await fetch(`${root}Sites/$count`)).text());
let failed = 0;

async function check(name, run) {
  try {
    await run();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.message}`);
  }
}

function same(found, wanted) {
  if (found !== wanted) throw new Error(`${found} instead of ${wanted}`);
}

await check("@odata/client", async () => {
  const { OData } = await import("@odata/client").then((module) => module.default ?? module);
  const client = OData.New4({ serviceEndpoint: root });
  const rows = await client.getEntitySet("Sites").query(client.newParam().select(["site_key", "name"]));
  same(rows.length, counted);
  const one = await client.getEntitySet("Sites").retrieve(rows[0].site_key);
  same(one.name, rows[0].name);
});

await check("o.js", async () => {
  const { o } = await import("odata");
  const rows = await o(root).get("Sites").query({ $select: "site_key" });
  same(rows.length, counted);
  const one = await o(root).get(`Sites('${rows[0].site_key}')`).query();
  same(one.site_key, rows[0].site_key);
});

process.exit(failed ? 1 : 0);
