/**
 * Behaviours: functions that bring an element to life, named in markup by data-behaviour="name other-name".
 *
 * Each is started once per element, on load and after every htmx swap. A behaviour may return a function that
 * tidies up (global listeners, timers) when its element leaves the page.
 */
export type Cleanup = () => void;
export type Behaviour = (element: HTMLElement) => Cleanup | void;

const registry = new Map<string, Behaviour>();
const started = new WeakMap<Element, Map<string, Cleanup | void>>();

export function registerBehaviour(name: string, start: Behaviour): void {
  if (registry.has(name)) throw new Error(`behaviour "${name}" is registered twice`);
  registry.set(name, start);
}

/** Start what `root` and everything below it asks for; elements that run already are left alone. */
export function startBehaviours(root: ParentNode | Element): void {
  if (root instanceof HTMLElement && root.dataset.behaviour) startOn(root);
  for (const element of root.querySelectorAll<HTMLElement>("[data-behaviour]")) startOn(element);
}

/** Tidy up what was started on `element` itself. */
export function stopBehaviours(element: Element): void {
  for (const cleanup of started.get(element)?.values() ?? []) cleanup?.();
  started.delete(element);
}

function startOn(element: HTMLElement): void {
  const running = started.get(element) ?? new Map<string, Cleanup | void>();
  started.set(element, running);
  for (const name of (element.dataset.behaviour ?? "").split(/\s+/).filter(Boolean)) {
    const start = registry.get(name);
    if (!start || running.has(name)) continue;
    running.set(name, undefined);
    running.set(name, start(element));
  }
}
