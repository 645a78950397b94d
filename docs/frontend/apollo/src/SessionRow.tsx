import { graphql, unmasked, type FragmentType } from "./gql";

const SessionRowFragment = graphql(`
  fragment SessionRow on Session {
    __typename
    id
    status
    startedAt
    site {
      id
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
`);

export function SessionRow({ session }: { session: FragmentType<typeof SessionRowFragment> }) {
  const data = unmasked(SessionRowFragment, session);
  return (
    <li data-id={data.id} data-type={data.__typename}>
      {data.startedAt} {data.site?.name} {data.status}{" "}
      {data.__typename === "WifiSession"
        ? `Wi-Fi, ${data.deviceDescription ?? "a device"}, ${data.downloadedBytes ?? "?"} bytes`
        : `App, ${data.durationSeconds ?? "?"} s`}
    </li>
  );
}
