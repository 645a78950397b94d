import { Environment, Network, Observable, RecordSource, Store } from "relay-runtime";
import type { FetchFunction, GraphQLResponse, RequestParameters, SubscribeFunction, Variables } from "relay-runtime";
import { headers, url } from "./gateway";
import { report, UNREACHABLE } from "./notices";
import { socket } from "./socket";

type Answer = GraphQLResponse & { errors?: unknown; extensions?: unknown };

/** The compiler writes the text of an operation, or with `persistConfig` its id in the manifest. */
function named(request: RequestParameters): { query: string } | { query: string; documentId: string } {
  return request.id ? { query: "", documentId: request.id } : { query: request.text ?? "" };
}

async function post(request: RequestParameters, variables: Variables): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "Content-Type": "application/json",
      ...headers(),
    },
    body: JSON.stringify({ ...named(request), variables }),
  });
  return response.json();
}

const ask: FetchFunction = async (request, variables) => {
  try {
    const answer = await post(request, variables);
    report(request.name, answer);
    return answer;
  } catch (broken) {
    report(request.name, UNREACHABLE);
    throw broken;
  }
};

const follow: SubscribeFunction = (request, variables) =>
  Observable.create((sink) =>
    socket.subscribe(
      { ...named(request), variables },
      {
        next: (answer) => sink.next(answer as GraphQLResponse),
        error: () => sink.error(new Error("The subscription ended.")), // why stands in the notices
        complete: () => sink.complete(),
      },
    ),
  );

export const environment = new Environment({
  network: Network.create(ask, follow),
  store: new Store(new RecordSource()),
});
