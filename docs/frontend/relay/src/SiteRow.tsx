import { useTransition } from "react";
import { graphql, useRefetchableFragment } from "react-relay";
import type { SiteRowQuery } from "./__generated__/SiteRowQuery.graphql";
import type { SiteRow_site$key } from "./__generated__/SiteRow_site.graphql";
import { entries, inside, type Measured } from "./words";

/** `Site` is a Node, so one row can be asked again by its id. */
export function SiteRow({ site, live }: { site: SiteRow_site$key; live: Measured | undefined }) {
  const [data, refetch] = useRefetchableFragment<SiteRowQuery, SiteRow_site$key>(
    graphql`
      fragment SiteRow_site on Site @refetchable(queryName: "SiteRowQuery") {
        name
        visits(window: $today) {
          totals {
            entries
          }
        }
        occupancy(window: $today, last: 1) {
          nodes {
            count
            startsAt
          }
        }
      }
    `,
    site,
  );
  const [asking, start] = useTransition();
  const again = () => start(() => void refetch({}, { fetchPolicy: "network-only" }));
  return (
    <li>
      <b>{data.name}</b>: {entries(data.visits)},{" "}
      <output data-live={live !== undefined}>{inside(live ?? data.occupancy?.nodes[0])}</output>{" "}
      <button disabled={asking} onClick={again}>
        Again
      </button>
    </li>
  );
}
