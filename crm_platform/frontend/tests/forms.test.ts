import { beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/dirty-guard";
import "../src/behaviours/show-when";
import "../src/behaviours/submit-once";
import { get, settle, show } from "./page";

const change = (element: HTMLElement) => element.dispatchEvent(new Event("change", { bubbles: true }));

test("show-when shows the part that fits and disables the rest", () => {
  show(`<form><select name="op"><option value="eq"></option><option value="between"></option></select>
    <p id="one" data-behaviour="show-when" data-when="op" data-values="!between"><input name="v"></p>
    <p id="two" data-behaviour="show-when" data-when="op" data-values="between"><input name="from"></p></form>`);
  expect([get("#one").hidden, get("#two").hidden]).toEqual([false, true]);
  expect(get<HTMLInputElement>("[name=from]").disabled).toBe(true);
  get<HTMLSelectElement>("select").value = "between";
  change(get("select"));
  expect([get("#one").hidden, get("#two").hidden]).toEqual([true, false]);
  expect(get<HTMLInputElement>("[name=from]").disabled).toBe(false);
});

test("show-when reads radio buttons", () => {
  show(`<form><input type="radio" name="k" value="a"><input type="radio" name="k" value="b" checked>
    <p data-behaviour="show-when" data-when="k" data-values="a"></p></form>`);
  expect(get("p").hidden).toBe(true);
});

test("submit-once swallows the second click and is released by htmx", () => {
  show('<form data-behaviour="submit-once"><button type="submit"></button></form>');
  const events: boolean[] = [];
  get("form").addEventListener("submit", (event) => {
    events.push(event.defaultPrevented);
    event.preventDefault();
  });
  get<HTMLFormElement>("form").requestSubmit();
  get<HTMLFormElement>("form").requestSubmit();
  get("form").dispatchEvent(new Event("htmx:afterRequest"));
  get<HTMLFormElement>("form").requestSubmit();
  expect(events).toEqual([false, true, false]);
});

const DIALOG = `<dialog id="confirm-dialog"><h2 id="confirm-title"></h2><p id="confirm-text"></p><button value="confirm"></button></dialog>`;

beforeEach(() => {
  window.location.hash = "";
});

test("dirty-guard asks before a link leaves changed input behind", async () => {
  show(`${DIALOG}<a id="away" href="#away2" data-x></a><form data-behaviour="dirty-guard" data-dirty-text="Drop it?"><input name="n" value="1"></form>`);
  get("#away").setAttribute("href", "/elsewhere");
  const followed = vi.fn((event: Event) => event.preventDefault());
  get("#away").addEventListener("click", followed);
  get<HTMLInputElement>("[name=n]").value = "2";
  get("#away").click();
  expect(followed).not.toHaveBeenCalled();
  expect(get("#confirm-title").textContent).toBe("Drop it?");
  get<HTMLDialogElement>("#confirm-dialog").close("confirm");
  await settle();
  expect(followed).toHaveBeenCalledOnce();
});

test("dirty-guard keeps quiet while nothing was changed or the form is being sent", () => {
  show(`${DIALOG}<a id="away" href="/elsewhere"></a><form data-behaviour="dirty-guard"><input name="n" value="1"></form>`);
  const followed = vi.fn((event: Event) => event.preventDefault());
  get("#away").addEventListener("click", followed);
  get("#away").click();
  get<HTMLInputElement>("[name=n]").value = "2";
  get("form").addEventListener("submit", (event) => event.preventDefault());
  get<HTMLFormElement>("form").requestSubmit();
  get("#away").click();
  expect(followed).toHaveBeenCalledTimes(2);
});
