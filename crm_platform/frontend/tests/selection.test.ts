import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/selection";
import { all } from "../src/lib/dom";
import { get, press, show } from "./page";

beforeEach(() => {
  const rows = [1, 2, 3, 4].map((id) => `<tr><td><input type="checkbox" data-select-row value="${id}"></td></tr>`).join("");
  show(`<div data-behaviour="selection"><input type="checkbox" data-select-all><table><tbody>${rows}</tbody></table>
    <div class="bulk" hidden><span data-selection-count></span><button data-selection-clear></button></div></div>`);
});

const boxes = () => all<HTMLInputElement>(document, "[data-select-row]");
const everything = () => get<HTMLInputElement>("[data-select-all]");
const bar = () => get(".bulk");

test("picking a row marks it, shows the bar and counts", () => {
  boxes()[1]!.click();
  expect(bar().hidden).toBe(false);
  expect(get("[data-selection-count]").textContent).toBe("1");
  expect(boxes()[1]!.closest("tr")!.classList.contains("sel")).toBe(true);
  expect(everything().indeterminate).toBe(true);
});

test("the box in the head picks all, the cross in the bar none", () => {
  everything().click();
  expect(boxes().every((box) => box.checked)).toBe(true);
  get("[data-selection-clear]").click();
  expect(boxes().some((box) => box.checked)).toBe(false);
  expect(bar().hidden).toBe(true);
});

test("shift picks the rows between", () => {
  boxes()[0]!.click();
  boxes()[2]!.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
  expect(boxes().map((box) => box.checked)).toEqual([true, true, true, false]);
});

test("Esc drops the selection", () => {
  everything().click();
  press(boxes()[0]!, "Escape");
  expect(boxes().some((box) => box.checked)).toBe(false);
});
