import { useMemo, useState } from "react";
import { useQuery } from "urql";
import { graphql } from "./gql";
import { SiteRow } from "./SiteRow";
import { useLive } from "./useLive";
import { today } from "./windows";

const SitesQuery = graphql(`
  query Sites($today: Window!, $after: String) {
    sites(first: 5, after: $after) {
      edges {
        node {
          id
          ...SiteRow
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export function Sites() {
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, fetching }] = useQuery({ query: SitesQuery, variables: { today, after } });
  const sites = useMemo(() => data?.sites?.edges.map(({ node }) => node) ?? [], [data]);
  const live = useLive(sites);
  const page = data?.sites?.pageInfo;
  return (
    <section id="sites">
      <h2>Today</h2>
      <ul>
        {sites.map((site) => (
          <SiteRow key={site.id} site={site} live={live[site.id]} />
        ))}
      </ul>
      {page?.hasNextPage && (
        <button disabled={fetching} onClick={() => setAfter(page.endCursor ?? null)}>
          More sites
        </button>
      )}
    </section>
  );
}
