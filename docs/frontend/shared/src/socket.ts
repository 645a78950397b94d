// Subscriptions: graphql-transport-ws, one socket for the page. Subscribers share it; it opens with the first.
import { createClient } from "graphql-ws";
import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from "graphql-ws";
import { connectionParams, url } from "./gateway";
import { report } from "./notices";

const client = createClient({
  url: url.replace(/^http/, "ws"),
  connectionParams,
  retryAttempts: Infinity, // a wall screen comes back by itself after a restart of the gateway
});

export const socket: Client = {
  ...client,
  subscribe: <Data, Extensions>(payload: SubscribePayload, sink: Sink<FormattedExecutionResult<Data, Extensions>>) =>
    client.subscribe<Data, Extensions>(payload, {
      ...sink,
      // An outage of a vendor is an event without data. The stream goes on, and so must the client.
      next: (answer) => {
        report("subscription", answer);
        if (answer.data) sink.next(answer);
      },
      error: (reason) => {
        report("subscription", { errors: Array.isArray(reason) ? reason : [{ message: "The socket is closed." }] });
        sink.error(reason);
      },
    }),
};
