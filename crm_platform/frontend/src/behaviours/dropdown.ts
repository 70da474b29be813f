/**
 * dropdown: a button [data-dropdown-toggle] that opens the menu it names in aria-controls, or the first .menu.
 * Arrow keys walk through the items, Esc and a click outside close it.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one, onOutside } from "../lib/dom";

const ITEMS = ".menu-item:not([disabled]), input, select, button:not([disabled]), a[href]";

registerBehaviour("dropdown", (element) => {
  const toggle = one(element, "[data-dropdown-toggle]");
  const menu = one(element, `#${CSS.escape(toggle?.getAttribute("aria-controls") ?? "-")}`) ?? one(element, ".menu");
  if (!toggle || !menu) return;

  const items = () => all(menu, ITEMS).filter((item) => !item.closest("[hidden]"));
  const isClosed = () => menu.hasAttribute("hidden");
  const setOpen = (open: boolean) => {
    menu.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    element.classList.toggle("is-open", open);
    if (open) keepInView(menu);
  };
  const move = (step: number) => {
    const list = items();
    const at = list.indexOf(document.activeElement as HTMLElement);
    list[(at + step + list.length) % list.length]?.focus();
  };

  toggle.addEventListener("click", () => {
    setOpen(isClosed());
    if (!isClosed()) one(menu, "[autofocus]")?.focus();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isClosed()) {
      event.stopPropagation();
      setOpen(false);
      toggle.focus();
    } else if (menu.getAttribute("role") === "menu" || event.target === toggle) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      if (isClosed()) setOpen(true);
      move(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  menu.addEventListener("click", (event) => {
    if ((event.target as HTMLElement).closest("[data-dropdown-close], a.menu-item")) setOpen(false);
  });
  return onOutside(element, () => {
    if (!isClosed()) setOpen(false);
  });
});

/** Open to the other side when the menu would leave the window. */
function keepInView(menu: HTMLElement): void {
  menu.classList.remove("menu-flip-x", "menu-flip-y");
  const box = menu.getBoundingClientRect();
  if (box.right > window.innerWidth || box.left < 0) menu.classList.add("menu-flip-x");
  if (box.bottom > window.innerHeight && box.top > box.height + 60) menu.classList.add("menu-flip-y");
}
