/** What can be said of an expression's text without an editor: where a name begins, what fits there, its tokens. */
export interface NameEntry {
  name: string;
  label: string;
  type: string;
  type_label: string;
}

export interface FunctionEntry {
  name: string;
  signature: string;
  summary: string;
  example: string;
  result: string;
}

export interface Names {
  names: NameEntry[];
  functions: FunctionEntry[];
}

/** The name that is being written: what stands before its last dot, and its last part with its place. */
export interface Word {
  path: string;
  part: string;
  from: number;
}

export const STEP = "step"; // the type of names that lead on to another record
const COMPLETE = /\/\*[^]*?\*\/|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/g;
const UNFINISHED = /["']|\/\*/;
const WRITTEN = /(?:\$?[A-Za-z_]\w*\.)*[$\p{L}\p{N}_]*$/u;

/** The word at the end of `text`; null inside of a text or a comment, and behind a number. */
export function wordBefore(text: string): Word | null {
  if (UNFINISHED.test(text.replace(COMPLETE, " "))) return null;
  const written = WRITTEN.exec(text)?.[0] ?? "";
  const dot = written.lastIndexOf(".");
  const part = written.slice(dot + 1);
  if (/^\d/.test(part)) return null;
  return { path: dot < 0 ? "" : written.slice(0, dot), part, from: text.length - part.length };
}

/** The names that contain what is written in their label: for people who write the words of their own language. */
export function byLabel(names: NameEntry[], part: string): NameEntry[] {
  const wanted = part.toLowerCase();
  return names.filter((entry) => entry.label.toLowerCase().includes(wanted));
}

/** Whether a word has letters that no API name has. */
export function isLabel(part: string): boolean {
  return /[^$\w]/.test(part);
}

/** What a chosen function puts into the text, and where in it the cursor goes; `next` follows in the text already. */
export function callOf(entry: FunctionEntry, next: string): [string, number] {
  if (next === "(") return [entry.name, entry.name.length + 1];
  const takesNothing = entry.signature.endsWith("()");
  return [`${entry.name}()`, entry.name.length + (takesNothing ? 2 : 1)];
}

const TOKENS: [RegExp, string][] = [
  [/^"(?:[^"\\]|\\.)*("|$)|^'(?:[^'\\]|\\.)*('|$)/, "string"],
  [/^(?:\d+(?:\.\d+)?|\.\d+)/, "number"],
  [/^(?:TRUE|FALSE|NULL)\b/i, "atom"],
  [/^\$[A-Za-z_][\w.]*/, "special"],
  [/^[A-Za-z_]\w*(?=\s*\()/, "function"],
  [/^[A-Za-z_][\w.]*/, "name"],
  [/^(?:\|\||&&|<=|>=|<>|!=|==|[-=<>&+*/%^!])/, "operator"],
  [/^[(),]/, "bracket"],
];

/** The kind and the length of the token at the start of a line's rest; a character of no token is of kind "". */
export function tokenAt(rest: string): [string, number] {
  for (const [pattern, kind] of TOKENS) {
    const found = pattern.exec(rest);
    if (found?.[0]) return [kind, found[0].length];
  }
  return ["", 1];
}
