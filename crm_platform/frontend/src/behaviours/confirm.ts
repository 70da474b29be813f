/**
 * confirm: asks before a form is sent or a button is used. On a form it guards submitting, on a button or link
 * its click. Options: data-confirm-title, data-confirm-text, data-confirm-label, data-confirm-tone (danger | primary).
 */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

registerBehaviour("confirm", (element) => {
  let confirmed = false;
  const kind = element instanceof HTMLFormElement ? "submit" : "click";
  const guard = (event: Event) => {
    if (confirmed) {
      confirmed = false;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event instanceof SubmitEvent ? (event.submitter as HTMLElement | null) : null;
    void ask(element.dataset).then((yes) => {
      if (!yes) return;
      confirmed = true;
      if (element instanceof HTMLFormElement) element.requestSubmit(submitter);
      else element.click();
    });
  };
  element.addEventListener(kind, guard, { capture: true });
  return () => element.removeEventListener(kind, guard, { capture: true });
});

/** Open the page's confirm dialog and resolve with the answer. */
export function ask(options: DOMStringMap): Promise<boolean> {
  const dialog = document.querySelector<HTMLDialogElement>("#confirm-dialog");
  if (!dialog) return Promise.resolve(true);
  const title = one(dialog, "#confirm-title")!;
  const button = one(dialog, "[value=confirm]")!;
  title.textContent = options.confirmTitle || title.dataset.default || "";
  one(dialog, "#confirm-text")!.textContent = options.confirmText ?? "";
  button.textContent = options.confirmLabel || button.dataset.default || "";
  button.className = `btn btn-${options.confirmTone === "primary" ? "primary" : "danger"}`;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}
