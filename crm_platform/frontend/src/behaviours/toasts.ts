/**
 * toasts: the corner of short messages. Shows those that came with the page and those of the event "toast",
 * whose detail is {level, text} or a list of it (htmx puts such a list into detail.value).
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, icon, make } from "../lib/dom";

interface Toast {
  level: string;
  text: string;
}

const SHOWN_MS = 6000;

registerBehaviour("toasts", (element) => {
  const settle = (item: HTMLElement) => {
    const remove = () => item.remove();
    item.querySelector("[data-toast-close]")?.addEventListener("click", remove);
    if (!item.classList.contains("toast-error")) window.setTimeout(remove, SHOWN_MS);
  };
  const show = ({ level, text }: Toast) => {
    const label = element.dataset.labelClose ?? "";
    const close = make("button", { type: "button", class: "icon-button", "data-toast-close": "", "aria-label": label }, icon("x"));
    const item = make("div", { class: `toast-item toast-${level}` }, make("span", { class: "toast-text" }, text), close);
    element.append(item);
    settle(item);
  };
  const onToast = (event: Event) => {
    const detail = (event as CustomEvent).detail;
    const list: Toast[] = Array.isArray(detail) ? detail : Array.isArray(detail?.value) ? detail.value : [detail];
    list.forEach(show);
  };
  all(element, "[data-toast]").forEach(settle);
  document.addEventListener("toast", onToast);
  return () => document.removeEventListener("toast", onToast);
});
