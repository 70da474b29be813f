import { beforeEach, expect, test } from "vitest";
import "../src/behaviours/dropdown";
import { get, press, show } from "./page";

beforeEach(() => {
  show(`<button id="other"></button>
    <div data-behaviour="dropdown"><button data-dropdown-toggle aria-controls="m" aria-expanded="false"></button>
    <div class="menu" role="menu" id="m" hidden><a class="menu-item" href="#a">A</a><a class="menu-item" href="#b">B</a></div></div>`);
});

const toggle = () => get("[data-dropdown-toggle]");
const isOpen = () => !get("#m").hasAttribute("hidden");

test("the button opens and closes the menu and says so", () => {
  toggle().click();
  expect(isOpen()).toBe(true);
  expect(toggle().getAttribute("aria-expanded")).toBe("true");
  toggle().click();
  expect(isOpen()).toBe(false);
});

test("arrow keys walk through the items, Esc closes and gives the focus back", () => {
  toggle().focus();
  press(toggle(), "ArrowDown");
  expect(document.activeElement?.textContent).toBe("A");
  press(document.activeElement!, "ArrowDown");
  expect(document.activeElement?.textContent).toBe("B");
  press(document.activeElement!, "Escape");
  expect(isOpen()).toBe(false);
  expect(document.activeElement).toBe(toggle());
});

test("a click elsewhere closes it", () => {
  toggle().click();
  get("#other").dispatchEvent(new Event("pointerdown", { bubbles: true }));
  expect(isOpen()).toBe(false);
});
