import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/rich-text";
import { get, press, settle, show } from "./page";

const area = () => get<HTMLTextAreaElement>("textarea");

beforeEach(async () => {
  show(`<label for="r">Notes</label><div data-behaviour="rich-text">
    <div role="toolbar" hidden><button type="button" data-command="bold"></button><button type="button" data-command="bulletList"></button>
      <button type="button" data-command="link"></button></div>
    <div data-link-row hidden><input type="text"><button type="button" data-link-apply></button></div>
    <textarea id="r" name="r" rows="8">&lt;p&gt;Hello &lt;strong&gt;world&lt;/strong&gt;&lt;/p&gt;</textarea></div>`);
  for (let turn = 0; turn < 200 && area().hidden === false; turn++) await settle();
});

test("the editor shows the text, and the value stays as it was until something changes", () => {
  expect(get("[role=textbox]").textContent).toBe("Hello world");
  expect(get("[role=textbox]").getAttribute("aria-label")).toBe("Notes");
  expect(area().value).toBe("<p>Hello <strong>world</strong></p>");
  expect(get("[role=toolbar]").hidden).toBe(false);
});

test("a button of the toolbar changes the text and the value, and shows what is on", () => {
  get("[data-command=bulletList]").click();
  expect(area().value).toContain("<ul>");
  expect(get("[data-command=bulletList]").getAttribute("aria-pressed")).toBe("true");
});

test("the row of a link opens and Escape closes it without a change", () => {
  get("[data-command=link]").click();
  expect(get("[data-link-row]").hidden).toBe(false);
  press(get("[data-link-row] input"), "Escape");
  expect(get("[data-link-row]").hidden).toBe(true);
  expect(area().value).toBe("<p>Hello <strong>world</strong></p>");
});
