/**
 * dependent-options: offers, in one control of the form, only the choices that go with the value of another.
 * Options: data-field and data-controlling (names of the controls), data-allowed (JSON: controlling value → allowed
 * values), data-value (the controlling value where its control is not in the form).
 * The controls may be a select, radios or check boxes; a check box that controls counts as "true" or "false".
 */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";
import { valueOf } from "./show-when";

type Control = HTMLInputElement | HTMLSelectElement;

registerBehaviour("dependent-options", (element) => {
  const scope: HTMLElement = element.closest("form") ?? document.body;
  const { field = "", controlling = "", value } = element.dataset;
  const allowed: Record<string, string[]> = JSON.parse(element.dataset.allowed ?? "{}");
  const controls = all<Control>(scope, `[name="${CSS.escape(field)}"]`);
  const select = controls.find((control): control is HTMLSelectElement => control instanceof HTMLSelectElement);
  const options = select ? [...select.options] : [];

  const current = () => {
    const box = scope.querySelector<Control>(`[name="${CSS.escape(controlling)}"]`);
    if (!box) return value ?? "";
    return box instanceof HTMLInputElement && box.type === "checkbox" ? String(box.checked) : valueOf(scope, controlling);
  };
  const refresh = () => {
    const fitting = new Set(allowed[current()] ?? []);
    const lost = select ? narrowSelect(select, options, fitting) : narrowBoxes(controls as HTMLInputElement[], fitting);
    // What depends on this control in turn follows at once.
    if (lost) (select ?? controls[0])?.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const onChange = (event: Event) => {
    if ((event.target as Control).name === controlling) refresh();
  };
  scope.addEventListener("change", onChange);
  refresh();
  return () => scope.removeEventListener("change", onChange);
});

/** Keep the options that fit (and the empty one); tells whether a chosen one is gone. */
function narrowSelect(select: HTMLSelectElement, options: HTMLOptionElement[], fitting: Set<string>): boolean {
  const chosen = new Set([...select.selectedOptions].map((option) => option.value));
  const kept = options.filter((option) => !option.value || fitting.has(option.value));
  select.replaceChildren(...kept);
  for (const option of kept) option.selected = chosen.has(option.value);
  select.dispatchEvent(new Event("options-changed"));
  return [...chosen].some((item) => item && !fitting.has(item));
}

/** Hide radios or check boxes that do not fit; tells whether a chosen one is gone. */
function narrowBoxes(boxes: HTMLInputElement[], fitting: Set<string>): boolean {
  let lost = false;
  for (const box of boxes) {
    const fits = !box.value || fitting.has(box.value);
    lost ||= box.checked && !fits;
    if (!fits) box.checked = false;
    const shown = box.closest("label");
    if (shown) shown.hidden = !fits;
  }
  return lost;
}
