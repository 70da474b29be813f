import { beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/tree-table";
import { all, one } from "../src/lib/dom";
import { get, show } from "./page";

const TREE: [string, string][] = [["a", ""], ["b", "a"], ["c", "b"], ["d", "a"]];

function open(): void {
  const rows = TREE.map(
    ([id, parent]) => `<tr data-tree-id="${id}" data-tree-parent="${parent}" draggable="true"><td><button type="button" data-tree-toggle hidden></button>${id}</td></tr>`,
  ).join("");
  show(`<form id="move" data-action="/d/{id}/move"><input type="hidden" name="parent" data-tree-target></form>
    <div data-behaviour="tree-table" data-tree-key="t" data-tree-form="#move"><button type="button" data-tree-all="close" hidden></button>
    <button type="button" data-tree-all="open" hidden></button><table><tbody>${rows}</tbody></table></div>`);
}

beforeEach(() => {
  sessionStorage.clear();
  open();
});

const row = (id: string) => get(`[data-tree-id=${id}]`);
const shown = () => all(document, "[data-tree-id]").filter((item) => !item.hidden).map((item) => item.dataset.treeId);
const fire = (id: string, type: string) => {
  const event = new Event(type, { bubbles: true, cancelable: true });
  row(id).dispatchEvent(event);
  return event;
};

test("everything is open until a row is closed with all below it", () => {
  expect(shown()).toEqual(["a", "b", "c", "d"]);
  one(row("b"), "[data-tree-toggle]")!.click();
  expect(shown()).toEqual(["a", "b", "d"]);
  expect(one(row("b"), "[data-tree-toggle]")!.getAttribute("aria-expanded")).toBe("false");
});

test("a page that is opened again remembers what was closed", () => {
  one(row("b"), "[data-tree-toggle]")!.click();
  open();
  expect(shown()).toEqual(["a", "b", "d"]);
});

test("all rows close and open at once", () => {
  get("[data-tree-all=close]").click();
  expect(shown()).toEqual(["a"]);
  get("[data-tree-all=open]").click();
  expect(shown()).toEqual(["a", "b", "c", "d"]);
});

test("a row dropped upon another is sent with it", () => {
  const form = get<HTMLFormElement>("#move");
  const sent = vi.spyOn(form, "requestSubmit").mockImplementation(() => undefined);
  fire("c", "dragstart");
  expect(fire("d", "dragover").defaultPrevented).toBe(true);
  expect(row("d").classList.contains("is-drop-target")).toBe(true);
  fire("d", "drop");
  expect(sent).toHaveBeenCalledOnce();
  expect(form.getAttribute("action")).toBe("/d/c/move");
  expect(get<HTMLInputElement>("[data-tree-target]").value).toBe("d");
});

test("nothing is dropped on itself, below itself or where it is", () => {
  const sent = vi.spyOn(get<HTMLFormElement>("#move"), "requestSubmit").mockImplementation(() => undefined);
  fire("b", "dragstart");
  for (const id of ["b", "c", "a"]) {
    expect(fire(id, "dragover").defaultPrevented).toBe(false);
    fire(id, "drop");
  }
  expect(sent).not.toHaveBeenCalled();
});
