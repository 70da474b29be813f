/** How htmx is set up: nothing that a strict content security policy forbids, no inherited attributes. */
import type { HtmxApi } from "./htmx-types";

export function configureHtmx(htmx: HtmxApi): void {
  Object.assign(htmx.config, {
    includeIndicatorStyles: false,
    allowEval: false,
    disableInheritance: true,
    allowScriptTags: false,
    historyCacheSize: 0,
    scrollIntoViewOnBoost: false,
    attributesToSettle: ["class", "width", "height"], // style attributes are forbidden, empty ones, too
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const detail = (event as CustomEvent).detail;
    const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
    if (token && detail.verb !== "get") detail.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A form that came back with errors is shown; other failures speak through a toast.
    const detail = (event as CustomEvent).detail;
    if (detail.xhr.status === 422 && detail.xhr.responseText) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
  });
  document.addEventListener("htmx:sendError", () => failed());
  document.addEventListener("htmx:responseError", (event) => {
    if (!(event as CustomEvent).detail.xhr.getResponseHeader("HX-Trigger")) failed();
  });
}

function failed(): void {
  const text = document.documentElement.dataset.failed ?? "";
  document.dispatchEvent(new CustomEvent("toast", { detail: { level: "error", text } }));
}
