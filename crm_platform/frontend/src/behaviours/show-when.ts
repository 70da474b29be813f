/**
 * show-when: shows an element only while another control of the same form has one of some values.
 * Options: data-when (the control's name), data-values (comma-separated; "*" any value, "!a,b" all but these).
 * Controls inside a hidden element are disabled, so that they are not sent.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";

registerBehaviour("show-when", (element) => {
  const scope: HTMLElement = element.closest("form") ?? document.body;
  const name = element.dataset.when ?? "";
  const wanted = element.dataset.values ?? "*";

  const refresh = () => {
    const shown = matches(valueOf(scope, name), wanted);
    element.hidden = !shown;
    for (const control of all<HTMLInputElement>(element, "input, select, textarea")) {
      const inner = control.closest("[data-behaviour~=show-when]");
      control.disabled = !shown || (inner !== element && inner?.hasAttribute("hidden") === true);
    }
  };
  const onChange = (event: Event) => {
    if ((event.target as HTMLInputElement).name === name) refresh();
  };
  scope.addEventListener("change", onChange);
  scope.addEventListener("input", onChange);
  refresh();
  return () => {
    scope.removeEventListener("change", onChange);
    scope.removeEventListener("input", onChange);
  };
});

/** The value of a control by name: of radios the checked one, of a checkbox "on" or "". */
export function valueOf(scope: HTMLElement, name: string): string {
  const controls = all<HTMLInputElement>(scope, `[name="${CSS.escape(name)}"]`).filter((control) => !control.disabled);
  const first = controls[0];
  if (!first) return "";
  if (first.type === "radio" || first.type === "checkbox") return controls.find((control) => control.checked)?.value ?? "";
  return first.value;
}

function matches(value: string, wanted: string): boolean {
  if (wanted === "*") return value !== "";
  const not = wanted.startsWith("!");
  const list = (not ? wanted.slice(1) : wanted).split(",").map((item) => item.trim());
  return list.includes(value) !== not;
}
