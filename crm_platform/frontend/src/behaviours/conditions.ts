/**
 * conditions: rows of field, operator and value in the place of a filter's JSON, which stays what the form sends.
 * The server makes the rows (layouts/conditions/editor.html) and the JSON from them; it is asked again
 * whenever a row changes, and once more, telling what is missing, before the form goes.
 *   root  data-url, data-target (what the conditions are about) or data-target-from (the control that knows),
 *         data-field (the field whose filter it is); [data-conditions-source] holds the textarea,
 *         [data-conditions-box] the rows, [data-conditions-switch] changes between both.
 *   rows  data-state ("rows", "tree": more than rows can say, "waiting": no target yet), data-json,
 *         [data-row] with [data-row-problems] and [data-row-remove], [data-conditions-add],
 *         [data-redraws] on controls on which the others depend.
 */
import { registerBehaviour, startBehaviours } from "../lib/behaviour";
import { all, one } from "../lib/dom";
import { valueOf } from "./show-when";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
type Sent = Record<string, string>;

registerBehaviour("conditions", (root) => {
  const form = root.closest("form");
  const box = one(root, "[data-conditions-box]");
  const source = one(root, "[data-conditions-source]");
  const text = source && one<HTMLTextAreaElement>(source, "textarea");
  const toggle = one(root, "[data-conditions-switch]");
  if (!form || !box || !source || !text || !toggle) return;
  let queue: Promise<unknown> = Promise.resolve(); // one question at a time, each about the rows as they are then
  let isChanged = false; // the rows say something that the JSON may not say yet
  let isSettled = false; // they have been checked, so that the form may go

  const showJson = (isJson: boolean) => {
    source.hidden = !isJson;
    box.hidden = isJson && state() !== "tree";
    toggle.textContent = (isJson ? toggle.dataset.labelRows : toggle.dataset.labelJson) ?? "";
    toggle.hidden = state() === "waiting" || (isJson && state() === "tree" && !text.value.trim());
  };
  const state = () => one(box, "[data-state]")?.dataset.state ?? "";

  const ask = async (more: Sent): Promise<HTMLElement | null> => {
    const target = root.dataset.target || valueOf(form, root.dataset.targetFrom ?? "");
    const body = new URLSearchParams({ target, field: root.dataset.field ?? "", ...more });
    for (const control of all<Control>(box, "input, select, textarea")) {
      const isOff = control instanceof HTMLInputElement && ["checkbox", "radio"].includes(control.type) && !control.checked;
      if (!control.name || control.disabled || isOff) continue;
      body.append(control.name, control.value);
    }
    const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
    const headers = { "X-CSRFToken": token, "HX-Request": "true" };
    const answer = await fetch(root.dataset.url ?? "", { method: "POST", body, headers }).catch(() => null);
    if (!answer?.ok || !root.isConnected) return null;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return one(holder.content, ".conditions");
  };
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = queue.then(run);
    queue = turn.catch(() => undefined);
    return turn;
  };
  const draw = (made: HTMLElement, before: Map<string, string>) => {
    for (const [name, value] of values(box)) {
      const control = one<Control>(made, `[name="${CSS.escape(name)}"]`);
      if (control && before.get(name) !== value) control.value = value; // typed while the answer was on its way
    }
    const name = (document.activeElement as Control | null)?.name;
    const hadFocus = box.contains(document.activeElement);
    // Of no form: they are not sent, and the form does not count as changed because of them.
    for (const control of all<Control>(made, "[name]")) control.setAttribute("form", `${text.id}-rows`);
    box.replaceChildren(made);
    startBehaviours(made);
    if (hadFocus && name) one(box, `[name="${CSS.escape(name)}"]`)?.focus();
  };
  /** Put the messages of the answer beside the rows, which stay as they are. */
  const tell = (made: HTMLElement) => {
    const fresh = all(made, "[data-row]");
    all(box, "[data-row]").forEach((row, at) => {
      const said = fresh[at] && one(fresh[at], "[data-row-problems]");
      one(row, "[data-row-problems]")?.replaceChildren(...(said ? [...said.childNodes] : []));
      row.classList.toggle("has-error", !!fresh[at]?.classList.contains("has-error"));
    });
  };
  const keep = (made: HTMLElement) => {
    text.value = made.dataset.json ?? "";
  };

  /** Read the JSON anew. */
  const load = () =>
    inTurn(async () => {
      box.replaceChildren();
      const made = await ask({ filter: text.value });
      if (!made) return showJson(true);
      draw(made, new Map());
      isChanged = false;
      showJson(state() === "tree");
    });
  /** Send the rows but `removed`; with `redraw` they are made anew, for another field has other inputs. */
  const sync = (more: Sent, redraw: boolean, removed = ""): Promise<boolean> => {
    isChanged = true;
    return inTurn(async () => {
      for (const row of all(box, "[data-row]")) if (removed && numberOf(row) === removed) row.remove();
      const before = values(box);
      const made = await ask({ is_sent: "1", ...more });
      if (!made) return false;
      keep(made);
      if (redraw) draw(made, before);
      else tell(made);
      return true;
    });
  };

  box.addEventListener("change", (event) => {
    const control = event.target as Control;
    event.stopPropagation();
    const row = control.closest<HTMLElement>("[data-row]");
    const name = control.name || (row && one<Control>(row, ".condition-value [name]")?.name); // of the box for several records
    void sync({ changed: name ?? "" }, control.hasAttribute("data-redraws"));
  });
  box.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (target.closest("[data-conditions-add]")) {
      void sync({ add: "1" }, true).then(() => all(box, ".condition-field").at(-1)?.focus());
      return;
    }
    const row = target.closest("[data-row-remove]") && target.closest("[data-row]");
    if (!row) return;
    const place = all(box, "[data-row]").indexOf(row as HTMLElement);
    void sync({}, true, numberOf(row as HTMLElement)).then(() => {
      const left = all(box, "[data-row-remove]");
      (left[Math.min(place, left.length - 1)] ?? one(box, "[data-conditions-add]"))?.focus();
    });
  });
  toggle.addEventListener("click", () => {
    if (source.hidden) void (isChanged ? sync({}, false) : Promise.resolve()).then(() => showJson(true));
    else void load();
  });
  const onTarget = (event: Event) => {
    if (!root.dataset.targetFrom || (event.target as Control).name !== root.dataset.targetFrom) return;
    if (source.hidden && isRows()) void sync({}, true).then(() => showJson(false));
    else void load();
  };
  const isRows = () => state() === "rows" && !!one(box, "[data-row]");
  const onSubmit = (event: SubmitEvent) => {
    if (isSettled || !isChanged || !source.hidden) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    void sync({ final: "1" }, false).then((isAnswered) => {
      const wrong = one(box, ".has-error");
      if (wrong) one(wrong, ".condition-value :is(input:not([type=hidden]), select, textarea)")?.focus();
      if (!isAnswered || wrong) return;
      isSettled = true;
      form.requestSubmit(submitter);
      isSettled = false;
    });
  };
  form.addEventListener("change", onTarget);
  form.addEventListener("submit", onSubmit, true);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", text.labels?.[0]?.textContent?.trim() ?? "");
  source.hidden = true;
  box.hidden = false;
  void load();
  return () => {
    form.removeEventListener("change", onTarget);
    form.removeEventListener("submit", onSubmit, true);
  };
});

function numberOf(row: HTMLElement): string {
  return one<HTMLInputElement>(row, "[name=row]")?.value ?? "";
}

/** What the inputs of the rows hold, by name; of those that hold a text or one of several choices. */
function values(box: HTMLElement): Map<string, string> {
  const typed = all<Control>(box, "select[name], textarea[name], input[name]:not([type=hidden], [type=checkbox], [type=radio])");
  return new Map(typed.map((control) => [control.name, control.value]));
}
