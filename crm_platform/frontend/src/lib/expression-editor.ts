/**
 * The editor of formulas and conditions over a text area that stays the form's control; in a file of its own that
 * only pages with such a field load. Options on the text area: see metadata/field_types/widgets.py.
 */
import {
  acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, type Completion, type CompletionContext,
  completionKeymap, type CompletionResult, startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, forceLinting, linter, lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { icon, make, one } from "./dom";
import { check, type Checked, type Mistake, namesAfter } from "./expression-client";
import { byLabel, callOf, type FunctionEntry, isLabel, type NameEntry, STEP, wordBefore } from "./expression-text";
import { look } from "./expression-look";

const WAIT_MS = 400;

/** Put an editor in the place of the text area; returns what takes it away again. */
export function startExpressionEditor(area: HTMLTextAreaElement): () => void {
  const status = make("div", { class: "expression-status", role: "status" });
  const place = make("div", { class: `expression-editor ${area.className}` });
  area.after(place, status);
  area.hidden = true;
  const wasRequired = area.required;
  area.required = false; // the browser can't point at a control that is not shown; the server tells
  const view = new EditorView({ parent: place, state: EditorState.create({ doc: area.value, extensions: extensions(area, status) }) });
  const label = area.id ? one<HTMLLabelElement>(document, `label[for="${CSS.escape(area.id)}"]`) : null;
  const focus = () => view.focus();
  const recheck = (event: Event) => {
    const name = (event.target as HTMLInputElement).name;
    if (name && (name === area.dataset.objectFrom || name === area.dataset.returnsFrom)) forceLinting(retouched(view));
  };
  label?.addEventListener("click", focus);
  area.form?.addEventListener("change", recheck);
  return () => {
    label?.removeEventListener("click", focus);
    area.form?.removeEventListener("change", recheck);
    view.destroy();
    place.remove();
    status.remove();
    area.hidden = false;
    area.required = wasRequired;
  };
}

/** Make the checker look again at a text that has not changed. */
function retouched(view: EditorView): EditorView {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: view.state.doc } });
  return view;
}

function extensions(area: HTMLTextAreaElement, status: HTMLElement): Extension {
  const isFixed = area.disabled || area.readOnly;
  return [
    EditorView.cspNonce.of(one<HTMLScriptElement>(document, "script[nonce]")?.nonce ?? ""),
    look,
    history(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ override: [(context) => complete(area, context)], icons: false }),
    linter((view) => diagnose(area, status, view), { delay: WAIT_MS }),
    // Tab takes what is offered; with nothing offered it leaves the editor, as it leaves every other control.
    keymap.of([{ key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of(attributes(area)),
    EditorState.readOnly.of(isFixed),
    EditorView.editable.of(!isFixed),
    EditorView.updateListener.of((update) => {
      const text = update.state.doc.toString();
      if (!update.docChanged || text === area.value) return;
      area.value = text;
      for (const type of ["input", "change"]) area.dispatchEvent(new Event(type, { bubbles: true }));
    }),
  ];
}

function attributes(area: HTMLTextAreaElement): Record<string, string> {
  const label = area.id ? one(document, `label[for="${CSS.escape(area.id)}"]`)?.firstChild?.textContent?.trim() : "";
  const described = area.getAttribute("aria-describedby");
  const lines = String(Math.max(area.rows, 1) * 1.6);
  return {
    "aria-label": label || area.name,
    ...(described ? { "aria-describedby": described } : {}),
    ...(area.required ? { "aria-required": "true" } : {}),
    autocapitalize: "off",
    style: `min-height: calc(${lines} * 13px + 16px)`, // set through the object model, which the policy allows
  };
}

/** The value of an option, or of the control of the form that knows it. */
export function optionOf(area: HTMLTextAreaElement, name: "object" | "returns"): string {
  const from = area.dataset[`${name}From`];
  if (!from) return area.dataset[name] ?? "";
  const control = area.form?.elements.namedItem(from);
  return control && "value" in control ? String(control.value) : "";
}

// --- completion -----------------------------------------------------------------------------------------------
async function complete(area: HTMLTextAreaElement, context: CompletionContext): Promise<CompletionResult | null> {
  const word = wordBefore(context.state.doc.sliceString(0, context.pos));
  const object = optionOf(area, "object");
  if (!word || !object || (!word.part && !word.path && !context.explicit)) return null;
  const found = await namesAfter(area.dataset.namesUrl ?? "", object, word.path);
  if (isLabel(word.part)) {
    return { from: word.from, options: byLabel(found.names, word.part).map(nameOption), filter: false };
  }
  const options = [...found.names.map(nameOption), ...found.functions.map(functionOption)];
  return { from: word.from, options, validFor: /^\$?\w*$/ };
}

function nameOption(entry: NameEntry): Completion {
  const detail = [entry.label === entry.name ? "" : entry.label, entry.type_label].filter(Boolean).join(" · ");
  if (entry.type !== STEP) return { label: entry.name, detail, boost: 2 };
  const apply = (view: EditorView, _chosen: Completion, from: number, to: number) => {
    put(view, from, to, `${entry.name}.`);
    startCompletion(view);
  };
  return { label: entry.name, displayLabel: `${entry.name}.`, detail, boost: 1, apply };
}

function functionOption(entry: FunctionEntry): Completion {
  const info = () => {
    const example = entry.result ? `${entry.example} → ${entry.result}` : entry.example;
    return make("div", {}, make("strong", {}, entry.signature), make("p", {}, entry.summary), make("p", {}, make("code", {}, example)));
  };
  const apply = (view: EditorView, _chosen: Completion, from: number, to: number) => {
    const [text, cursor] = callOf(entry, view.state.doc.sliceString(to, to + 1));
    put(view, from, to, text, cursor);
  };
  return { label: entry.name, detail: entry.signature.slice(entry.name.length), info, apply };
}

function put(view: EditorView, from: number, to: number, text: string, cursor = text.length): void {
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + cursor }, userEvent: "input.complete" });
}

// --- mistakes -------------------------------------------------------------------------------------------------
async function diagnose(area: HTMLTextAreaElement, status: HTMLElement, view: EditorView): Promise<Diagnostic[]> {
  const text = view.state.doc.toString();
  const object = optionOf(area, "object");
  const sent = { object, text, returns: optionOf(area, "returns"), purpose: area.dataset.purpose ?? "" };
  const found = text.trim() && object ? await check(area.dataset.checkUrl ?? "", sent) : null;
  if (view.state.doc.toString() !== text) return []; // it was changed meanwhile and is checked again
  tell(area, status, view, found);
  return found?.error ? [diagnostic(area, found.error, text.length)] : [];
}

function diagnostic(area: HTMLTextAreaElement, mistake: Mistake, length: number): Diagnostic {
  const from = Math.min(mistake.start, length);
  const to = Math.min(Math.max(mistake.end, from), length);
  const apply = (view: EditorView, start: number, end: number) => put(view, start, end, mistake.suggestion);
  const actions = mistake.suggestion ? [{ name: useLabel(area, mistake), apply }] : [];
  return { from, to, severity: "error", message: mistake.message, actions };
}

/** Say below the editor what is wrong, with a button that puts it right where the server knows how. */
function tell(area: HTMLTextAreaElement, status: HTMLElement, view: EditorView, found: Checked | null): void {
  status.replaceChildren();
  status.classList.toggle("is-wrong", found?.valid === false);
  if (found?.valid) status.append((area.dataset.labelSound ?? "").replace("{type}", found.type_label ?? ""));
  const mistake = found?.error;
  if (!mistake) return;
  status.append(icon("alert-circle"), mistake.message);
  if (!mistake.suggestion) return;
  const button = make("button", { type: "button", class: "btn btn-sm" }, useLabel(area, mistake));
  button.addEventListener("click", () => {
    put(view, mistake.start, mistake.end, mistake.suggestion);
    view.focus();
  });
  status.append(button);
}

function useLabel(area: HTMLTextAreaElement, mistake: Mistake): string {
  return (area.dataset.labelUse ?? "").replace("{text}", mistake.suggestion);
}
