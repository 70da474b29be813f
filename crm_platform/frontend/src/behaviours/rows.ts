/**
 * rows: a list of inputs whose rows are added, moved and removed (columns of a list, formsets such as choices).
 *   [data-rows-list] holds the rows [data-row]; <template data-rows-template> is a new one, "__prefix__" in it
 *   becomes a number; [data-rows-add], [data-row-remove], [data-row-up], [data-row-down] are buttons.
 *   An input named …-TOTAL_FORMS is kept up to date; [data-row-position] inputs get the row's place, from 1.
 *   The cursor stays at the button that moved a row, and goes to the next row when one is removed.
 */
import { registerBehaviour, startBehaviours } from "../lib/behaviour";
import { all, one } from "../lib/dom";

registerBehaviour("rows", (element) => {
  const list = one(element, "[data-rows-list]");
  const template = element.querySelector<HTMLTemplateElement>("template[data-rows-template]");
  const total = one<HTMLInputElement>(element, "input[name$=TOTAL_FORMS]");
  if (!list) return;

  const number = () => {
    all(list, "[data-row]").forEach((row, index) => {
      for (const position of all<HTMLInputElement>(row, "[data-row-position]")) position.value = String(index + 1);
    });
  };
  const add = () => {
    if (!template) return;
    const next = total?.value ?? String(all(list, "[data-row]").length);
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", next);
    const row = holder.content.querySelector<HTMLElement>("[data-row]");
    if (!row) return;
    if (total) total.value = String(Number(next) + 1);
    list.append(row);
    startBehaviours(row);
    number();
    one<HTMLInputElement>(row, "input:not([type=hidden]), select")?.focus();
  };
  const shown = () => all(list, "[data-row]").filter((row) => !row.hidden);
  const move = (row: HTMLElement, up: boolean) => {
    const rows = shown();
    const other = rows[rows.indexOf(row) + (up ? -1 : 1)];
    if (up) other?.before(row);
    else other?.after(row);
    one(row, up ? "[data-row-up]" : "[data-row-down]")?.focus();
    number();
  };
  const take = (row: HTMLElement) => {
    const at = shown().indexOf(row);
    remove(row, !!total);
    const rows = shown();
    const next = rows[at] ?? rows[at - 1];
    (next ? one(next, "[data-row-remove]") : one(element, "[data-rows-add]"))?.focus();
  };

  element.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>("[data-row]");
    if (target.closest("[data-rows-add]")) add();
    else if (!row) return;
    else if (target.closest("[data-row-remove]")) take(row);
    else if (target.closest("[data-row-up]")) move(row, true);
    else if (target.closest("[data-row-down]")) move(row, false);
    else return;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  });
  number();
  element.closest("form")?.dispatchEvent(new Event("dirty-guard:saved")); // numbers are nothing that anybody typed
});

/** A row of a formset stays, hidden: marked for deletion or emptied, so that the numbering has no gap. */
function remove(row: HTMLElement, isFormset: boolean): void {
  if (!isFormset) {
    row.remove();
    return;
  }
  const mark = one<HTMLInputElement>(row, "input[name$=-DELETE]");
  if (mark) mark.checked = true;
  else for (const input of all<HTMLInputElement | HTMLSelectElement>(row, "input[type=text], select")) input.value = "";
  row.hidden = true;
}
