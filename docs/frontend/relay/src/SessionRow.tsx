import { graphql, useFragment } from "react-relay";
import type { SessionRow_session$key } from "./__generated__/SessionRow_session.graphql";

export function SessionRow({ session }: { session: SessionRow_session$key }) {
  const data = useFragment(
    graphql`
      fragment SessionRow_session on Session {
        __typename
        id
        status
        startedAt
        site {
          name
        }
        ... on AppSession {
          durationSeconds
        }
        ... on WifiSession {
          deviceDescription
          downloadedBytes
        }
      }
    `,
    session,
  );
  return (
    <li data-id={data.id} data-type={data.__typename}>
      {data.startedAt} {data.site?.name} {data.status}{" "}
      {data.__typename === "WifiSession"
        ? `Wi-Fi, ${data.deviceDescription ?? "a device"}, ${data.downloadedBytes ?? "?"} bytes`
        : data.__typename === "AppSession" && `App, ${data.durationSeconds ?? "?"} s`}
    </li>
  );
}
