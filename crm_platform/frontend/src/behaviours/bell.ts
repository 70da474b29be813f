/**
 * bell: shows how many notifications are unread. Options: data-unread-url, data-person. Asks once a minute while the
 * page is looked at; what was heard a moment ago on another page is enough. The event `unread` tells a new number.
 */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

const EVERY_MS = 60_000;
const MOST = 99;

interface Heard {
  count: number;
  at: number;
}

registerBehaviour("bell", (element) => {
  const key = `unread:${element.dataset.person ?? ""}`;
  const heard = (count: number) => {
    sessionStorage.setItem(key, JSON.stringify({ count, at: Date.now() }));
    show(element, count);
  };
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    const known = remembered(key);
    if (known) show(element, known.count);
    if (known && Date.now() - known.at < EVERY_MS) return;
    const answer = await fetch(element.dataset.unreadUrl ?? "", {
      headers: { Accept: "application/json", "X-Background": "1" },
    }).catch(() => null);
    if (answer?.ok && answer.headers.get("Content-Type")?.includes("json")) heard((await answer.json()).unread);
  };
  const told = (event: Event) => heard((event as CustomEvent<{ count: number }>).detail.count);
  const soon = () => void ask();

  document.addEventListener("unread", told);
  document.addEventListener("visibilitychange", soon);
  const timer = window.setInterval(soon, EVERY_MS / 4);
  soon();
  return () => {
    document.removeEventListener("unread", told);
    document.removeEventListener("visibilitychange", soon);
    window.clearInterval(timer);
  };
});

function remembered(key: string): Heard | null {
  const kept = sessionStorage.getItem(key);
  return kept ? (JSON.parse(kept) as Heard) : null;
}

function show(element: HTMLElement, count: number): void {
  const badge = one(element, "[data-unread]");
  if (!badge) return;
  badge.hidden = count === 0;
  badge.textContent = count > MOST ? `${MOST}+` : String(count);
}
