import { expect, test, vi } from "vitest";
import "../src/behaviours/live-form";
import { type Assessed, apply } from "../src/behaviours/live-form";
import { get, show, type } from "./page";

const FORM = `<form data-behaviour="live-form" data-assess-url="/o/deal/assess">
  <div data-live-top hidden></div>
  <div class="field" data-field="amount"><label class="form-label" for="a">Amount</label><input id="a" name="amount"></div>
  <fieldset data-live="reason" hidden disabled><div class="field" data-field="reason"><label class="form-label" for="r">Reason</label>
    <input id="r" name="reason" value="x"></div></fieldset>
  <output data-output="total">—</output></form>`;
const STATE: Assessed = { fields: {}, values: {}, errors: [] };
const slot = () => get<HTMLFieldSetElement>("fieldset");

test("a field appears, is required, and goes away again with its value", () => {
  show(FORM);
  apply(get("form"), { ...STATE, fields: { reason: { visible: true, required: true, readonly: false } } });
  expect([slot().hidden, slot().disabled]).toEqual([false, false]);
  expect(get("[data-field=reason] .required").textContent).toBe("*");
  expect(get<HTMLInputElement>("#r").required).toBe(true);
  apply(get("form"), { ...STATE, fields: { reason: { visible: false, required: false, readonly: false } } });
  expect([slot().hidden, slot().disabled]).toEqual([true, true]);
  expect(document.querySelector("[data-field=reason] .required")).toBeNull();
});

test("a read-only field shows, but is not sent", () => {
  show(FORM);
  apply(get("form"), { ...STATE, fields: { reason: { visible: true, required: false, readonly: true } } });
  expect([slot().hidden, slot().disabled]).toEqual([false, true]);
});

test("computed values and what rules say are shown in their places, and taken back", () => {
  show(FORM);
  const errors = [{ field: "amount", text: "Too much" }, { field: "", text: "Look again" }, { field: "reason", text: "Hidden" }];
  apply(get("form"), { ...STATE, values: { total: "12.50" }, errors });
  expect(get("[data-output=total]").textContent).toBe("12.50");
  expect(get("[data-field=amount] [data-live-error]").textContent).toBe("Too much");
  expect([...get("[data-live-top]").children].map((item) => item.textContent)).toEqual(["Look again", "Hidden"]);
  apply(get("form"), { ...STATE, values: { total: "" } });
  expect(document.querySelector("[data-live-error]")).toBeNull();
  expect(get("[data-live-top]").hidden).toBe(true);
  expect(get("[data-output=total]").textContent).toBe("—");
});

test("what the server has said already is not said twice", () => {
  show(FORM);
  get("[data-field=amount]").insertAdjacentHTML("beforeend", `<div class="field-error">Too much</div>`);
  apply(get("form"), { ...STATE, errors: [{ field: "amount", text: "Too much" }] });
  expect(document.querySelector("[data-live-error]")).toBeNull();
});

test("typing asks once, after a pause, and an answer that was overtaken counts for nothing", async () => {
  vi.useFakeTimers();
  const answers: ((text: string) => void)[] = [];
  const asked = vi.fn((_url: string, _options: RequestInit) => new Promise<Response>((done) => answers.push((text) =>
    done(new Response(JSON.stringify({ ...STATE, values: { total: text } }))))));
  vi.stubGlobal("fetch", asked);
  show(FORM);
  type(get<HTMLInputElement>("#a"), "1");
  type(get<HTMLInputElement>("#a"), "12");
  await vi.advanceTimersByTimeAsync(450);
  expect(asked).toHaveBeenCalledTimes(1);
  expect(String(asked.mock.calls[0]?.[1].body)).toContain("amount=12");
  type(get<HTMLInputElement>("#a"), "123");
  await vi.advanceTimersByTimeAsync(450);
  answers[1]?.("new");
  answers[0]?.("old");
  await vi.advanceTimersByTimeAsync(10);
  vi.useRealTimers();
  expect(get("[data-output=total]").textContent).toBe("new");
});
