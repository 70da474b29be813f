/** auto-submit: sends a form as soon as one of its controls changes (pickers of views, sorting, page size). */
import { registerBehaviour } from "../lib/behaviour";

registerBehaviour("auto-submit", (element) => {
  const form = element instanceof HTMLFormElement ? element : element.closest("form");
  element.addEventListener("change", () => form?.requestSubmit());
});
