import { beforeEach, describe, expect, test, vi } from "vitest";
import "../src/behaviours/color";
import "../src/behaviours/slider";
import "../src/behaviours/tags";
import { get, press, settle, show, type } from "./page";

describe("slider", () => {
  beforeEach(() => {
    show(`<div data-behaviour="slider"><input type="range" min="0" max="10" step="0.5" data-slider-bar hidden>
      <input type="number" name="n" value=""></div>`);
  });

  test("the bar appears, stands at the start without a number, and sets it", () => {
    const bar = get<HTMLInputElement>("[data-slider-bar]");
    expect(bar.hidden).toBe(false);
    expect(bar.classList.contains("is-unset")).toBe(true);
    bar.value = "7.5";
    bar.dispatchEvent(new Event("input"));
    expect(get<HTMLInputElement>("[name=n]").value).toBe("7.5");
    expect(bar.classList.contains("is-unset")).toBe(false);
  });

  test("the bar follows what is typed, and an empty number stays empty", () => {
    type(get<HTMLInputElement>("[name=n]"), "3");
    expect(get<HTMLInputElement>("[data-slider-bar]").value).toBe("3");
    type(get<HTMLInputElement>("[name=n]"), "");
    expect(get<HTMLInputElement>("[name=n]").value).toBe("");
    expect(get("[data-slider-bar]").classList.contains("is-unset")).toBe(true);
  });
});

describe("color", () => {
  beforeEach(() => {
    show(`<div data-behaviour="color"><input type="color" data-color-picker hidden><input type="text" name="c" value="#abc"></div>`);
  });

  test("the picker shows the digits and writes others", () => {
    const picker = get<HTMLInputElement>("[data-color-picker]");
    expect(picker.value).toBe("#aabbcc");
    picker.value = "#1677ff";
    picker.dispatchEvent(new Event("input"));
    expect(get<HTMLInputElement>("[name=c]").value).toBe("#1677ff");
  });

  test("digits that are no colour leave the picker alone", () => {
    type(get<HTMLInputElement>("[name=c]"), "reddish");
    expect(get<HTMLInputElement>("[data-color-picker]").value).toBe("#aabbcc");
    expect(get("[data-color-picker]").classList.contains("is-unset")).toBe(true);
  });
});

describe("tags", () => {
  const markup = (attributes: string, rest = "") =>
    show(`<label for="t">Tags</label><div><input type="text" id="t" name="t" value="VIP, 展会" data-behaviour="tags"
      data-label-remove="Remove" data-label-none="None" ${attributes}>${rest}</div>`);
  const value = () => get<HTMLInputElement>("#t").value;
  const box = () => get<HTMLInputElement>(".combo-box input");

  test("tags are chips, the text stays the value, the label finds the box", () => {
    markup("");
    expect([...document.querySelectorAll(".combo-chip")].map((chip) => chip.textContent)).toEqual(["VIP", "展会"]);
    expect(get<HTMLLabelElement>("label").htmlFor).toBe(box().id);
    expect(value()).toBe("VIP, 展会");
  });

  test("Enter and a comma add a tag once, Backspace and the cross take one away", () => {
    markup('data-url="/tags/1"');
    type(box(), "new");
    press(box(), "Enter");
    expect(value()).toBe("VIP, 展会, new");
    type(box(), "vip，");
    expect(value()).toBe("VIP, 展会, new");
    press(box(), "Backspace");
    expect(value()).toBe("VIP, 展会");
    get("[data-chip-remove=VIP]").click();
    expect(value()).toBe("展会");
  });

  test("the server's tags are offered, without those that are chosen", async () => {
    vi.useFakeTimers();
    const fetched = vi.fn(async () => new Response(JSON.stringify(["VIP", "Vienna"]), { status: 200 }));
    vi.stubGlobal("fetch", fetched);
    markup('data-url="/tags/1"');
    box().focus();
    type(box(), "vi");
    await vi.advanceTimersByTimeAsync(300);
    vi.useRealTimers();
    await settle();
    expect(fetched).toHaveBeenCalledWith("/tags/1?q=vi", expect.anything());
    const offered = [...document.querySelectorAll(".combo-option")].map((item) => item.textContent);
    expect(offered).toEqual(["vi", "Vienna"]);
    vi.unstubAllGlobals();
  });

  test("a vocabulary is offered without asking the server", async () => {
    markup("", '<datalist data-known><option value="Berlin"></option><option value="Bonn"></option></datalist>');
    box().focus();
    type(box(), "bo");
    await settle();
    await settle();
    press(box(), "Enter");
    expect(value()).toBe("VIP, 展会, Bonn");
  });
});
