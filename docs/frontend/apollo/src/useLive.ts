import { useSubscription } from "@apollo/client/react";
import { useState } from "react";
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
  const [live, setLive] = useState<Record<string, Measured>>({});
  useSubscription(LiveSubscription, {
    variables: { sites: sites.map(({ id }) => id) },
    skip: sites.length === 0,
    fetchPolicy: "no-cache",
    onData: ({ data: event }) => {
      if (!event.data) return;
      const { site, count, startsAt } = event.data.occupancy;
      setLive((known) => ({ ...known, [site.id]: { count, startsAt } }));
    },
  });
  return live;
}
