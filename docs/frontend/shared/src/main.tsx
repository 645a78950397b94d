import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { KeyForm } from "./KeyForm";
import { Notices } from "./Notices";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <KeyForm />
    <Notices />
    <App />
  </StrictMode>,
);
