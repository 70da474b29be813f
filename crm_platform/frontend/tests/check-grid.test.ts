import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/check-grid";
import { all } from "../src/lib/dom";
import { get, press, show } from "./page";

const COLUMNS = ["read", "edit", "view_all", "modify_all"];

beforeEach(() => {
  const cells = (name: string) =>
    COLUMNS.map((column) => `<td><input type="checkbox" name="${column}" value="${name}" data-column="${column}"></td>`);
  const rows = ["线索 lead", "客户 account", "商机 opportunity"].map(
    (text) =>
      `<tr data-text="${text}"><th><button type="button" data-grid-row></button></th>${cells(text.split(" ")[1]!).join("")}</tr>`,
  );
  show(`<form data-behaviour="check-grid" data-base="read" data-needs="modify_all:view_all"><input data-grid-filter>
    <table><thead><tr>${COLUMNS.map((column) => `<th><button type="button" data-grid-column="${column}"></button></th>`).join("")}</tr></thead>
    <tbody>${rows.join("")}</tbody></table><p data-grid-none hidden></p></form>`);
});

const box = (column: string, name: string) => get<HTMLInputElement>(`input[name=${column}][value=${name}]`);
const ticked = () => all<HTMLInputElement>(document, "input[data-column]:checked").map((item) => `${item.value}.${item.name}`);
const type = (text: string) => {
  get<HTMLInputElement>("[data-grid-filter]").value = text;
  get("[data-grid-filter]").dispatchEvent(new Event("input", { bubbles: true }));
};

test("every action brings reading along, and goes with it", () => {
  box("edit", "lead").click();
  expect(ticked()).toEqual(["lead.read", "lead.edit"]);
  box("read", "lead").click();
  expect(ticked()).toEqual([]);
});

test("changing all brings seeing all along, and goes with it", () => {
  box("modify_all", "lead").click();
  expect(ticked()).toEqual(["lead.read", "lead.view_all", "lead.modify_all"]);
  box("view_all", "lead").click();
  expect(ticked()).toEqual(["lead.read"]);
});

test("a column and a row are ticked whole, then cleared", () => {
  let changes = 0;
  get("form").addEventListener("change", () => changes++);
  get("[data-grid-column=edit]").click();
  expect(ticked().filter((name) => name.endsWith("edit"))).toHaveLength(3);
  expect(ticked().filter((name) => name.endsWith("read"))).toHaveLength(3);
  get("[data-grid-column=edit]").click();
  expect(ticked()).toEqual(["lead.read", "account.read", "opportunity.read"]);
  get("tbody tr:first-child [data-grid-row]").click();
  expect(ticked().filter((name) => name.startsWith("lead"))).toHaveLength(4);
  get("tbody tr:first-child [data-grid-row]").click();
  expect(ticked().filter((name) => name.startsWith("lead"))).toHaveLength(0);
  expect(changes).toBe(4);
});

test("what the filter hides stays as it is", () => {
  type("ACC");
  expect(all(document, "tbody tr").map((row) => row.hidden)).toEqual([true, false, true]);
  get("[data-grid-column=edit]").click();
  expect(ticked()).toEqual(["account.read", "account.edit"]);
  type("nothing");
  expect(get("[data-grid-none]").hidden).toBe(false);
  type("");
  expect(get("[data-grid-none]").hidden).toBe(true);
});

test("arrow keys move between the boxes in sight", () => {
  box("read", "lead").focus();
  press(document.activeElement!, "ArrowRight");
  expect(document.activeElement).toBe(box("edit", "lead"));
  press(document.activeElement!, "ArrowDown");
  expect(document.activeElement).toBe(box("edit", "account"));
  press(document.activeElement!, "ArrowUp");
  press(document.activeElement!, "ArrowUp");
  expect(document.activeElement).toBe(box("edit", "lead"));
});

test("a column of radio buttons is chosen for every row in sight", () => {
  const radios = (name: string) =>
    ["hidden", "read"].map((level) => `<td><input type="radio" name="${name}" value="${level}" data-column="${level}"></td>`).join("");
  show(`<form data-behaviour="check-grid"><input data-grid-filter><table><thead><tr><th>
    <button type="button" data-grid-column="hidden"></button></th></tr></thead>
    <tbody><tr data-text="a">${radios("a")}</tr><tr data-text="b">${radios("b")}</tr></tbody></table></form>`);
  get("[data-grid-column=hidden]").click();
  get("[data-grid-column=hidden]").click();
  expect(all<HTMLInputElement>(document, "input:checked").map((item) => `${item.name}.${item.value}`)).toEqual(["a.hidden", "b.hidden"]);
});
