/**
 * check-grid: a table of check boxes or radio buttons that is filled in by rows and columns.
 *   [data-grid-filter] is a text box: rows whose data-text does not hold what it says are hidden.
 *   [data-grid-column="value"] in the head ticks that column in the rows in sight, or clears it when all are ticked;
 *   [data-grid-row] does the same for its row. Boxes carry the column as data-column.
 *   Options: data-base (a column that all others need: ticking one ticks it, clearing it clears them) and
 *   data-needs ("modify_all:view_all", comma-separated: ticking the first ticks the second, clearing goes back).
 *   Arrow keys move from box to box.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one } from "../lib/dom";

type Box = HTMLInputElement;
const BOX = "input[data-column]";

registerBehaviour("check-grid", (grid) => {
  const filter = one<Box>(grid, "[data-grid-filter]");
  const none = one(grid, "[data-grid-none]");
  const needs = (grid.dataset.needs ?? "").split(",").filter(Boolean).map((pair) => pair.split(":") as [string, string]);
  const rows = () => all(grid, "tbody tr");
  const inSight = () => rows().filter((row) => !row.hidden);
  const boxes = (root: ParentNode) => all<Box>(root, BOX).filter((box) => !box.disabled);

  const show = () => {
    const text = (filter?.value ?? "").trim().toLowerCase();
    for (const row of rows()) row.hidden = !(row.dataset.text ?? "").toLowerCase().includes(text);
    if (none) none.hidden = inSight().length > 0;
  };
  const settle = (box: Box) => {
    const row = box.closest("tr");
    const base = grid.dataset.base;
    if (!row || box.type !== "checkbox") return;
    const other = (column: string) => one<Box>(row, `input[data-column="${CSS.escape(column)}"]`);
    for (const [more, less] of needs) {
      if (box.checked && box.dataset.column === more) tick(other(less), true);
      if (!box.checked && box.dataset.column === less) tick(other(more), false);
    }
    if (!base) return;
    if (box.checked) tick(other(base), true);
    else if (box.dataset.column === base) for (const one of boxes(row)) one.checked = false;
  };
  const fill = (wanted: Box[]) => {
    const checked = wanted.some((box) => box.type === "radio") || !wanted.every((box) => box.checked);
    for (const box of wanted) {
      box.checked = checked;
      settle(box);
    }
    wanted[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  };

  grid.addEventListener("click", (event) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>("[data-grid-column], [data-grid-row]");
    if (!button) return;
    const column = button.dataset.gridColumn;
    if (column === undefined) fill(boxes(button.closest("tr")!));
    else fill(inSight().flatMap((row) => boxes(row).filter((box) => box.dataset.column === column)));
  });
  grid.addEventListener("change", (event) => {
    const box = event.target as Box;
    if (box.matches?.(BOX)) settle(box);
  });
  grid.addEventListener("keydown", (event) => {
    const box = event.target as Box;
    if (!box.matches?.(BOX) || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = neighbour(inSight().map(boxes), box, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  filter?.addEventListener("input", show);
  filter?.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would send the form
  });
  show();
});

function tick(box: Box | null, checked: boolean): void {
  if (box && !box.disabled) box.checked = checked;
}

function neighbour(lines: Box[][], box: Box, key: string): Box | undefined {
  const y = lines.findIndex((line) => line.includes(box));
  const x = lines[y]?.indexOf(box) ?? -1;
  if (key === "ArrowRight") return lines[y]?.[x + 1];
  if (key === "ArrowLeft") return lines[y]?.[x - 1];
  const column = box.dataset.column;
  const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  if (!step) return undefined;
  for (let at = y + step; at >= 0 && at < lines.length; at += step) {
    const found = lines[at]!.find((other) => other.dataset.column === column);
    if (found) return found;
  }
  return undefined;
}
