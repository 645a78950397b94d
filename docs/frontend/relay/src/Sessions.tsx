import { graphql, useLazyLoadQuery, usePaginationFragment } from "react-relay";
import type { SessionsPaginationQuery } from "./__generated__/SessionsPaginationQuery.graphql";
import type { SessionsQuery } from "./__generated__/SessionsQuery.graphql";
import type { Sessions_query$key } from "./__generated__/Sessions_query.graphql";
import { SessionRow } from "./SessionRow";
import { lastDay } from "./windows";
import { gaps } from "./words";

export function Sessions() {
  const query = useLazyLoadQuery<SessionsQuery>(
    graphql`
      query SessionsQuery($lastDay: Window!) {
        ...Sessions_query
      }
    `,
    { lastDay },
  );
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment<
    SessionsPaginationQuery,
    Sessions_query$key
  >(
    graphql`
      fragment Sessions_query on Query
      @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
      @refetchable(queryName: "SessionsPaginationQuery") {
        sessions(window: $lastDay, direction: DESC, first: $count, after: $cursor)
          @connection(key: "Sessions_sessions") {
          edges {
            node {
              id
              ...SessionRow_session
            }
          }
          coverage {
            vendor
            state
            stale
          }
        }
      }
    `,
    query,
  );
  return (
    <section id="sessions">
      <h2>Last day</h2>
      <p>{gaps(data.sessions?.coverage ?? []).join(", ")}</p>
      <ul>
        {data.sessions?.edges.map(({ node }) => <SessionRow key={node.id} session={node} />) ?? "No figures."}
      </ul>
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(20)}>
          More sessions
        </button>
      )}
    </section>
  );
}
