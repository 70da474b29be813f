/**
 * selection: picking rows of a list. The container holds row checkboxes [data-select-row], maybe one
 * [data-select-all], and a .bulk bar with [data-selection-count] and [data-selection-clear]. Shift picks a range.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one } from "../lib/dom";

registerBehaviour("selection", (element) => {
  let last: HTMLInputElement | null = null;
  const rows = () => all<HTMLInputElement>(element, "[data-select-row]");

  const refresh = () => {
    const boxes = rows();
    const chosen = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("tr, .record-card")?.classList.toggle("sel", box.checked);
    for (const everything of all<HTMLInputElement>(element, "[data-select-all]")) {
      everything.checked = chosen.length > 0 && chosen.length === boxes.length;
      everything.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
    const bar = one(element, ".bulk");
    if (bar) bar.hidden = chosen.length === 0;
    for (const count of all(element, "[data-selection-count]")) count.textContent = String(chosen.length);
  };
  const setAll = (checked: boolean) => {
    for (const box of rows()) box.checked = checked;
    refresh();
  };

  element.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (target.closest("[data-selection-clear]")) setAll(false);
    if (!(target instanceof HTMLInputElement) || !target.matches("[data-select-row]")) return;
    if (event.shiftKey && last) {
      const boxes = rows();
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((a, b) => a - b);
      if (from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
    }
    last = target;
  });
  element.addEventListener("change", (event) => {
    const target = event.target as HTMLInputElement;
    if (target.matches("[data-select-all]")) setAll(target.checked);
    else if (target.matches("[data-select-row]")) refresh();
  });
  element.addEventListener("htmx:afterSettle", refresh);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setAll(false);
  });
  refresh();
});
