/**
 * search-panel: the global search. htmx fills the panel; this opens and closes it and walks through the hits
 * (links inside the panel) with the arrow keys.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one, onOutside } from "../lib/dom";

registerBehaviour("search-panel", (element) => {
  const input = one<HTMLInputElement>(element, "input[type=search]");
  const panel = one(element, ".search-panel");
  if (!input || !panel) return;

  const setOpen = (open: boolean) => {
    panel.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
  };
  const refresh = () => setOpen(!!input.value.trim() && panel.childElementCount > 0 && element.contains(document.activeElement));
  const move = (step: number) => {
    const hits = all(panel, "a[href]");
    const at = hits.indexOf(document.activeElement as HTMLElement) + step;
    if (at < 0) input.focus();
    else hits[Math.min(at, hits.length - 1)]?.focus();
  };

  input.addEventListener("focus", refresh);
  input.addEventListener("input", () => {
    if (!input.value.trim()) setOpen(false);
  });
  element.addEventListener("htmx:afterSwap", refresh);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (panel.hidden) input.blur();
      else setOpen(false);
      if (document.activeElement !== input) input.focus();
      setOpen(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !panel.hidden) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  return onOutside(element, () => setOpen(false));
});
