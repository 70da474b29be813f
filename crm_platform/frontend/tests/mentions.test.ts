import { beforeEach, describe, expect, it, vi } from "vitest";
import { typedName, withName } from "../src/behaviours/mentions";
import "../src/behaviours/composer";
import { startBehaviours } from "../src/lib/behaviour";

describe("what is typed after an @", () => {
  it("is the name before the caret, after Chinese text, too", () => {
    expect(typedName("请@王", 3)).toBe("王");
    expect(typedName("请＠", 2)).toBe("");
    expect(typedName("请@王磊 看", 6)).toBeNull();
    expect(typedName("mail me", 7)).toBeNull();
  });

  it("gives way to the chosen name, whatever characters that has", () => {
    expect(withName("请@王看看", 3, "王磊")).toEqual(["请@王磊 看看", 5]);
    expect(withName("@a b", 2, "A$&")).toEqual(["@A$& b", 5]);
  });
});

describe("mentions and composer", () => {
  beforeEach(() => {
    document.body.innerHTML = `
      <form data-behaviour="composer">
        <div data-behaviour="mentions" data-url="/lookup/user" data-name="ids"><textarea></textarea><ul class="combo-list" id="l"></ul></div>
        <input type="datetime-local"><button type="button" data-composer-time="2026-11-23T09:00">Tomorrow</button>
      </form>`;
    startBehaviours(document);
  });

  it("offers people, notes who was chosen, and forgets who was taken out again", async () => {
    const found = { results: [{ id: "7", name: "王磊" }] };
    const asked = vi.fn().mockResolvedValue({ ok: true, json: () => Promise.resolve(found) });
    vi.stubGlobal("fetch", asked);
    const text = document.querySelector("textarea")!;
    text.focus();
    text.value = "请@王";
    text.setSelectionRange(3, 3);
    text.dispatchEvent(new Event("input", { bubbles: true }));
    await vi.waitFor(() => expect(document.querySelectorAll("[role=option]")).toHaveLength(1));
    expect(String(asked.mock.calls[0]![0])).toContain("q=%E7%8E%8B");
    document.querySelector<HTMLElement>("[role=option]")!.click();
    expect(text.value).toBe("请@王磊 ");
    expect(document.querySelector<HTMLInputElement>("[data-mentioned]")!.value).toBe("7");
    text.value = "请";
    text.dispatchEvent(new Event("input", { bubbles: true }));
    expect(document.querySelector("[data-mentioned]")).toBeNull();
  });

  it("sets a time by one click, and takes it back by another", () => {
    const button = document.querySelector<HTMLElement>("[data-composer-time]")!;
    const time = document.querySelector<HTMLInputElement>("input[type=datetime-local]")!;
    button.click();
    expect(time.value).toBe("2026-11-23T09:00");
    expect(button.classList.contains("on")).toBe(true);
    button.click();
    expect(time.value).toBe("");
  });

  it("is small until somebody writes, and is sent by Ctrl+Enter", () => {
    const form = document.querySelector("form")!;
    expect(form.classList.contains("is-small")).toBe(true);
    const text = document.querySelector("textarea")!;
    text.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
    expect(form.classList.contains("is-small")).toBe(false);
    const sent = vi.spyOn(form, "requestSubmit").mockImplementation(() => undefined);
    text.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    expect(sent).not.toHaveBeenCalled();
    text.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }));
    expect(sent).toHaveBeenCalledOnce();
  });
});
