import { beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/expression-editor";
import { byLabel, callOf, isLabel, tokenAt, wordBefore } from "../src/lib/expression-text";
import { get, settle, show } from "./page";

test("the word at the cursor has the path before its last dot", () => {
  expect(wordBefore("amount > acc")).toEqual({ path: "", part: "acc", from: 9 });
  expect(wordBefore("account.owner.na")).toEqual({ path: "account.owner", part: "na", from: 14 });
  expect(wordBefore("account.")).toEqual({ path: "account", part: "", from: 8 });
  expect(wordBefore("$User.em")).toEqual({ path: "$User", part: "em", from: 6 });
  expect(wordBefore("IF(")).toEqual({ path: "", part: "", from: 3 });
});

test("there is no word inside of a text, a comment or a number", () => {
  expect(wordBefore('"some amo')).toBeNull();
  expect(wordBefore("/* amo")).toBeNull();
  expect(wordBefore("12")).toBeNull();
  expect(wordBefore(`"it's" & 'a "b"' & /* ' */ na`)).toEqual({ path: "", part: "na", from: 27 });
  expect(wordBefore(String.raw`"a\"" & na`)?.part).toBe("na");
});

test("words of one's own language find names by their label", () => {
  const names = [
    { name: "amount", label: "预计金额", type: "number", type_label: "" },
    { name: "name", label: "名称", type: "text", type_label: "" },
  ];
  expect(wordBefore("1 + 金")).toEqual({ path: "", part: "金", from: 4 });
  expect(isLabel("金")).toBe(true);
  expect(isLabel("$am_1")).toBe(false);
  expect(byLabel(names, "金额").map((entry) => entry.name)).toEqual(["amount"]);
});

test("a chosen function brings its brackets, with the cursor where its arguments go", () => {
  const left = { name: "LEFT", signature: "LEFT(text, count)", summary: "", example: "", result: "" };
  expect(callOf(left, "")).toEqual(["LEFT()", 5]);
  expect(callOf(left, "(")).toEqual(["LEFT", 5]);
  expect(callOf({ ...left, name: "NOW", signature: "NOW()" }, "")).toEqual(["NOW()", 5]);
});

test("tokens are told apart", () => {
  const kinds = (text: string) => {
    const found: string[] = [];
    for (let at = 0; at < text.length; ) {
      const [kind, length] = tokenAt(text.slice(at));
      if (kind) found.push(kind);
      at += length;
    }
    return found;
  };
  expect(kinds(`IF(a.b >= 1.5, "x", NULL)`)).toEqual([
    "function", "bracket", "name", "operator", "number", "bracket", "string", "bracket", "atom", "bracket",
  ]);
  expect(kinds("$User.name && nullable")).toEqual(["special", "operator", "name"]);
  expect(kinds(`"open`)).toEqual(["string"]);
});

let answer: unknown;

beforeEach(() => {
  answer = { valid: false, error: { message: "There is no field “amont”.", start: 0, end: 5, suggestion: "amount" } };
  vi.stubGlobal("fetch", vi.fn(async () => new Response(JSON.stringify(answer))));
});

async function open(): Promise<HTMLTextAreaElement> {
  show(`<form><label for="f">Formula</label><textarea id="f" name="f" required data-behaviour="expression-editor" rows="2"
    data-object="deal" data-check-url="/check" data-names-url="/names" data-label-use="Use {text}"
    data-label-sound="Gives: {type}">amont * 2</textarea></form>`);
  for (let turn = 0; turn < 300 && !document.querySelector(".cm-content"); turn++) await settle();
  return get<HTMLTextAreaElement>("textarea");
}

test("the editor takes the place of the text area, which stays the form's control", async () => {
  const area = await open();
  expect(area.hidden).toBe(true);
  expect(area.required).toBe(false);
  expect(get(".cm-content").getAttribute("aria-label")).toBe("Formula");
  expect(get(".cm-content").textContent).toBe("amont * 2");
  expect(new FormData(get<HTMLFormElement>("form")).get("f")).toBe("amont * 2");
});

test("what is wrong is told below, and its suggestion puts it right", async () => {
  const area = await open();
  await vi.waitFor(() => expect(get(".expression-status").textContent).toContain("no field"), { timeout: 3000 });
  answer = { valid: true, type_label: "number" };
  get(".expression-status button").click();
  expect(area.value).toBe("amount * 2");
  await vi.waitFor(() => expect(get(".expression-status").textContent).toBe("Gives: number"), { timeout: 3000 });
});
