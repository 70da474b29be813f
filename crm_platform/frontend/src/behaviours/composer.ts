/**
 * composer: a form that is small until somebody writes in it, sent by Ctrl+Enter.
 * [data-composer-time] buttons put their value into the form's input of date and time.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one } from "../lib/dom";

registerBehaviour("composer", (element) => {
  const form = element as HTMLFormElement;
  const time = one<HTMLInputElement>(form, "input[type=datetime-local]");
  const mark = () => {
    for (const button of all(form, "[data-composer-time]")) {
      button.classList.toggle("on", !!time?.value && button.dataset.composerTime === time.value.slice(0, 16));
    }
  };
  if (!form.classList.contains("is-open")) form.classList.add("is-small");
  form.addEventListener("focusin", () => form.classList.remove("is-small"));
  form.addEventListener("click", (event) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>("[data-composer-time]");
    if (!button || !time) return;
    time.value = time.value === button.dataset.composerTime ? "" : (button.dataset.composerTime ?? "");
    mark();
  });
  time?.addEventListener("change", mark);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
});
