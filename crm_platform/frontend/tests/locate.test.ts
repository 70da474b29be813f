import { afterEach, expect, test, vi } from "vitest";
import "../src/behaviours/locate";
import { get, show } from "./page";

afterEach(() => vi.unstubAllGlobals());

const BOX = `<div data-behaviour="locate" data-ending=",5" data-failed="No place"><input name="place" value="1,2">
  <button type="button" data-locate hidden></button></div>`;

function showWith(getCurrentPosition: (found: (place: object) => void, failed: () => void) => void): void {
  vi.stubGlobal("navigator", { geolocation: { getCurrentPosition } });
  show(BOX);
}

test("the button writes where the device is", () => {
  showWith((found) => found({ coords: { latitude: 22.5400004, longitude: 114.05 } }));
  expect(get<HTMLButtonElement>("[data-locate]").hidden).toBe(false);
  get("[data-locate]").click();
  expect(get<HTMLInputElement>("input").value).toBe("22.54,114.05,5");
});

test("a check-in says from which device it comes", () => {
  const place = { getCurrentPosition: (found: (place: object) => void) => found({ coords: { latitude: 1, longitude: 2 } }) };
  vi.stubGlobal("navigator", { geolocation: place, userAgent: "Pixel 9" });
  show(BOX.replace("<button", '<input type="hidden" data-locate-device><button'));
  get("[data-locate]").click();
  expect(get<HTMLInputElement>("[data-locate-device]").value).toBe("Pixel 9");
});

test("a device that does not tell leaves the text alone and says so", () => {
  const said: string[] = [];
  document.addEventListener("toast", (event) => said.push((event as CustomEvent).detail.text), { once: true });
  showWith((_found, failed) => failed());
  get("[data-locate]").click();
  expect(get<HTMLInputElement>("input").value).toBe("1,2");
  expect(said).toEqual(["No place"]);
});

test("without a device that knows, there is no button", () => {
  vi.stubGlobal("navigator", {});
  show(BOX);
  expect(get<HTMLButtonElement>("[data-locate]").hidden).toBe(true);
});
