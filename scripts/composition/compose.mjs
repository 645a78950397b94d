// Composes the gateway's subgraph SDL (first argument) with leases.graphql and inspections.graphql by both composers,
// alone and in every order, and writes one supergraph of each composer. Any error or hint is a failure.
import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "graphql";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild } from "@theguild/federation-composition";

const files = { sites: process.argv[2], leases: "leases.graphql", inspections: "inspections.graphql" };
const subgraphs = Object.entries(files).map(([name, file]) => ({
  name,
  url: `http://${name}.invalid/graphql`,
  typeDefs: parse(readFileSync(file, "utf8")),
}));

function* orders(rest, before = []) {
  if (!rest.length) yield before;
  for (const each of rest)
    yield* orders(
      rest.filter((other) => other !== each),
      [...before, each],
    );
}

const [sites, leases, inspections] = subgraphs;
const sets = [
  [sites],
  [sites, leases],
  [leases, sites],
  [sites, inspections],
  [inspections, sites],
  ...orders(subgraphs),
];
let failed = 0;
for (const [composer, compose] of Object.entries({ apollo, guild })) {
  for (const set of sets) {
    const { errors = [], hints = [], supergraphSdl } = compose(set);
    const told = [
      ...errors.map((error) => `error ${error.extensions?.code}: ${error.message}`),
      ...hints.map((hint) => `hint ${hint.definition?.code ?? ""}: ${hint.message}`),
    ];
    failed += told.length;
    const names = set.map((each) => each.name).join(" + ");
    console.log(`${told.length ? "FAIL" : "ok  "}  ${composer}: ${names}, ${supergraphSdl?.length ?? 0} characters`);
    for (const line of told) console.log(`      ${line}`);
    if (set.length === 3 && supergraphSdl) writeFileSync(`supergraph-${composer}.graphql`, supergraphSdl);
  }
}
process.exit(failed ? 1 : 0);
