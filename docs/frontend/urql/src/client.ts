import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import type { DocumentNode } from "graphql";
import { Client, fetchExchange, mapExchange, subscriptionExchange } from "urql";
import { headers, url } from "./gateway";
import introspection from "./gql/introspection.json";
import { report, UNREACHABLE } from "./notices";
import { socket } from "./socket";

const notices = mapExchange({
  onResult({ operation, error, extensions }) {
    if (operation.kind !== "query") return;
    const told = error?.networkError ? UNREACHABLE : { errors: error?.graphQLErrors, extensions };
    report(String(operation.key), told);
  },
});

/** Rows of series have no id: they belong to the field that holds them. */
const embedded = () => null;

const cache = cacheExchange({
  schema: introspection, // what the interfaces Session and Node stand for
  keys: { Coverage: embedded, Occupancy: embedded, VisitTotals: embedded },
  resolvers: { Query: { sites: relayPagination(), sessions: relayPagination() } },
});

/** Hashes as codegen wrote them into the documents, `sha256:...`, and into its manifest. */
const trusted = persistedExchange({
  enforcePersistedQueries: true,
  enableForMutation: true,
  enableForSubscriptions: true,
  preferGetForPersistedQueries: false,
  generateHash: async (_, document) => (document as Hashed).__meta__.hash.replace("sha256:", ""),
});

type Hashed = DocumentNode & { __meta__: { hash: string } };

export const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: headers() }),
  exchanges: [
    cache,
    notices, // below the cache, which hands no extensions on
    ...(import.meta.env.MODE === "trusted" ? [trusted] : []),
    subscriptionExchange({
      forwardSubscription: ({ query = "", variables, extensions }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables, extensions }, sink) }),
      }),
    }),
    fetchExchange,
  ],
});
