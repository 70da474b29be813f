/** Small pieces of DOM work that several behaviours share. */

export function one<T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): T | null {
  return root.querySelector<T>(selector);
}

export function all<T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

/** Make an element from its tag, attributes (undefined: left out) and children; text is never parsed as HTML. */
export function make(
  tag: string,
  attributes: Record<string, string | undefined> = {},
  ...children: (Node | string)[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Make an icon of the sprite, whose address the <html> element carries. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

/** Tell whether the person is typing, so that single-key shortcuts must keep quiet. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input, textarea, select, [contenteditable]");
}

/** Call `run` when a pointer or the focus goes outside of `element`; returns the function that stops it. */
export function onOutside(element: HTMLElement, run: () => void): () => void {
  const check = (event: Event) => {
    if (!element.contains(event.target as Node)) run();
  };
  document.addEventListener("pointerdown", check);
  document.addEventListener("focusin", check);
  return () => {
    document.removeEventListener("pointerdown", check);
    document.removeEventListener("focusin", check);
  };
}
