/** Puts markup on a test page and starts its behaviours, as the console does on load. */
import { afterEach } from "vitest";
import { startBehaviours, stopBehaviours } from "../src/lib/behaviour";

export function show(markup: string): void {
  document.body.innerHTML = markup;
  startBehaviours(document);
}

export function get<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`the test page has no ${selector}`);
  return found;
}

export function press(target: EventTarget, key: string, options: KeyboardEventInit = {}): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
}

export function type(input: HTMLInputElement, text: string): void {
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Lets promises that are under way settle. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

afterEach(() => {
  for (const element of document.querySelectorAll("[data-behaviour]")) stopBehaviours(element);
  document.body.innerHTML = "";
});
