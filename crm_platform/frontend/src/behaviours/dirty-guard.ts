/**
 * dirty-guard: warns before unsaved input of a form is lost. Leaving the page asks in the browser's own words,
 * links inside the console in those of data-dirty-text.
 */
import { registerBehaviour } from "../lib/behaviour";
import { ask } from "../lib/confirm";

registerBehaviour("dirty-guard", (element) => {
  const form = element as HTMLFormElement;
  const snapshot = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  let saved = snapshot();
  let leaving = false;
  const isDirty = () => !leaving && form.isConnected && snapshot() !== saved;

  const onUnload = (event: BeforeUnloadEvent) => {
    if (isDirty()) event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    const link = (event.target as HTMLElement).closest?.<HTMLAnchorElement>("a[href]");
    if (!link || link.target || event.defaultPrevented || event.ctrlKey || event.metaKey || !leadsAway(link)) return;
    if (!isDirty()) return;
    event.preventDefault();
    event.stopPropagation();
    void ask({ confirmTitle: form.dataset.dirtyText, confirmTone: "danger" }).then((yes) => {
      if (!yes) return;
      leaving = true;
      link.click();
    });
  };
  form.addEventListener("submit", () => {
    leaving = true;
  });
  form.addEventListener("htmx:responseError", () => {
    leaving = false;
  });
  form.addEventListener("dirty-guard:saved", () => {
    saved = snapshot();
  });
  window.addEventListener("beforeunload", onUnload);
  document.addEventListener("click", onClick, true);
  return () => {
    window.removeEventListener("beforeunload", onUnload);
    document.removeEventListener("click", onClick, true);
  };
});

function leadsAway(link: HTMLAnchorElement): boolean {
  const href = link.getAttribute("href") ?? "";
  return !href.startsWith("#") && !link.hasAttribute("hx-get") && !link.hasAttribute("data-dialog-close");
}
