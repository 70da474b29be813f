/**
 * confirm: asks before a form is sent or a button is used. On a form it guards submitting, on a button or link
 * its click. Options: data-confirm-title, data-confirm-text, data-confirm-label, data-confirm-tone (danger | primary).
 */
import { registerBehaviour } from "../lib/behaviour";
import { ask } from "../lib/confirm";

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
    const submitter = "submitter" in event ? (event.submitter as HTMLElement | null) : null;
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
