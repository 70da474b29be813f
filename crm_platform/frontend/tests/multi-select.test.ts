import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/multi-select";
import { get, press, show, type } from "./page";

beforeEach(() => {
  show(`<select multiple id="s" name="s" data-behaviour="multi-select" data-label-none="None">
    <option value="a" selected>Alpha</option><option value="b">Beta</option><option value="c">Gamma</option></select>`);
});

const input = () => get<HTMLInputElement>(".combo input");
const chosen = () => [...get<HTMLSelectElement>("#s").options].filter((option) => option.selected).map((option) => option.value);

test("chosen options are chips, the select stays the value", () => {
  expect(get(".combo-chip").textContent).toContain("Alpha");
  expect(get("#s").hasAttribute("hidden")).toBe(true);
});

test("typing narrows the list and Enter adds", () => {
  type(input(), "gam");
  press(input(), "Enter");
  expect(chosen()).toEqual(["a", "c"]);
});

test("the cross and Backspace take options away", () => {
  get("[data-chip-remove=a]").click();
  expect(chosen()).toEqual([]);
  type(input(), "b");
  press(input(), "Enter");
  press(input(), "Backspace");
  expect(chosen()).toEqual([]);
});
