import { graphql, unmasked, type FragmentType } from "./gql";
import { entries, inside, type Measured } from "./words";

const SiteRowFragment = graphql(`
  fragment SiteRow on Site {
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
`);

interface Props {
  site: FragmentType<typeof SiteRowFragment>;
  live: Measured | undefined;
}

export function SiteRow({ site, live }: Props) {
  const data = unmasked(SiteRowFragment, site);
  return (
    <li>
      <b>{data.name}</b>: {entries(data.visits)},{" "}
      <output data-live={live !== undefined}>{inside(live ?? data.occupancy?.nodes[0])}</output>
    </li>
  );
}
