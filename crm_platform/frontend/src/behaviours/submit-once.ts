/** submit-once: a form that is on its way is not sent again by a second click. */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";

const RELEASE_MS = 8000;

registerBehaviour("submit-once", (element) => {
  let busy = false;
  const release = () => {
    busy = false;
    element.removeAttribute("aria-busy");
    for (const button of all(element, "[type=submit]")) button.classList.remove("is-loading");
  };
  element.addEventListener("submit", (event) => {
    if (busy) {
      event.preventDefault();
      return;
    }
    busy = true;
    element.setAttribute("aria-busy", "true");
    for (const button of all(element, "[type=submit]")) button.classList.add("is-loading");
    window.setTimeout(release, RELEASE_MS);
  });
  element.addEventListener("htmx:afterRequest", release);
  window.addEventListener("pageshow", release);
  return () => window.removeEventListener("pageshow", release);
});
