/**
 * dialog: a <dialog> that opens when htmx fills the element inside it marked [data-dialog-content].
 * [data-dialog-close], Esc, a click on the backdrop and the event "close-dialog" (as HX-Trigger) close it; what
 * htmx brought is then dropped.
 */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

registerBehaviour("dialog", (element) => {
  const dialog = element as HTMLDialogElement;
  const content = one(dialog, "[data-dialog-content]");

  const onFilled = () => {
    if (content?.childElementCount && !dialog.open) dialog.showModal();
  };
  const close = () => {
    if (dialog.open) dialog.close();
  };
  content?.addEventListener("htmx:afterSwap", onFilled);
  dialog.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (target === dialog || target.closest("[data-dialog-close]")) {
      event.preventDefault();
      close();
    }
  });
  dialog.addEventListener("close", () => content?.replaceChildren());
  document.addEventListener("close-dialog", close);
  return () => document.removeEventListener("close-dialog", close);
});
