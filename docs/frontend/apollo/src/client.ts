import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { OperationTypeNode } from "graphql";
import type { Client } from "graphql-ws";
import { tap } from "rxjs";
import { headers, url } from "./gateway";
import { possibleTypes } from "./gql/possible-types.json";
import { report, UNREACHABLE } from "./notices";
import { socket } from "./socket";

const cache = new InMemoryCache({
  possibleTypes, // Session is an AppSession or a WifiSession; their ids are theirs alone, so the default keys will do
  typePolicies: {
    Query: { fields: { sites: relayStylePagination(["filter"]), sessions: relayStylePagination(["window"]) } },
  },
});

const notices = new ApolloLink((operation, forward) => {
  const name = operation.operationName ?? "";
  return forward(operation).pipe(
    tap({ next: (answer) => report(name, answer), error: () => report(name, UNREACHABLE) }),
  );
});

/** Apollo sends a subscription's text even where the link before has named it; trusted documents go by name only. */
const bySocket: Client = {
  ...socket,
  subscribe: (payload, sink) =>
    socket.subscribe(payload.extensions?.["persistedQuery"] ? { ...payload, query: "" } : payload, sink),
};

const transport = ApolloLink.split(
  ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
  new GraphQLWsLink(bySocket),
  new HttpLink({ uri: url, headers: headers() }),
);

/** Ids from the manifest, by the operation's name. */
const trusted = new PersistedQueryLink(
  generatePersistedQueryIdsFromManifest({ loadManifest: () => import("./gql/persisted-query-manifest.json") }),
);

export const client = new ApolloClient({
  cache,
  link: ApolloLink.from([notices, ...(import.meta.env.MODE === "trusted" ? [trusted] : []), transport]),
});
