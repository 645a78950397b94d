// Asks a running gateway (its address is the first argument) through two routers, over the supergraphs of compose.mjs:
// npm @apollo/gateway and @graphql-tools/federation. OPERATOR and LIMITED in the environment are keys: of somebody who
// sees every site, and of one who sees ath-116500 alone.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { graphql, parse, print } from "graphql";
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from "@apollo/gateway";
import { getStitchedSchemaFromSupergraphSdl } from "@graphql-tools/federation";
import { inspectionsOf, leasesOf } from "./others.mjs";

const url = process.argv[2];
const { OPERATOR, LIMITED } = process.env;
const MINE = "ath-116500";

async function asked(query, variables, key) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return answer.json();
}

const { data } = await asked("{ sites(first: 20) { nodes { id key name } } }", {}, OPERATOR);
const sites = data.sites.nodes;
const nowhere = { id: Buffer.from("Site:nowhere").toString("base64url"), key: "nowhere" };
const leases = leasesOf([...sites, nowhere]);
const inspections = inspectionsOf([...sites, nowhere]);

async function byApollo(supergraphSdl) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name }) =>
      name === "sites"
        ? new RemoteGraphQLDataSource({
            url,
            willSendRequest: ({ request, context }) =>
              request.http.headers.set("authorization", `Bearer ${context.key}`),
          })
        : new LocalGraphQLDataSource(name === "leases" ? leases : inspections),
  });
  const { executor } = await gateway.load();
  let number = 0;
  return (query, key) =>
    executor({
      document: parse(query),
      operationName: null,
      queryHash: `${(number += 1)}`,
      request: { query, variables: {} },
      context: { key },
      logger: console,
      metrics: {},
      cache: new Map(),
    });
}

async function byTools(supergraphSdl) {
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl,
    onSubschemaConfig: (config) => {
      const local = { LEASES: leases, INSPECTIONS: inspections }[config.name.toUpperCase()];
      config.executor = ({ document, variables, context }) =>
        local
          ? graphql({ schema: local, source: print(document), variableValues: variables, contextValue: context })
          : asked(print(document), variables, context.key);
    },
  });
  return (source, key) => graphql({ schema, source, contextValue: { key } });
}

const DAY = 'window: {from: "2020-01-01T00:00:00Z", to: "2200-01-01T00:00:00Z"}, granularity: MONTH, last: 1';
const FROM_LEASES = `{ leases { nodes { rent site { id name visits(${DAY}) { nodes { entries } } inspections { passed } } } } }`;
const FROM_INSPECTIONS = "{ inspections { nodes { passed site { key name lease { rent } } } } }";
const FROM_SITES = "{ sites(first: 20) { nodes { key lease { rent } inspections { passed } } } }";
const ago = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
const MASKED = `{ leases { nodes { site { sessions(window: {from: "${ago(3)}", to: "${ago(1)}"}, filter: {vendors: [BESPOT]}, first: 3) {
  nodes { ... on AppSession { deviceId } } } } } } }`;

function expect(what, found, wanted) {
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(found ?? null)), wanted)) {
    throw new Error(
      `${what}: ${JSON.stringify(found)?.slice(0, 300)} instead of ${JSON.stringify(wanted).slice(0, 300)}`,
    );
  }
}

// An entity that is not there is null; a router may add that its non-null fields are not there either.
const errors = (answer) =>
  (answer.errors ?? []).filter((error) => !error.message.startsWith("Cannot return null for non-nullable field Site."));

async function check(ask) {
  const seen = (key) => sites.filter((site) => key === OPERATOR || site.key === MINE);
  for (const key of [OPERATOR, LIMITED]) {
    const names = [...sites.map((site) => (seen(key).includes(site) ? site.name : null)), null];
    let answer = await ask(FROM_LEASES, key);
    expect("errors", errors(answer), []);
    const rows = answer.data.leases.nodes;
    expect(
      "names by id",
      rows.map(({ site }) => site?.name ?? null),
      names,
    );
    expect("visits", rows.filter(({ site }) => site?.visits).length, seen(key).length);
    expect("inspections by key", rows.filter(({ site }) => site?.inspections?.length === 1).length, seen(key).length);
    answer = await ask(FROM_INSPECTIONS, key);
    expect("errors", errors(answer), []);
    expect(
      "names by key",
      answer.data.inspections.nodes.map(({ site }) => site?.name ?? null),
      names,
    );
    answer = await ask(FROM_SITES, key);
    expect(
      "sites",
      answer.data.sites.nodes.map(({ key, lease, inspections }) => [key, lease.rent >= 1000, inspections.length]),
      seen(key).map((site) => [site.key, true, 1]),
    );
  }
  const masked = await ask(MASKED, LIMITED);
  expect(
    "masked",
    [
      ...new Set(
        masked.data.leases.nodes.flatMap(({ site }) => site?.sessions?.nodes ?? []).map((row) => row.deviceId ?? null),
      ),
    ],
    [null],
  );
  expect("why", [...new Set(errors(masked).map((error) => error.extensions.code))], ["FORBIDDEN"]);
}

const service = await asked("{ _service { sdl } }", {}, OPERATOR);
expect("_service", service.data._service.sdl === readFileSync("sites.graphql", "utf8"), true);

let failed = 0;
for (const composer of ["apollo", "guild"]) {
  const supergraph = readFileSync(`supergraph-${composer}.graphql`, "utf8");
  for (const [router, made] of Object.entries({ "@apollo/gateway": byApollo, "@graphql-tools/federation": byTools })) {
    try {
      await check(await made(supergraph));
      console.log(
        `ok    ${router} over the supergraph of ${composer}: ${sites.length} sites by id and by key, rights and masks kept`,
      );
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${router} over the supergraph of ${composer}: ${error.message}`);
    }
  }
}
process.exit(failed ? 1 : 0);
