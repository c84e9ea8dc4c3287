import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { setUpClient } from "./api/client";
import { applyPalette } from "./app/palette";
import { preferences } from "./app/preferences";
import { Root } from "./app/Root";
import { takeTokenFromAddress } from "./app/token";
import { startI18n } from "./i18n";
import "./app/app.css";

async function start(): Promise<void> {
  const { language, scheme } = preferences();
  // First of all, so that a sign-in token is neither shown, nor logged, nor kept in the history.
  takeTokenFromAddress();
  applyPalette(scheme);
  setUpClient();
  await startI18n(language);
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no element #root");
  createRoot(root).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
}

void start();
