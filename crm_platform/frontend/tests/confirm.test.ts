import { beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/confirm";
import { get, settle, show } from "./page";

const DIALOG = `<dialog id="confirm-dialog"><h2 id="confirm-title" data-default="Sure?"></h2><p id="confirm-text"></p>
  <button value="cancel">No</button><button value="confirm" data-default="Go on"></button></dialog>`;

function answer(value: string): void {
  get<HTMLDialogElement>("#confirm-dialog").close(value);
}

beforeEach(() => {
  show(`${DIALOG}<form data-behaviour="confirm" data-confirm-title="Delete it?" data-confirm-label="Delete"><button></button></form>`);
});

test("a form waits for the answer yes", async () => {
  const sent = vi.fn((event: Event) => event.preventDefault());
  get("form").addEventListener("submit", sent);
  get<HTMLFormElement>("form").requestSubmit();
  expect(sent).not.toHaveBeenCalled();
  expect(get("#confirm-title").textContent).toBe("Delete it?");
  expect(get("[value=confirm]").textContent).toBe("Delete");
  answer("confirm");
  await settle();
  expect(sent).toHaveBeenCalledOnce();
});

test("the answer no sends nothing", async () => {
  const sent = vi.fn((event: Event) => event.preventDefault());
  get("form").addEventListener("submit", sent);
  get<HTMLFormElement>("form").requestSubmit();
  answer("cancel");
  await settle();
  expect(sent).not.toHaveBeenCalled();
});

test("every use asks again", async () => {
  const sent = vi.fn((event: Event) => event.preventDefault());
  get("form").addEventListener("submit", sent);
  for (let round = 0; round < 2; round += 1) {
    get<HTMLFormElement>("form").requestSubmit();
    answer("confirm");
    await settle();
  }
  expect(sent).toHaveBeenCalledTimes(2);
});
