import { expect, test } from "vitest";
import "../src/behaviours/check-column";
import "../src/behaviours/dependent-options";
import "../src/behaviours/multi-select";
import { get, show } from "./page";

const rule = (field: string, controlling: string, allowed: object, value = "") =>
  `<span hidden data-behaviour="dependent-options" data-field="${field}" data-controlling="${controlling}"` +
  ` data-value="${value}" data-allowed='${JSON.stringify(allowed)}'></span>`;
const options = (...values: string[]) => values.map((value) => `<option value="${value}">${value}</option>`).join("");
const offered = (name: string) => [...get<HTMLSelectElement>(`select[name=${name}]`).options].map((option) => option.value);
const choose = (name: string, value: string) => {
  const select = get<HTMLSelectElement>(`select[name=${name}]`);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};

const REGIONS =
  `<form><select name="province">${options("", "gd", "zj")}</select><select name="city">${options("", "sz", "gz", "hz")}</select>` +
  `<select name="district">${options("", "ns", "xh")}</select>` +
  rule("city", "province", { gd: ["sz", "gz"], zj: ["hz"] }) +
  rule("district", "city", { sz: ["ns"], hz: ["xh"] }) +
  "</form>";

test("only choices that go with the controlling value are offered", () => {
  show(REGIONS);
  expect(offered("city")).toEqual([""]);
  choose("province", "gd");
  expect(offered("city")).toEqual(["", "sz", "gz"]);
  choose("city", "sz");
  expect(offered("district")).toEqual(["", "ns"]);
});

test("a choice that no longer fits is left, and with it what depends on it", () => {
  show(REGIONS);
  choose("province", "gd");
  choose("city", "sz");
  choose("district", "ns");
  choose("province", "zj");
  expect(get<HTMLSelectElement>("select[name=city]").value).toBe("");
  expect(offered("district")).toEqual([""]);
  choose("city", "hz");
  expect(offered("district")).toEqual(["", "xh"]);
});

test("a check box controls by being ticked, and chips that do not fit are hidden", () => {
  show(
    '<form><input type="checkbox" name="vip"><label><input type="checkbox" name="perk" value="lounge" checked></label>' +
      '<label><input type="checkbox" name="perk" value="mail"></label>' +
      rule("perk", "vip", { true: ["lounge", "mail"], false: ["mail"] }) + "</form>",
  );
  const lounge = get<HTMLInputElement>('[value="lounge"]');
  expect(lounge.checked).toBe(false);
  expect(lounge.closest("label")!.hidden).toBe(true);
  const vip = get<HTMLInputElement>("[name=vip]");
  vip.checked = true;
  vip.dispatchEvent(new Event("change", { bubbles: true }));
  expect(lounge.closest("label")!.hidden).toBe(false);
});

test("where the controlling field is not in the form, the record's value counts", () => {
  show(`<form><select name="city">${options("", "sz", "hz")}</select>${rule("city", "province", { gd: ["sz"] }, "gd")}</form>`);
  expect(offered("city")).toEqual(["", "sz"]);
});

test("a list of chips forgets what no longer fits", () => {
  show(
    `<form><select name="kind">${options("a", "b")}</select>` +
      `<select name="tags" multiple data-behaviour="multi-select"><option value="x" selected>X</option><option value="y">Y</option></select>` +
      rule("tags", "kind", { a: ["x"], b: ["y"] }) + "</form>",
  );
  expect(document.querySelectorAll(".combo-chip").length).toBe(1);
  choose("kind", "b");
  expect(document.querySelectorAll(".combo-chip").length).toBe(0);
});

test("one press ticks or clears a column of a grid", () => {
  show(
    '<form><button type="button" data-behaviour="check-column" data-column="allow.a" data-checked="true"></button>' +
      '<input type="checkbox" name="allow.a" value="x"><input type="checkbox" name="allow.b" value="x"></form>',
  );
  get("button").click();
  expect(get<HTMLInputElement>('[name="allow.a"]').checked).toBe(true);
  expect(get<HTMLInputElement>('[name="allow.b"]').checked).toBe(false);
});

test("what hangs on two controls offers what goes with both, whichever changes", () => {
  show(
    `<form><select name="kind">${options("", "repair", "sale")}</select><select name="line">${options("", "a", "b")}</select>` +
      `<select name="part">${options("", "pump", "motor", "door")}</select>` +
      rule("part", "line", { "": ["pump", "motor", "door"], a: ["pump", "door"], b: ["motor"] }) +
      rule("part", "kind", { "": ["pump", "motor", "door"], repair: ["pump", "motor"], sale: ["door"] }) +
      "</form>",
  );
  expect(offered("part")).toEqual(["", "pump", "motor", "door"]);
  choose("line", "a");
  choose("kind", "repair");
  expect(offered("part")).toEqual(["", "pump"]);
  choose("kind", "sale");
  expect(offered("part")).toEqual(["", "door"]);
  choose("line", "b");
  expect(offered("part")).toEqual([""]);
  choose("kind", "repair");
  expect(offered("part")).toEqual(["", "motor"]);
});
