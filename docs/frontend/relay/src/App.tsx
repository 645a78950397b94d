import { Component, Suspense, type ReactNode } from "react";
import { RelayEnvironmentProvider } from "react-relay";
import { environment } from "./environment";
import { Sessions } from "./Sessions";
import { Sites } from "./Sites";

/** Relay throws an answer without any data, such as UNAUTHENTICATED. */
class Panel extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (this.state.failed) return <p>Nothing came.</p>;
    return <Suspense fallback={<p>Asking ...</p>}>{this.props.children}</Suspense>;
  }
}

/** Each panel asks its own question: what one vendor is slow with does not keep the other waiting. */
export function App() {
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Panel>
        <Sites />
      </Panel>
      <Panel>
        <Sessions />
      </Panel>
    </RelayEnvironmentProvider>
  );
}
