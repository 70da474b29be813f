/** The entry: configures htmx, starts the behaviours on load and after every swap. */
import htmx from "htmx.org";
import "./behaviours/bell";
import "./behaviours/color";
import "./behaviours/choose-one";
import "./behaviours/composer";
import "./behaviours/conditions";
import "./behaviours/check-column";
import "./behaviours/check-grid";
import "./behaviours/confirm";
import "./behaviours/copy";
import "./behaviours/dependent-options";
import "./behaviours/dialog";
import "./behaviours/dirty-guard";
import "./behaviours/dropdown";
import "./behaviours/expression-editor";
import "./behaviours/files";
import "./behaviours/go-back";
import "./behaviours/live-form";
import "./behaviours/locate";
import "./behaviours/lookup";
import "./behaviours/mentions";
import "./behaviours/multi-select";
import "./behaviours/region";
import "./behaviours/rich-text";
import "./behaviours/rows";
import "./behaviours/search-panel";
import "./behaviours/selection";
import "./behaviours/shell";
import "./behaviours/show-when";
import "./behaviours/slider";
import "./behaviours/submit-once";
import "./behaviours/tabs";
import "./behaviours/tags";
import "./behaviours/toasts";
import "./behaviours/tree-table";
import { startBehaviours, stopBehaviours } from "./lib/behaviour";
import { configureHtmx } from "./lib/htmx";

configureHtmx(htmx);

document.addEventListener("htmx:load", (event) => startBehaviours(event.target as HTMLElement));
document.addEventListener("htmx:beforeCleanupElement", (event) => stopBehaviours(event.target as Element));
startBehaviours(document);
void startAlpine();

/** Alpine comes only to pages that use it: no other page pays for it. */
async function startAlpine(): Promise<void> {
  if (!document.querySelector("[x-data]")) return;
  const { default: Alpine } = await import("@alpinejs/csp");
  Alpine.start();
}
