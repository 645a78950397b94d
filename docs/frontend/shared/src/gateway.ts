// Where the gateway is, and who asks.

/** The page's own host passes /graphql on to it, unless VITE_GATEWAY names another address. */
export const url = new URL(import.meta.env.VITE_GATEWAY ?? "/graphql", location.href).href;

const KEY = "gateway-key";

/** Kept until the tab is closed. Never build a key into the bundle: everybody can read it there. */
export function keepKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

/** Header of every request; none for an anonymous caller. */
export function headers(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key ? { "X-API-Key": key } : {};
}

/** Payload of connection_init: a browser cannot set headers on a WebSocket. */
export function connectionParams(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key ? { apiKey: key } : {};
}
