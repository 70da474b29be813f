import { afterEach, beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/lookup";
import { get, press, show, type } from "./page";

const PEOPLE = [
  { id: "7", name: "周敏", subtitle: "云途", object: "contact" },
  { id: "8", name: "周丽", subtitle: "", object: "contact" },
];
let answer = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  answer = vi.fn(async (_url: URL) => ({ ok: true, json: async () => PEOPLE }));
  vi.stubGlobal("fetch", answer);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const BOX = `<div data-behaviour="lookup" data-url="/lookup/contact" data-name="who" data-label-none="Nothing">
  <input type="hidden" name="who" value="" data-lookup-value><input type="text" data-lookup-text>
  <button type="button" data-lookup-clear></button><ul class="combo-list" id="l" hidden></ul></div>`;
const text = () => get<HTMLInputElement>("[data-lookup-text]");
const value = () => get<HTMLInputElement>("[data-lookup-value]");
const find = async (words: string) => {
  type(text(), words);
  await vi.advanceTimersByTimeAsync(300);
};

test("typing asks the server once the person pauses, and shows what it answers", async () => {
  show(BOX);
  type(text(), "周");
  await find("周敏");
  expect(answer).toHaveBeenCalledOnce();
  expect(String(answer.mock.calls[0]![0])).toContain("/lookup/contact?q=%E5%91%A8%E6%95%8F");
  expect(document.querySelectorAll("[role=option]").length).toBe(2);
});

test("arrow keys and Enter choose; the id goes into the form", async () => {
  show(BOX);
  await find("周");
  press(text(), "ArrowDown");
  press(text(), "Enter");
  expect(value().value).toBe("8");
  expect(text().value).toBe("周丽");
});

test("Enter that ends the composing of Chinese chooses nothing", async () => {
  show(BOX);
  await find("zhou");
  press(text(), "Enter", { isComposing: true });
  expect(value().value).toBe("");
});

test("text that was not chosen is no value, and clearing empties both", async () => {
  show(BOX);
  await find("周");
  press(text(), "Enter");
  text().value = "somebody";
  text().dispatchEvent(new Event("blur"));
  expect(text().value).toBe("周敏");
  get("[data-lookup-clear]").click();
  expect([value().value, text().value]).toEqual(["", ""]);
});

test("a lookup to several kinds asks for the chosen kind and remembers it", async () => {
  show(`<div data-behaviour="lookup" data-url="/lookup/{object}"><select data-lookup-kind><option value="lead"></option>
    <option value="contact" selected></option></select><input type="hidden" data-lookup-value>
    <input type="hidden" data-lookup-object><input type="text" data-lookup-text><ul class="combo-list" id="l" hidden></ul></div>`);
  await find("周");
  press(text(), "Enter");
  expect(String(answer.mock.calls[0]![0])).toContain("/lookup/contact");
  expect(get<HTMLInputElement>("[data-lookup-object]").value).toBe("contact");
});

test("several records become chips, each with its own hidden id, none twice", async () => {
  show(`<div data-behaviour="lookup" data-url="/lookup/user" data-name="team"><span data-lookup-chips></span>
    <input type="text" data-lookup-text><ul class="combo-list" id="l" hidden></ul></div>`);
  for (let round = 0; round < 2; round += 1) {
    await find("周");
    press(text(), "Enter");
  }
  expect([...document.querySelectorAll<HTMLInputElement>("[name=team]")].map((input) => input.value)).toEqual(["7"]);
  get("[data-chip-remove]").click();
  expect(document.querySelector("[name=team]")).toBeNull();
});

test("a failing server shows that nothing was found", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new Error("offline");
  });
  show(BOX);
  await find("周");
  expect(get(".combo-none").textContent).toBe("Nothing");
});

const LIST = `<div data-behaviour="lookup" data-url="/lookup/contact" data-name="who" data-names="who.shown_text">
  <span data-lookup-chips></span><template data-lookup-parts><input type="text" name="who.role">
  <input type="radio" name="who.primary" value="" data-chip-choice></template>
  <input type="text" data-lookup-text><ul class="combo-list" id="l" hidden></ul></div>`;

test("every chip of a list has its id, its name and inputs of its own", async () => {
  show(LIST);
  text().focus();
  await find("周");
  press(text(), "Enter");
  expect(get<HTMLInputElement>(".combo-chip [name=who]").value).toBe("7");
  expect(get<HTMLInputElement>('.combo-chip [name="who.shown_text"]').value).toBe("周敏");
  expect(get<HTMLInputElement>('.combo-chip [name="who.primary"]').value).toBe("7");
  expect(get<HTMLInputElement>('.combo-chip [name="who.role"]').value).toBe("");
});

test("a record is chosen once, whatever was typed beside another chip", async () => {
  show(LIST);
  text().focus();
  await find("周");
  press(text(), "Enter");
  get<HTMLInputElement>('.combo-chip [name="who.role"]').value = "8";
  await find("周");
  press(text(), "Enter");
  await find("周");
  press(text(), "ArrowDown");
  press(text(), "Enter");
  expect([...document.querySelectorAll<HTMLInputElement>(".combo-chip [name=who]")].map((one) => one.value)).toEqual(["7", "8"]);
});

test("the values on which a filter depends go along with the question", async () => {
  show(
    '<form><input name="buyer" value="9"><div data-behaviour="lookup" data-sends="buyer,gone" data-url="/lookup/contact?for=order.contact&amp;gone=5">' +
      '<input type="hidden" data-lookup-value><input type="text" data-lookup-text><ul class="combo-list" id="l" hidden></ul></div></form>',
  );
  text().focus();
  await find("周");
  const asked = new URL(String(answer.mock.calls[0]![0]));
  expect(asked.searchParams.get("for")).toBe("order.contact");
  expect(asked.searchParams.get("buyer")).toBe("9");
  expect(asked.searchParams.get("gone")).toBe("5");
});
