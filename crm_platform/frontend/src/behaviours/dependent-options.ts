/**
 * dependent-options: offers, in one control of the form, only the choices that go with the value of another.
 * Options: data-field and data-controlling (names of the controls), data-allowed (JSON: controlling value → allowed
 * values), data-value (the controlling value where its control is not in the form).
 * The controls may be a select, radios or check boxes; a check box that controls counts as "true" or "false".
 * A control that hangs on several others offers what goes with all of them.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";
import { valueOf } from "./show-when";

type Control = HTMLInputElement | HTMLSelectElement;
type Fits = (value: string) => boolean;
type Narrowed = { options: HTMLOptionElement[]; rules: Set<() => Set<string>> };

const narrowed = new WeakMap<Control, Narrowed>();

registerBehaviour("dependent-options", (element) => {
  const scope: HTMLElement = element.closest("form") ?? document.body;
  const { field = "", controlling = "", value } = element.dataset;
  const allowed: Record<string, string[]> = JSON.parse(element.dataset.allowed ?? "{}");
  const controls = all<Control>(scope, `[name="${CSS.escape(field)}"]`);
  const first = controls[0];
  if (!first) return undefined;
  const select = controls.find((control): control is HTMLSelectElement => control instanceof HTMLSelectElement);
  const known = narrowed.get(first) ?? { options: select ? [...select.options] : [], rules: new Set() };
  narrowed.set(first, known);

  const current = () => {
    const box = scope.querySelector<Control>(`[name="${CSS.escape(controlling)}"]`);
    if (!box) return value ?? "";
    return box instanceof HTMLInputElement && box.type === "checkbox" ? String(box.checked) : valueOf(scope, controlling);
  };
  const rule = () => new Set(allowed[current()] ?? []);
  known.rules.add(rule);
  const refresh = () => {
    const sets = [...known.rules].map((one) => one());
    const fits: Fits = (item) => sets.every((set) => set.has(item));
    const lost = select ? narrowSelect(select, known.options, fits) : narrowBoxes(controls as HTMLInputElement[], fits);
    // What depends on this control in turn follows at once.
    if (lost) (select ?? first).dispatchEvent(new Event("change", { bubbles: true }));
  };
  const onChange = (event: Event) => {
    if ((event.target as Control).name === controlling) refresh();
  };
  scope.addEventListener("change", onChange);
  refresh();
  return () => {
    known.rules.delete(rule);
    scope.removeEventListener("change", onChange);
  };
});

/** Keep the options that fit (and the empty one); tells whether a chosen one is gone. */
function narrowSelect(select: HTMLSelectElement, options: HTMLOptionElement[], fits: Fits): boolean {
  const chosen = new Set([...select.selectedOptions].map((option) => option.value));
  const kept = options.filter((option) => !option.value || fits(option.value));
  select.replaceChildren(...kept);
  for (const option of kept) option.selected = chosen.has(option.value);
  select.dispatchEvent(new Event("options-changed"));
  return [...chosen].some((item) => item && !fits(item));
}

/** Hide radios or check boxes that do not fit; tells whether a chosen one is gone. */
function narrowBoxes(boxes: HTMLInputElement[], fits: Fits): boolean {
  let lost = false;
  for (const box of boxes) {
    const isOffered = !box.value || fits(box.value);
    lost ||= box.checked && !isOffered;
    if (!isOffered) box.checked = false;
    const shown = box.closest("label");
    if (shown) shown.hidden = !isOffered;
  }
  return lost;
}
