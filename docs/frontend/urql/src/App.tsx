import { Provider } from "urql";
import { client } from "./client";
import { Sessions } from "./Sessions";
import { Sites } from "./Sites";

/** Each panel asks its own question: what one vendor is slow with does not keep the other waiting. */
export function App() {
  return (
    <Provider value={client}>
      <Sites />
      <Sessions />
    </Provider>
  );
}
