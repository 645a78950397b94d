import { useSyncExternalStore } from "react";
import { noticesStore } from "./notices";

export function Notices() {
  const notices = useSyncExternalStore(noticesStore.subscribe, noticesStore.current);
  return (
    <ul id="notices" role="status">
      {notices.map(({ field, code, vendor }, index) => (
        <li key={index}>
          {vendor ?? "Gateway"}: {field} {code}
        </li>
      ))}
    </ul>
  );
}
