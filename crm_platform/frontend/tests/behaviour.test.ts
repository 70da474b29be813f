import { readdirSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { registerBehaviour, startBehaviours, stopBehaviours } from "../src/lib/behaviour";
import { get, show } from "./page";

test("a behaviour starts once per element, however often the page is searched", () => {
  const start = vi.fn();
  registerBehaviour("counted", start);
  show('<p data-behaviour="counted"></p>');
  startBehaviours(document);
  startBehaviours(get("p"));
  expect(start).toHaveBeenCalledTimes(1);
});

test("an element may have several behaviours, unknown names are passed over", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  registerBehaviour("first", first);
  registerBehaviour("second", second);
  show('<p data-behaviour="first nobody second"></p>');
  expect(first).toHaveBeenCalledOnce();
  expect(second).toHaveBeenCalledOnce();
});

test("stopping tidies up, and the behaviour can start again", () => {
  const cleanup = vi.fn();
  registerBehaviour("tidy", () => cleanup);
  show('<p data-behaviour="tidy"></p>');
  stopBehaviours(get("p"));
  expect(cleanup).toHaveBeenCalledOnce();
});

test("a name is registered once", () => {
  registerBehaviour("taken", () => {});
  expect(() => registerBehaviour("taken", () => {})).toThrow("twice");
});

test("the bundle brings every behaviour there is", () => {
  const files = readdirSync("src/behaviours").map((name) => name.replace(/\.ts$/, ""));
  const entry = readFileSync("src/console.ts", "utf8");
  expect(files.filter((name) => !entry.includes(`"./behaviours/${name}"`))).toEqual([]);
});
