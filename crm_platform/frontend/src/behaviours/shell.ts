/** shell: the frame of the page. Opens the rail as a drawer on phones, and knows the keys / and Ctrl K. */
import { registerBehaviour } from "../lib/behaviour";
import { all, isTyping, one } from "../lib/dom";

registerBehaviour("shell", (element) => {
  const rail = one(element, ".rail");
  const backdrop = one(element, ".rail-backdrop");
  const opener = one(element, "[data-shell-open]");

  const setOpen = (open: boolean) => {
    element.classList.toggle("rail-open", open);
    if (backdrop) backdrop.hidden = !open;
    opener?.setAttribute("aria-expanded", String(open));
    if (open) (one(rail!, "[aria-current]") ?? one(rail!, "a"))?.focus();
    else if (rail?.contains(document.activeElement)) opener?.focus();
  };
  opener?.addEventListener("click", () => setOpen(true));
  for (const closer of all(element, "[data-shell-close]")) closer.addEventListener("click", () => setOpen(false));

  const onKey = (event: KeyboardEvent) => {
    const search = one<HTMLInputElement>(element, "#global-search");
    const wantsSearch =
      (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) ||
      (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey);
    if (wantsSearch && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && element.classList.contains("rail-open")) {
      setOpen(false);
    }
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
});
