import { afterEach, beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/conditions";
import { all } from "../src/lib/dom";
import { get, settle, show } from "./page";

const row = (number: number, value: string, problem = "") => `<div data-row class="${problem && "has-error"}">
  <input type="hidden" name="row" value="${number}"><select name="c${number}-path" class="condition-field" data-redraws>
  <option>name</option><option>title</option></select>
  <div class="condition-value"><input type="text" name="c${number}-_operand" value="${value}"></div>
  <button type="button" data-row-remove></button><div data-row-problems>${problem}</div></div>`;
const rows = (json: string, ...parts: string[]) => `<div class="conditions" data-state="rows" data-json='${json}'>
  ${parts.join("")}<button type="button" data-conditions-add></button></div>`;
const JSON_TEXT = '{"field": "name", "op": "eq", "value": "A"}';

let answers: string[] = [];
let asked: URLSearchParams[] = [];

beforeEach(async () => {
  asked = [];
  answers = [rows(JSON_TEXT, row(0, "A"))];
  vi.stubGlobal("fetch", async (_url: string, init: { body: URLSearchParams }) => {
    asked.push(init.body);
    const html = answers.shift() ?? "";
    return { ok: html !== "", text: async () => html };
  });
});
afterEach(() => vi.unstubAllGlobals());

const start = async (value = JSON_TEXT) => {
  show(`<form><select name="t"><option>contact</option><option>account</option></select>
    <div data-behaviour="conditions" data-url="/rows" data-target-from="t" data-field="f">
    <div data-conditions-box hidden></div><div data-conditions-source><textarea id="x" name="filter">${value}</textarea></div>
    <button type="button" data-conditions-switch data-label-rows="Rows" data-label-json="JSON" hidden></button></div></form>`);
  await settle();
};
const text = () => get<HTMLTextAreaElement>("textarea").value;
const source = () => get("[data-conditions-source]");
const operand = () => get<HTMLInputElement>("[name=c0-_operand]");
const change = (control: HTMLInputElement | HTMLSelectElement, value: string) => {
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
};

test("the JSON becomes rows, which belong to no form", async () => {
  await start();
  expect(asked[0]!.get("filter")).toBe(JSON_TEXT);
  expect(asked[0]!.get("target")).toBe("contact");
  expect(source().hidden).toBe(true);
  expect(operand().getAttribute("form")).toBe("x-rows");
  expect(text()).toBe(JSON_TEXT);
});

test("a value goes into the JSON without the rows being made anew", async () => {
  await start();
  const before = operand();
  answers = [rows('{"changed": 1}', row(0, "B"))];
  change(before, "B");
  await settle();
  expect(operand()).toBe(before);
  expect(asked[1]!.get("c0-_operand")).toBe("B");
  expect(text()).toBe('{"changed": 1}');
});

test("what is typed while another row comes stays", async () => {
  await start();
  answers = [rows(JSON_TEXT, row(0, "A"), row(1, "")), rows(JSON_TEXT, row(0, "A"))];
  get("[data-conditions-add]").click();
  await Promise.resolve();
  await Promise.resolve();
  operand().value = "typed";
  await settle();
  expect(all(document, "[data-row]").length).toBe(2);
  expect(operand().value).toBe("typed");
  get("[data-row]:nth-child(2) [data-row-remove]").click();
  await settle();
  expect(asked.at(-1)!.getAll("row")).toEqual(["0"]);
});

test("the form waits until the rows are complete", async () => {
  await start();
  const sent = vi.fn((event: Event) => event.preventDefault());
  const form = get<HTMLFormElement>("form");
  form.addEventListener("submit", sent);
  answers = [rows("", row(0, "")), rows("", row(0, "", "<div>Missing</div>")), rows(JSON_TEXT, row(0, "C"))];
  change(operand(), "");
  await settle();
  form.requestSubmit();
  await settle();
  expect(sent).not.toHaveBeenCalled();
  expect(get("[data-row-problems]").textContent).toBe("Missing");
  operand().value = "C";
  form.requestSubmit();
  await settle();
  expect(asked.at(-1)!.get("final")).toBe("1");
  expect(sent).toHaveBeenCalledOnce();
});

test("a filter that rows can not show stays JSON, and so does one without an answer", async () => {
  answers = ['<div class="conditions" data-state="tree" data-json=""><p>Kept</p></div>'];
  await start('{"or": []}');
  expect(source().hidden).toBe(false);
  expect(get("[data-conditions-box]").hidden).toBe(false);
  get("[data-conditions-switch]").click();
  await settle();
  expect(source().hidden).toBe(false);
  expect(text()).toBe('{"or": []}');
});

test("another target asks again", async () => {
  await start();
  answers = [rows("", row(0, ""))];
  change(get<HTMLSelectElement>("[name=t]"), "account");
  await settle();
  expect(asked[1]!.get("target")).toBe("account");
  expect(asked[1]!.get("is_sent")).toBe("1");
});
