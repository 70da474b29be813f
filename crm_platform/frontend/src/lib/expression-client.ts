/** What the expression editor asks the server: which names fit, and what is wrong. */
import type { Names } from "./expression-text";

export interface Mistake {
  message: string;
  start: number;
  end: number;
  suggestion: string;
}

export interface Checked {
  valid: boolean;
  type_label?: string;
  error?: Mistake;
}

const known = new Map<string, Promise<Names>>();
const NONE: Names = { names: [], functions: [] };

/** The names after a path of an object, asked for once per page; none when the server can't be reached. */
export function namesAfter(url: string, object: string, path: string): Promise<Names> {
  const address = new URL(url, window.location.href);
  address.searchParams.set("object", object);
  address.searchParams.set("path", path);
  const key = address.href;
  let answer = known.get(key);
  if (!answer) {
    answer = ask<Names>(key).then((found) => {
      if (!found) known.delete(key);
      return found ?? NONE;
    });
    known.set(key, answer);
  }
  return answer;
}

/** What the server says of an expression; null when it can't be reached. */
export function check(url: string, sent: Record<string, string>): Promise<Checked | null> {
  const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
  return ask<Checked>(url, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(sent) });
}

async function ask<T>(url: string, options: RequestInit = {}): Promise<T | null> {
  const headers = { Accept: "application/json", ...options.headers };
  const answer = await fetch(url, { ...options, headers }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as T) : null;
}
