// The two other subgraphs, with a few facts about the sites they are given: [{id, key}].
import { readFileSync } from "node:fs";
import { parse } from "graphql";
import { buildSubgraphSchema } from "@apollo/subgraph";

const connection = (rows) => ({
  edges: rows.map((node) => ({ cursor: node.id, node })),
  nodes: rows,
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: rows[0]?.id, endCursor: rows.at(-1)?.id },
});
const node = (rows) => ({
  node: (_, { id }) => rows.find((row) => row.id === id) ?? null,
  nodes: (_, { ids }) => ids.map((id) => rows.find((row) => row.id === id) ?? null),
});

export function leasesOf(sites) {
  const rows = sites.map(({ id }, index) => ({
    __typename: "Lease",
    id: `lease-${index}`,
    rent: 1000 + index,
    site: { __typename: "Site", id },
  }));
  return buildSubgraphSchema({
    typeDefs: parse(readFileSync("leases.graphql", "utf8")),
    resolvers: {
      Query: { ...node(rows), leases: () => connection(rows) },
      Site: { lease: ({ id }) => rows.find((row) => row.site.id === id) ?? null },
    },
  });
}

export function inspectionsOf(sites) {
  const rows = sites.map(({ key }, index) => ({
    __typename: "Inspection",
    id: `inspection-${index}`,
    passed: index % 2 === 0,
    site: { __typename: "Site", key },
  }));
  return buildSubgraphSchema({
    typeDefs: parse(readFileSync("inspections.graphql", "utf8")),
    resolvers: {
      Query: { ...node(rows), inspections: () => connection(rows) },
      Site: { inspections: ({ key }) => rows.filter((row) => row.site.key === key) },
    },
  });
}
