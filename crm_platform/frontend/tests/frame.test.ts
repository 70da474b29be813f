import { expect, test, vi } from "vitest";
import "../src/behaviours/dialog";
import "../src/behaviours/search-panel";
import "../src/behaviours/shell";
import "../src/behaviours/tabs";
import "../src/behaviours/toasts";
import { get, press, show } from "./page";

const SHELL = `<div class="shell" data-behaviour="shell"><nav class="rail"><a href="/" aria-current="page">Home</a><button data-shell-close></button></nav>
  <div class="rail-backdrop" hidden></div><button data-shell-open></button>
  <form data-behaviour="search-panel"><input type="search" id="global-search"><div class="search-panel" hidden></div></form><input id="text"></div>`;

test("the drawer opens with the focus inside and Esc closes it", () => {
  show(SHELL);
  get("[data-shell-open]").click();
  expect(get(".shell").classList.contains("rail-open")).toBe(true);
  expect(document.activeElement?.textContent).toBe("Home");
  press(document, "Escape");
  expect(get(".shell").classList.contains("rail-open")).toBe(false);
});

test("Ctrl K and / go to the search, but / does not while somebody types", () => {
  show(SHELL);
  press(document, "k", { ctrlKey: true });
  expect(document.activeElement?.id).toBe("global-search");
  get("#text").focus();
  press(get("#text"), "/");
  expect(document.activeElement?.id).toBe("text");
  get("#text").blur();
  press(document, "/");
  expect(document.activeElement?.id).toBe("global-search");
});

test("the search panel shows hits and the arrow keys reach them", () => {
  show(SHELL);
  const input = get<HTMLInputElement>("#global-search");
  input.focus();
  input.value = "a";
  get(".search-panel").innerHTML = '<a href="/1">One</a><a href="/2">Two</a>';
  get(".search-panel").dispatchEvent(new Event("htmx:afterSwap", { bubbles: true }));
  expect(get(".search-panel").hasAttribute("hidden")).toBe(false);
  press(input, "ArrowDown");
  expect(document.activeElement?.textContent).toBe("One");
  press(document.activeElement!, "Escape");
  expect(get(".search-panel").hasAttribute("hidden")).toBe(true);
});

test("toasts come by event, as text; good news go by themselves, failures stay", () => {
  vi.useFakeTimers();
  show('<div data-behaviour="toasts" data-label-close="Close"></div>');
  const detail = { value: [{ level: "success", text: "<b>saved</b>" }, { level: "error", text: "failed" }] };
  document.dispatchEvent(new CustomEvent("toast", { detail }));
  expect(get(".toast-success .toast-text").textContent).toBe("<b>saved</b>");
  vi.advanceTimersByTime(7000);
  expect(document.querySelector(".toast-success")).toBeNull();
  get(".toast-error [data-toast-close]").click();
  expect(document.querySelector(".toast-error")).toBeNull();
  vi.useRealTimers();
});

test("a dialog opens when htmx fills it, closes by its button, and drops what it showed", () => {
  show('<dialog data-behaviour="dialog"><div data-dialog-content></div></dialog>');
  const dialog = get<HTMLDialogElement>("dialog");
  get("[data-dialog-content]").innerHTML = "<p>form</p><button data-dialog-close></button>";
  get("[data-dialog-content]").dispatchEvent(new Event("htmx:afterSwap", { bubbles: true }));
  expect(dialog.open).toBe(true);
  get("[data-dialog-close]").click();
  expect(dialog.open).toBe(false);
  expect(get("[data-dialog-content]").childElementCount).toBe(0);
});

test("the event close-dialog closes it", () => {
  show('<dialog data-behaviour="dialog"><div data-dialog-content></div></dialog>');
  get<HTMLDialogElement>("dialog").showModal();
  document.dispatchEvent(new Event("close-dialog"));
  expect(get<HTMLDialogElement>("dialog").open).toBe(false);
});

test("tabs show one panel; arrow keys move", () => {
  show(`<div data-behaviour="tabs"><button data-tab="#p1"></button><button data-tab="#p2"></button></div><p id="p1"></p><p id="p2"></p>`);
  expect([get("#p1").hidden, get("#p2").hidden]).toEqual([false, true]);
  get("[data-tab='#p1']").focus();
  press(document.activeElement!, "ArrowRight");
  expect([get("#p1").hidden, get("#p2").hidden]).toEqual([true, false]);
});
