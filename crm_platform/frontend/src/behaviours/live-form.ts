/**
 * live-form: asks the server, while somebody types, how the form stands, and shows it. Option: data-assess-url.
 * Fields under a condition are in a fieldset [data-live]; computed values in an <output data-output>; what rules say
 * is told beside the fields, or in [data-live-top], and does not look like an error before the form is sent.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, make, one } from "../lib/dom";

export interface Assessed {
  fields: Record<string, { visible: boolean; required: boolean; readonly: boolean }>;
  values: Record<string, string>;
  errors: { field: string; text: string }[];
}

const WAIT_MS = 400;

registerBehaviour("live-form", (element) => {
  const form = element as HTMLFormElement;
  let timer = 0;
  let asked: AbortController | undefined;
  const ask = async () => {
    asked?.abort();
    const mine = new AbortController();
    asked = mine;
    const found = await assessed(form, mine.signal).catch(() => null);
    if (found && !mine.signal.aborted && form.isConnected) apply(form, found);
  };
  const soon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  return () => {
    window.clearTimeout(timer);
    asked?.abort();
    form.removeEventListener("input", soon);
    form.removeEventListener("change", soon);
  };
});

async function assessed(form: HTMLFormElement, signal: AbortSignal): Promise<Assessed | null> {
  const texts = [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const token = one<HTMLMetaElement>(document, "meta[name=csrf-token]")?.content ?? "";
  const answer = await fetch(form.dataset.assessUrl ?? "", {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
    body: new URLSearchParams(texts),
    signal,
  });
  return answer.ok ? answer.json() : null;
}

/** Show how the form stands. */
export function apply(form: HTMLElement, found: Assessed): void {
  for (const [name, state] of Object.entries(found.fields)) {
    const slot = one<HTMLFieldSetElement>(form, `fieldset[data-live="${CSS.escape(name)}"]`);
    if (!slot) continue;
    slot.hidden = !state.visible;
    slot.disabled = !state.visible || state.readonly; // what is disabled is not sent
    require(slot, state.required);
  }
  for (const [name, text] of Object.entries(found.values)) {
    const output = one(form, `[data-output="${CSS.escape(name)}"]`);
    if (output && output.textContent !== (text || "—")) output.textContent = text || "—";
  }
  tell(form, found.errors);
}

function require(slot: HTMLElement, isRequired: boolean): void {
  const label = one(slot, ".form-label");
  const mark = one(slot, ".required");
  if (!isRequired) mark?.remove();
  else if (label && !mark) label.append(make("span", { class: "required", "aria-hidden": "true" }, "*"));
  for (const control of all(slot, "input:not([type=hidden]), select, textarea")) {
    control.toggleAttribute("required", isRequired);
  }
}

function tell(form: HTMLElement, errors: Assessed["errors"]): void {
  for (const shown of all(form, "[data-live-error]")) shown.remove();
  const top = one(form, "[data-live-top]");
  top?.replaceChildren();
  for (const error of errors) {
    const field = error.field ? one(form, `.field[data-field="${CSS.escape(error.field)}"]`) : null;
    const place = field?.closest("[hidden]") ? null : field;
    if (place && one(place, ".field-error")?.textContent?.includes(error.text)) continue; // said when it was sent
    if (place) place.append(make("div", { class: "live-error", "data-live-error": "", role: "status" }, error.text));
    else if (one(form, "[data-said]")?.textContent?.includes(error.text)) continue;
    else top?.append(make("div", {}, error.text));
  }
  if (top) top.hidden = !top.hasChildNodes();
}
