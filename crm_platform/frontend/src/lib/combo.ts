/** A list of options below a text input: shows, marks with the arrow keys, picks. Used by lookup and multi-select. */
import { make, onOutside } from "./dom";

export interface Option {
  id: string;
  name: string;
  subtitle?: string;
  object?: string;
  href?: string;
}

export interface ComboParts {
  root: HTMLElement;
  input: HTMLInputElement;
  list: HTMLElement;
  pick(option: Option): void;
}

export class Combo {
  private options: Option[] = [];
  private marked = -1;
  private readonly stopOutside: () => void;

  constructor(private readonly parts: ComboParts) {
    const { root, input, list } = parts;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    list.setAttribute("role", "listbox");
    input.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the input
    list.addEventListener("click", (event) => {
      const item = (event.target as HTMLElement).closest<HTMLElement>("[role=option]");
      if (item) this.choose(Number(item.dataset.index));
    });
    this.stopOutside = onOutside(root, () => this.close());
    this.close();
  }

  get isOpen(): boolean {
    return !this.parts.list.hasAttribute("hidden");
  }

  /** Show options; `none` is the text when there are none. */
  show(options: Option[], none: string): void {
    const { list, input } = this.parts;
    this.options = options;
    list.replaceChildren(...options.map((option, index) => this.item(option, index)));
    if (!options.length) list.append(make("li", { class: "combo-none" }, none));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    this.mark(options.length ? 0 : -1);
  }

  close(): void {
    this.parts.list.hidden = true;
    this.parts.input.setAttribute("aria-expanded", "false");
    this.parts.input.removeAttribute("aria-activedescendant");
  }

  destroy(): void {
    this.stopOutside();
  }

  private item(option: Option, index: number): HTMLElement {
    const id = `${this.parts.list.id}-${index}`;
    const item = make("li", { class: "combo-option", role: "option", id, "data-index": String(index) });
    item.append(make("span", { class: "combo-name" }, option.name));
    if (option.subtitle) item.append(make("small", {}, option.subtitle));
    return item;
  }

  private mark(index: number): void {
    this.marked = index;
    [...this.parts.list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    const item = this.parts.list.children[index];
    item?.scrollIntoView?.({ block: "nearest" });
    if (item?.id) this.parts.input.setAttribute("aria-activedescendant", item.id);
  }

  private choose(index: number): void {
    const option = this.options[index];
    if (!option) return;
    this.close();
    this.parts.pick(option);
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.isOpen || event.isComposing) return; // composing: the person is choosing Chinese characters
    const count = this.options.length;
    if (event.key === "ArrowDown" && count) this.mark((this.marked + 1) % count);
    else if (event.key === "ArrowUp" && count) this.mark((this.marked - 1 + count) % count);
    else if (event.key === "Enter") this.choose(this.marked);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
