import { NetworkStatus } from "@apollo/client";
import { useQuery } from "@apollo/client/react";
import { useMemo } from "react";
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
  const { data, fetchMore, networkStatus } = useQuery(SitesQuery, { variables: { today }, errorPolicy: "all" });
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
        <button
          disabled={networkStatus === NetworkStatus.fetchMore}
          onClick={() => void fetchMore({ variables: { after: page.endCursor } })}
        >
          More sites
        </button>
      )}
    </section>
  );
}
