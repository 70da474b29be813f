import { beforeAll, expect, test, vi } from "vitest";
import { configureHtmx } from "../src/lib/htmx";

const htmx = { config: {}, process: () => {} }; // happy-dom lacks the XPath that htmx itself needs

beforeAll(() => {
  document.head.innerHTML = '<meta name="csrf-token" content="token-1">';
  document.documentElement.dataset.failed = "no luck";
  configureHtmx(htmx);
});

function fire(name: string, detail: object): void {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

test("nothing that a strict content security policy forbids is switched on", () => {
  expect(htmx.config).toMatchObject({ allowEval: false, includeIndicatorStyles: false, disableInheritance: true });
});

test("writes carry the token, reads do not", () => {
  const [write, read] = [{ verb: "post", headers: {} }, { verb: "get", headers: {} }];
  fire("htmx:configRequest", write);
  fire("htmx:configRequest", read);
  expect(write.headers).toEqual({ "X-CSRFToken": "token-1" });
  expect(read.headers).toEqual({});
});

test("a form that comes back with errors is shown", () => {
  const detail = { xhr: { status: 422, responseText: "<form>" }, shouldSwap: false, isError: true };
  fire("htmx:beforeSwap", detail);
  expect(detail).toMatchObject({ shouldSwap: true, isError: false });
});

test("a failure that says nothing itself becomes a toast", () => {
  const toast = vi.fn();
  document.addEventListener("toast", (event) => toast((event as CustomEvent).detail.text));
  fire("htmx:responseError", { xhr: { getResponseHeader: () => '{"toast": []}' } });
  fire("htmx:responseError", { xhr: { getResponseHeader: () => null } });
  fire("htmx:sendError", {});
  expect(toast.mock.calls).toEqual([["no luck"], ["no luck"]]);
});
