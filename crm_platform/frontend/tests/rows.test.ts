import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/dirty-guard";
import "../src/behaviours/rows";
import { all } from "../src/lib/dom";
import { get, show } from "./page";

const row = (id: string, name: string) => `<div data-row><input type="text" name="c-${id}-label" value="${name}">
  <select name="c-${id}-field"><option value=""></option><option value="mobile" selected></option></select>
  <input name="c-${id}-ORDER" data-row-position><button type="button" data-row-up></button>
  <button type="button" data-row-down></button><button type="button" data-row-remove></button></div>`;

beforeEach(() => {
  show(`<div data-behaviour="rows"><input type="hidden" name="c-TOTAL_FORMS" value="2">
    <div data-rows-list>${row("0", "New")}${row("1", "Won")}</div>
    <template data-rows-template>${row("__prefix__", "")}</template><button data-rows-add></button></div>`);
});

const labels = () => all<HTMLInputElement>(document, "[data-rows-list] [data-row]:not([hidden]) [type=text]").map((input) => input.value);
const places = () => all<HTMLInputElement>(document, "[data-rows-list] [data-row-position]").map((input) => input.value);
const button = (at: number, name: string) => all(document, `[data-rows-list] [${name}]`)[at]!;

test("a new row gets the next number and the cursor", () => {
  get("[data-rows-add]").click();
  expect(get<HTMLInputElement>("[name=c-TOTAL_FORMS]").value).toBe("3");
  expect((document.activeElement as HTMLInputElement).name).toBe("c-2-label");
  expect(places()).toEqual(["1", "2", "3"]);
});

test("rows move and are numbered anew; the ends stay where they are", () => {
  button(1, "data-row-up").click();
  expect(labels()).toEqual(["Won", "New"]);
  expect(places()).toEqual(["1", "2"]);
  button(0, "data-row-up").click();
  expect(labels()).toEqual(["Won", "New"]);
});

test("a removed row of a formset stays in the form, emptied; the cursor goes to the next row", () => {
  button(0, "data-row-remove").click();
  expect(labels()).toEqual(["Won"]);
  expect(get<HTMLInputElement>("[name=c-0-label]").value).toBe("");
  expect(get<HTMLSelectElement>("[name=c-0-field]").value).toBe("");
  expect(document.activeElement).toBe(button(1, "data-row-remove"));
  button(1, "data-row-remove").click();
  expect(document.activeElement).toBe(get("[data-rows-add]"));
});

test("rows move past removed ones, and the cursor stays at the button", () => {
  get("[data-rows-add]").click();
  button(1, "data-row-remove").click();
  button(2, "data-row-up").click();
  expect(places()).toEqual(["1", "2", "3"]);
  expect(get<HTMLInputElement>("[name=c-2-ORDER]").value).toBe("1");
  expect((document.activeElement as HTMLElement).closest("[data-row]")).toBe(get("[name=c-2-label]").closest("[data-row]"));
});

test("numbering the rows of a page that was just opened is no unsaved change", () => {
  show(`<form data-behaviour="dirty-guard"><div data-behaviour="rows"><div data-rows-list>${row("0", "New")}</div></div></form>`);
  const leave = () => {
    const event = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(places()).toEqual(["1"]);
  expect(leave()).toBe(false);
  get<HTMLInputElement>("[name=c-0-label]").value = "Old";
  expect(leave()).toBe(true);
});
