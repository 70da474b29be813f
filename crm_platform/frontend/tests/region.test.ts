import { afterEach, beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/region";
import { get, settle, show } from "./page";

const CITIES = [{ code: "CN4403", name: "深圳市" }];
let answer = vi.fn();

beforeEach(() => {
  answer = vi.fn(async () => ({ ok: true, json: async () => CITIES }));
  vi.stubGlobal("fetch", answer);
  show(`<div data-behaviour="region" data-url="/regions">
    <select data-region-level="country"><option value="">C</option><option value="CN" selected>中国</option><option value="US">美国</option></select>
    <select data-region-level="province"><option value="">P</option><option value="CN44">广东省</option><option value="CN11">北京市</option></select>
    <select data-region-level="city"><option value="">C</option><option value="CN1101">市辖区</option></select>
    <select data-region-level="district"><option value="">D</option><option value="CN110101">东城区</option></select></div>`);
});
afterEach(() => vi.unstubAllGlobals());

const select = (level: string) => get<HTMLSelectElement>(`[data-region-level=${level}]`);
const choose = async (level: string, value: string) => {
  select(level).value = value;
  select(level).dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
};
const values = (level: string) => [...select(level).options].map((option) => option.value);

test("choosing a province brings its cities and empties the districts", async () => {
  await choose("province", "CN44");
  expect(answer.mock.calls[0]?.[0]).toBe("/regions?under=CN44");
  expect(values("city")).toEqual(["", "CN4403"]);
  expect(values("district")).toEqual([""]);
});

test("what was asked once is not asked again", async () => {
  await choose("province", "CN11");
  await choose("province", "");
  await choose("province", "CN11");
  expect(answer).toHaveBeenCalledTimes(1);
});

test("regions are offered for China only", async () => {
  await choose("country", "US");
  expect(select("province").hidden).toBe(true);
  await choose("country", "CN");
  expect(select("province").hidden).toBe(false);
});
