/**
 * tags: shows a text of tags separated by commas as chips with a box to add more; the text itself stays the value.
 * Options: data-url (answers ?q= with a JSON list of texts), data-label-remove, data-label-none. A <datalist data-known>
 * beside the input holds tags that are known already.
 */
import { registerBehaviour } from "../lib/behaviour";
import { Combo } from "../lib/combo";
import { all, icon, make, one } from "../lib/dom";

const SEPARATORS = /[,，、;；\r\n]+/;
const WAIT = 200; // milliseconds after the last key

registerBehaviour("tags", (element) => {
  const value = element as HTMLInputElement;
  const input = make("input", { type: "text", autocomplete: "off", id: `${value.id || value.name}-new` }) as HTMLInputElement;
  const box = make("div", { class: "combo-box" }, input);
  const list = make("ul", { class: "combo-list", id: `${value.id || value.name}-tags` });
  const root = make("div", { class: "combo" }, box, list);
  const label = value.id ? one<HTMLLabelElement>(document, `label[for="${CSS.escape(value.id)}"]`) : null;
  if (label) {
    input.setAttribute("aria-label", label.textContent?.trim() ?? "");
    label.htmlFor = input.id;
  }
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const text = value.getAttribute(name);
    if (text) input.setAttribute(name, text);
  }
  value.hidden = true;
  value.after(root);

  const known = all<HTMLOptionElement>(value.parentElement ?? root, "[data-known] option").map((option) => option.value);
  let asked = 0;
  let timer = 0;
  const chosen = () => value.value.split(SEPARATORS).map((part) => part.trim()).filter(Boolean);
  const setChosen = (tags: string[]) => {
    const unique = tags.filter((tag, at) => tags.findIndex((other) => other.toLowerCase() === tag.toLowerCase()) === at);
    value.value = unique.join(", ");
    value.dispatchEvent(new Event("input", { bubbles: true }));
    value.dispatchEvent(new Event("change", { bubbles: true }));
    draw();
  };
  const draw = () => box.replaceChildren(...chosen().map((tag) => chip(tag, value.dataset.labelRemove ?? "")), input);
  const add = (text: string) => {
    input.value = "";
    combo.close();
    setChosen([...chosen(), ...text.split(SEPARATORS).map((part) => part.trim()).filter(Boolean)]);
    input.focus();
  };
  const combo = new Combo({ root, input, list, pick: (option) => add(option.name) });

  const offer = async () => {
    const wanted = input.value.trim();
    const turn = ++asked;
    const found = value.dataset.url ? await suggestions(value.dataset.url, wanted) : known;
    if (turn !== asked || document.activeElement !== input) return; // another key, or gone elsewhere
    const open = found.filter((tag) => !chosen().includes(tag) && tag.toLowerCase().includes(wanted.toLowerCase()));
    const fresh = wanted && value.dataset.url && !found.includes(wanted) ? [wanted] : [];
    const options = [...fresh, ...open].slice(0, 20).map((tag) => ({ id: tag, name: tag }));
    if (options.length || wanted) combo.show(options, value.dataset.labelNone ?? "");
    else combo.close();
  };

  input.addEventListener("input", () => {
    if (SEPARATORS.test(input.value)) return add(input.value);
    clearTimeout(timer);
    timer = window.setTimeout(() => void offer(), value.dataset.url ? WAIT : 0);
  });
  input.addEventListener("click", () => void offer());
  input.addEventListener("blur", () => {
    if (input.value.trim() && (value.dataset.url || known.includes(input.value.trim()))) add(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && !combo.isOpen) void offer();
    if (event.key === "Enter" && !event.defaultPrevented && input.value.trim()) {
      event.preventDefault(); // adds the tag instead of sending the form
      add(input.value);
    }
    if (event.key === "Backspace" && !input.value) setChosen(chosen().slice(0, -1));
  });
  box.addEventListener("click", (event) => {
    const remove = (event.target as HTMLElement).closest<HTMLElement>("[data-chip-remove]");
    if (remove) setChosen(chosen().filter((tag) => tag !== remove.dataset.chipRemove));
    else input.focus();
  });
  draw();
  return () => {
    clearTimeout(timer);
    combo.destroy();
  };
});

/** The known tags that fit a text; none when the server can't be asked. */
async function suggestions(url: string, wanted: string): Promise<string[]> {
  try {
    const answer = await fetch(`${url}?q=${encodeURIComponent(wanted)}`, { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as string[]) : [];
  } catch {
    return [];
  }
}

function chip(tag: string, label: string): HTMLElement {
  const attributes = { type: "button", class: "combo-chip-remove", "data-chip-remove": tag, "aria-label": `${label} ${tag}` };
  return make("span", { class: "combo-chip" }, tag, make("button", attributes, icon("x")));
}
