/**
 * tree-table: a table whose rows form a tree. Rows: tr[data-tree-id][data-tree-parent]; [data-tree-toggle] in a row
 * opens and closes what is below it, [data-tree-all="open|close"] anywhere inside does so for all. The closed rows
 * are remembered for the session under data-tree-key.
 * Rows with draggable="true" can be dropped on another row: the form data-tree-form names (a selector) is sent to its
 * data-action with "{id}" replaced, its field [data-tree-target] holding the id of the row dropped upon.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, one } from "../lib/dom";

registerBehaviour("tree-table", (root) => {
  const rows = all<HTMLElement>(root, "[data-tree-id]");
  const byId = new Map(rows.map((row) => [row.dataset.treeId ?? "", row]));
  const parentOf = (row: HTMLElement) => byId.get(row.dataset.treeParent ?? "");
  const key = `tree:${root.dataset.treeKey ?? location.pathname}`;
  const closed = new Set<string>(JSON.parse(sessionStorage.getItem(key) ?? "[]") as string[]);

  const isWithin = (row: HTMLElement | undefined, above: HTMLElement): boolean =>
    row !== undefined && (row === above || isWithin(parentOf(row), above));
  const isShown = (row: HTMLElement): boolean => {
    const parent = parentOf(row);
    return parent === undefined || (!closed.has(parent.dataset.treeId ?? "") && isShown(parent));
  };
  const draw = () => {
    for (const row of rows) {
      row.hidden = !isShown(row);
      one(row, "[data-tree-toggle]")?.setAttribute("aria-expanded", String(!closed.has(row.dataset.treeId ?? "")));
    }
    sessionStorage.setItem(key, JSON.stringify([...closed].filter((id) => byId.has(id))));
  };
  const toggle = (id: string) => {
    if (!closed.delete(id)) closed.add(id);
    draw();
  };

  root.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    const row = target.closest("[data-tree-toggle]")?.closest<HTMLElement>("[data-tree-id]");
    if (row) toggle(row.dataset.treeId ?? "");
    const wish = target.closest<HTMLElement>("[data-tree-all]")?.dataset.treeAll;
    if (!wish) return;
    closed.clear();
    if (wish === "close") for (const item of rows) if (parentOf(item)) closed.add(item.dataset.treeParent ?? "");
    draw();
  });
  for (const control of all(root, "[data-tree-toggle], [data-tree-all]")) control.hidden = false;
  draw();

  const form = root.dataset.treeForm ? document.querySelector<HTMLFormElement>(root.dataset.treeForm) : null;
  if (form) letDrag(root, rows, form, isWithin);
});

type Within = (row: HTMLElement | undefined, above: HTMLElement) => boolean;

function letDrag(root: HTMLElement, rows: HTMLElement[], form: HTMLFormElement, isWithin: Within): void {
  let dragged: HTMLElement | null = null;
  const under = (event: Event) => (event.target as HTMLElement).closest<HTMLElement>("[data-tree-id]");
  const mark = (row: HTMLElement | null) => {
    for (const item of rows) item.classList.toggle("is-drop-target", item === row);
  };
  const canDrop = (row: HTMLElement | null): row is HTMLElement =>
    row !== null && dragged !== null && row.dataset.treeId !== dragged.dataset.treeParent && !isWithin(row, dragged);

  root.addEventListener("dragstart", (event) => {
    dragged = under(event);
    if (dragged && event.dataTransfer) event.dataTransfer.effectAllowed = "move";
  });
  root.addEventListener("dragover", (event) => {
    const row = under(event);
    if (canDrop(row)) event.preventDefault();
    mark(canDrop(row) ? row : null);
  });
  root.addEventListener("dragend", () => {
    dragged = null;
    mark(null);
  });
  root.addEventListener("drop", (event) => {
    const row = under(event);
    if (!canDrop(row)) return;
    event.preventDefault();
    const target = one<HTMLInputElement>(form, "[data-tree-target]");
    if (target) target.value = row.dataset.treeId ?? "";
    form.action = (form.dataset.action ?? "").replace("{id}", dragged?.dataset.treeId ?? "");
    form.requestSubmit();
  });
}
