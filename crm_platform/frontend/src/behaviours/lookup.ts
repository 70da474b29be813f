/**
 * lookup: finds a record as one types. The server renders (console/widgets/lookup.html):
 *   root      data-url (JSON [{id, name, subtitle, object}] for ?q=; "{object}" stands for the chosen kind),
 *             data-sends (controls of the form whose values go along), data-multiple, data-label-none, data-label-clear
 *   [data-lookup-text] the input, [data-lookup-value] hidden id, [data-lookup-object] hidden kind (several kinds),
 *   [data-lookup-chips] the chosen records, data-names the inputs that keep their names, template[data-lookup-parts]
 *   the inputs that every chip has of its own (a radio [data-chip-choice] stands for its record),
 *   [data-lookup-kind] a select of kinds, [data-lookup-clear], .combo-list, [data-lookup-chips] (several values).
 */
import { registerBehaviour } from "../lib/behaviour";
import { Combo, type Option } from "../lib/combo";
import { all, icon, make, one } from "../lib/dom";
import { valueOf } from "./show-when";

const WAIT_MS = 160;

registerBehaviour("lookup", (root) => {
  const input = one<HTMLInputElement>(root, "[data-lookup-text]");
  const list = one(root, ".combo-list");
  if (!input || !list) return;
  const value = one<HTMLInputElement>(root, "[data-lookup-value]");
  const object = one<HTMLInputElement>(root, "[data-lookup-object]");
  const kind = one<HTMLSelectElement>(root, "[data-lookup-kind]");
  const clear = one(root, "[data-lookup-clear]");
  const chips = one(root, "[data-lookup-chips]");
  let chosenName = input.value;
  let timer = 0;
  let latest = 0;

  const changed = () => {
    if (clear) clear.hidden = !value?.value;
    (value ?? input).dispatchEvent(new Event("change", { bubbles: true }));
  };
  const set = (option: Option | null) => {
    if (value) value.value = option?.id ?? "";
    if (object) object.value = option ? (option.object ?? kind?.value ?? "") : "";
    chosenName = input.value = option?.name ?? "";
    changed();
  };
  const addChip = (option: Option) => {
    if (!all<HTMLInputElement>(chips!, "input[type=hidden]").some((taken) => taken.value === option.id)) {
      chips!.append(chip(option, root));
    }
    input.value = "";
    changed();
  };
  const combo = new Combo({ root, input, list, pick: chips ? addChip : set });

  const ask = async () => {
    const mine = ++latest;
    const address = (root.dataset.url ?? "").replace("{object}", encodeURIComponent(kind?.value ?? ""));
    const url = new URL(address, window.location.href);
    url.searchParams.set("q", input.value.trim());
    for (const name of (root.dataset.sends ?? "").split(",").filter(Boolean)) {
      url.searchParams.set(name, valueOf(root.closest("form") ?? document.body, name) || (url.searchParams.get(name) ?? ""));
    }
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (mine !== latest || !root.contains(document.activeElement)) return;
    const data = answer?.ok ? await answer.json() : [];
    combo.show(Array.isArray(data) ? data : (data.results ?? []), root.dataset.labelNone ?? "");
  };
  const askSoon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  };

  input.addEventListener("input", () => {
    if (!input.value && !chips) set(null);
    askSoon();
  });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", askSoon);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !combo.isOpen) askSoon();
    if (event.key === "Backspace" && chips && !input.value) chips.lastElementChild?.remove();
  });
  input.addEventListener("blur", () => {
    if (!chips) input.value = chosenName; // text that was not chosen from the list is no value
  });
  clear?.addEventListener("click", () => {
    set(null);
    input.focus();
  });
  kind?.addEventListener("change", () => set(null));
  chips?.addEventListener("click", (event) => {
    const remove = (event.target as HTMLElement).closest("[data-chip-remove]");
    if (remove) remove.closest(".combo-chip")?.remove();
    if (remove) changed();
  });
  if (clear) clear.hidden = !value?.value;
  return () => {
    window.clearTimeout(timer);
    combo.destroy();
  };
});

function chip(option: Option, root: HTMLElement): HTMLElement {
  const { name = "", names, labelClear = "" } = root.dataset;
  const made = make("span", { class: "combo-chip" }, option.name, make("input", { type: "hidden", name, value: option.id }));
  if (names) made.append(make("input", { type: "hidden", name: names, value: option.name }));
  const parts = one<HTMLElement>(root, "template[data-lookup-parts]") as HTMLTemplateElement | null;
  if (parts) made.append(parts.content.cloneNode(true));
  for (const choice of all<HTMLInputElement>(made, "[data-chip-choice]")) choice.value = option.id;
  made.append(make("button", { type: "button", class: "combo-chip-remove", "data-chip-remove": "", "aria-label": labelClear }, icon("x")));
  return made;
}
