/**
 * mentions: "@" in a text offers people while one types their names. The element holds a <textarea> and a .combo-list;
 * data-url answers ?q= with JSON {results: [{id, name, subtitle}]}, data-name is that of the hidden inputs which carry
 * the ids of who is mentioned (data-mentioned: his name), data-label-none is said when nobody fits.
 * Somebody whose "@name" is taken out of the text again is not mentioned any more.
 */
import { registerBehaviour } from "../lib/behaviour";
import { Combo, type Option } from "../lib/combo";
import { all, make, one } from "../lib/dom";

const WAIT_MS = 160;
const BEFORE_CARET = /[@＠]([^\s@＠，。、；：！？,;:!?]{0,20})$/;

/** Return what has been typed after the "@" before the caret, null when there is none. */
export function typedName(text: string, caret: number): string | null {
  return BEFORE_CARET.exec(text.slice(0, caret))?.[1] ?? null;
}

/** Return the text with the name in place of what was typed after the last "@" before the caret, and the new caret. */
export function withName(text: string, caret: number, name: string): [string, number] {
  const before = text.slice(0, caret).replace(BEFORE_CARET, () => `@${name} `);
  return [before + text.slice(caret).replace(/^ /, ""), before.length];
}

registerBehaviour("mentions", (root) => {
  const input = one<HTMLTextAreaElement>(root, "textarea");
  const list = one(root, ".combo-list");
  if (!input || !list) return;
  let timer = 0;
  let latest = 0;

  const pick = (option: Option) => {
    const [text, caret] = withName(input.value, input.selectionStart, option.name);
    input.value = text;
    input.setSelectionRange(caret, caret);
    const name = root.dataset.name ?? "";
    const isKnown = all<HTMLInputElement>(root, "[data-mentioned]").some((item) => item.value === option.id);
    if (!isKnown) root.append(make("input", { type: "hidden", name, value: option.id, "data-mentioned": option.name }));
    input.focus();
  };
  const combo = new Combo({ root, input: input as unknown as HTMLInputElement, list, pick });

  const ask = async () => {
    const typed = typedName(input.value, input.selectionStart);
    const mine = ++latest;
    if (typed === null) return combo.close();
    const url = new URL(root.dataset.url ?? "", window.location.href);
    url.searchParams.set("q", typed);
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (mine !== latest || document.activeElement !== input) return;
    const found = answer?.ok ? (await answer.json()).results : [];
    combo.show(found, root.dataset.labelNone ?? "");
  };
  input.addEventListener("input", () => {
    for (const item of all<HTMLInputElement>(root, "[data-mentioned]")) {
      if (!input.value.includes(`@${item.dataset.mentioned}`)) item.remove();
    }
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  });
  return () => {
    window.clearTimeout(timer);
    combo.destroy();
  };
});
