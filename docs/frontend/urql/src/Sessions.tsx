import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "./gql";
import { SessionRow } from "./SessionRow";
import { lastDay } from "./windows";
import { gaps } from "./words";

const SessionsQuery = graphql(`
  query Sessions($lastDay: Window!, $after: String) {
    sessions(window: $lastDay, direction: DESC, first: 20, after: $after) {
      edges {
        node {
          id
          ...SessionRow
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      coverage {
        vendor
        state
        stale
      }
    }
  }
`);

export function Sessions() {
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, fetching }] = useQuery({ query: SessionsQuery, variables: { lastDay, after } });
  const page = data?.sessions?.pageInfo;
  return (
    <section id="sessions">
      <h2>Last day</h2>
      <p>{gaps(data?.sessions?.coverage ?? []).join(", ")}</p>
      <ul>{data?.sessions?.edges.map(({ node }) => <SessionRow key={node.id} session={node} />) ?? "No figures."}</ul>
      {page?.hasNextPage && (
        <button disabled={fetching} onClick={() => setAfter(page.endCursor ?? null)}>
          More sessions
        </button>
      )}
    </section>
  );
}
