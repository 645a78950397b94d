// All visits of a span through npm's @odata/client or o.js, as JSON on stdout once every page is there.
// Run by scripts/bi_loads.py: node bi_clients.mjs CLIENT ROOT FROM TO
const [client, root, from, to] = process.argv.slice(2);
const span = `starts_at ge ${from} and starts_at lt ${to}`;
const PAGE = 5000;

async function viaODataClient(skip) {
  const { OData } = await import("@odata/client").then((module) => module.default ?? module);
  const service = OData.New4({ serviceEndpoint: root });
  const asked = service.newParam().filter(span).select(["site_key", "starts_at", "entries"]).top(PAGE).skip(skip);
  return service.getEntitySet("Visits").query(asked);
}

async function viaO(skip) {
  const { o } = await import("odata");
  const asked = { $filter: span, $select: "site_key,starts_at,entries", $top: PAGE, $skip: skip };
  return o(root).get("Visits").query(asked);
}

const load = client === "o.js" ? viaO : viaODataClient;
const rows = [];
for (;;) {
  const page = await load(rows.length);
  if (!Array.isArray(page)) throw new Error("no rows");
  for (const row of page) {
    if (typeof row.entries !== "number") throw new Error("a number that is none");
    if (Number.isNaN(Date.parse(row.starts_at))) throw new Error("an instant that is none");
    rows.push([row.site_key, row.starts_at, row.entries]);
  }
  if (page.length < PAGE) break;
}
process.stdout.write(JSON.stringify(rows));
