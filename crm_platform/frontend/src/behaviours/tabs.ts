/**
 * tabs: panels of one page. Buttons [data-tab="#panel"] with role=tab inside the element; arrow keys move.
 * Tabs with an address of their own are plain links (components/tabs.html) and need no script.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";

registerBehaviour("tabs", (element) => {
  const tabs = all(element, "[data-tab]");
  const select = (chosen: HTMLElement) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.classList.toggle("active", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      const panel = document.querySelector<HTMLElement>(tab.dataset.tab ?? "");
      if (panel) panel.hidden = !isChosen;
    }
  };
  for (const tab of tabs) tab.addEventListener("click", () => select(tab));
  element.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(document.activeElement as HTMLElement);
    if (!step || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length]!;
    select(next);
    next.focus();
  });
  const first = tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0];
  if (first) select(first);
});
