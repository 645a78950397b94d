import { useMemo, useState } from "react";
import { graphql, useSubscription } from "react-relay";
import type { GraphQLSubscriptionConfig } from "relay-runtime";
import type { useLiveSubscription } from "./__generated__/useLiveSubscription.graphql";
import type { Measured } from "./words";

/** The newest minute of each site, by its id, as the people counter publishes it. */
export function useLive(sites: readonly { id: string }[]): Record<string, Measured> {
  const [live, setLive] = useState<Record<string, Measured>>({});
  const config = useMemo<GraphQLSubscriptionConfig<useLiveSubscription>>(
    () => ({
      subscription: graphql`
        subscription useLiveSubscription($sites: [ID!]!) {
          occupancy(sites: $sites) {
            site {
              id
            }
            startsAt
            count
          }
        }
      `,
      variables: { sites: sites.map(({ id }) => id) },
      onNext: (event) => {
        if (!event) return;
        const { site, count, startsAt } = event.occupancy;
        setLive((known) => ({ ...known, [site.id]: { count, startsAt } }));
      },
    }),
    [sites],
  );
  useSubscription(config);
  return live;
}
