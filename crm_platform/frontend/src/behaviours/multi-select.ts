/**
 * multi-select: shows a <select multiple> as chips with a box to find more; the select itself stays the value,
 * so that the form works the same without this. Options: data-label-none, data-label-clear, data-placeholder.
 */
import { registerBehaviour } from "../lib/behaviour";
import { Combo } from "../lib/combo";
import { icon, make } from "../lib/dom";

registerBehaviour("multi-select", (element) => {
  const select = element as HTMLSelectElement;
  const input = make("input", { type: "text", autocomplete: "off", placeholder: select.dataset.placeholder }) as HTMLInputElement;
  const box = make("div", { class: "combo-box" }, input);
  const list = make("ul", { class: "combo-list", id: `${select.id || select.name}-options` });
  const root = make("div", { class: "combo" }, box, list);
  const label = select.id ? document.querySelector(`label[for="${CSS.escape(select.id)}"]`) : null;
  if (label) input.setAttribute("aria-label", label.textContent?.trim() ?? "");
  select.hidden = true;
  select.after(root);

  const chosen = () => [...select.options].filter((option) => option.selected);
  const optionOf = (id: string) => [...select.options].find((option) => option.value === id);
  const setChosen = (id: string, isChosen: boolean) => {
    const option = optionOf(id);
    if (option) option.selected = isChosen;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    draw();
  };
  const draw = () => {
    box.replaceChildren(...chosen().map((option) => chip(option, select.dataset.labelClear ?? "")), input);
  };
  const combo = new Combo({
    root,
    input,
    list,
    pick: (option) => {
      input.value = "";
      setChosen(option.id, true);
      input.focus();
    },
  });
  const offer = () => {
    const wanted = input.value.trim().toLowerCase();
    const open = [...select.options].filter((option) => !option.selected && option.value);
    const fitting = open.filter((option) => option.text.toLowerCase().includes(wanted));
    combo.show(fitting.map((option) => ({ id: option.value, name: option.text })), select.dataset.labelNone ?? "");
  };

  input.addEventListener("input", offer);
  input.addEventListener("click", offer);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !combo.isOpen) offer();
    const last = chosen().at(-1);
    if (event.key === "Backspace" && !input.value && last) setChosen(last.value, false);
  });
  box.addEventListener("click", (event) => {
    const remove = (event.target as HTMLElement).closest<HTMLElement>("[data-chip-remove]");
    if (remove) setChosen(remove.dataset.chipRemove ?? "", false);
    else input.focus();
  });
  select.addEventListener("options-changed", draw);
  draw();
  return () => combo.destroy();
});

function chip(option: HTMLOptionElement, label: string): HTMLElement {
  const remove = make(
    "button",
    { type: "button", class: "combo-chip-remove", "data-chip-remove": option.value, "aria-label": `${label} ${option.text}` },
    icon("x"),
  );
  return make("span", { class: "combo-chip" }, option.text, remove);
}
