import { useMemo } from "react";
import { graphql, useLazyLoadQuery, usePaginationFragment } from "react-relay";
import type { SitesPaginationQuery } from "./__generated__/SitesPaginationQuery.graphql";
import type { SitesQuery } from "./__generated__/SitesQuery.graphql";
import type { Sites_query$key } from "./__generated__/Sites_query.graphql";
import { SiteRow } from "./SiteRow";
import { useLive } from "./useLive";
import { today } from "./windows";

export function Sites() {
  const query = useLazyLoadQuery<SitesQuery>(
    graphql`
      query SitesQuery($today: Window!) {
        ...Sites_query
      }
    `,
    { today },
  );
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment<SitesPaginationQuery, Sites_query$key>(
    graphql`
      fragment Sites_query on Query
      @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" })
      @refetchable(queryName: "SitesPaginationQuery") {
        sites(first: $count, after: $cursor) @connection(key: "Sites_sites") {
          edges {
            node {
              id
              ...SiteRow_site
            }
          }
        }
      }
    `,
    query,
  );
  const sites = useMemo(() => data.sites?.edges.map(({ node }) => node) ?? [], [data.sites]);
  const live = useLive(sites);
  return (
    <section id="sites">
      <h2>Today</h2>
      <ul>
        {sites.map((site) => (
          <SiteRow key={site.id} site={site} live={live[site.id]} />
        ))}
      </ul>
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(5)}>
          More sites
        </button>
      )}
    </section>
  );
}
