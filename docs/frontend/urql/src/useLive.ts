import { useSubscription } from "urql";
import { graphql } from "./gql";
import type { Measured } from "./words";

const LiveSubscription = graphql(`
  subscription Live($sites: [ID!]!) {
    occupancy(sites: $sites) {
      site {
        id
      }
      startsAt
      count
    }
  }
`);

/** The newest minute of each site, by its id, as the people counter publishes it. */
export function useLive(sites: readonly { id: string }[]): Record<string, Measured> {
  const variables = { sites: sites.map(({ id }) => id) };
  const [{ data }] = useSubscription(
    { query: LiveSubscription, variables, pause: sites.length === 0 },
    (known: Record<string, Measured> = {}, { occupancy: { site, count, startsAt } }) => ({
      ...known,
      [site.id]: { count, startsAt },
    }),
  );
  return data ?? {};
}
