import { afterEach, beforeEach, expect, test, vi } from "vitest";
import "../src/behaviours/files";
import { get, show } from "./page";

/** Stands for the network: keeps the requests, answers when told. */
class FakeRequest extends EventTarget {
  static all: FakeRequest[] = [];
  upload = new EventTarget();
  status = 0;
  responseText = "";
  aborted = false;
  headers: Record<string, string> = {};
  body?: FormData;
  constructor() {
    super();
    FakeRequest.all.push(this);
  }
  open() {}
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  send(body: FormData) {
    this.body = body;
  }
  abort() {
    this.aborted = true;
  }
  answer(status: number, data: unknown) {
    this.status = status;
    this.responseText = typeof data === "string" ? data : JSON.stringify(data);
    this.dispatchEvent(new Event("load"));
  }
}

const FACTS = { id: "f1", name: "a.png", size: 3, size_text: "3 B", content_type: "image/png", kind: "image" };

function page(options = "", extra = ""): string {
  return `<meta name="csrf-token" content="tok"><form><div class="file-box" data-behaviour="files" data-name="docs" data-url="/files/"
    data-max-count="2" data-max-bytes="100" data-kinds="image,text" data-text-size="too large" data-text-count="too many"
    data-text-kind="wrong type" data-text-failed="failed" data-text-busy="busy" data-text-added="Added" data-text-removed="Removed" ${options}>
    <template data-file-pattern><li data-file><span data-file-picture></span><a data-file-name></a><small data-file-size></small>
      <progress data-file-progress hidden max="100" value="0"></progress>
      <button type="button" data-file-remove><span data-file-title></span></button></li></template>
    <ul data-file-list></ul>${extra}
    <label><input type="file" multiple></label><div data-file-message></div></div><button>Save</button></form>`;
}

const started = () => vi.dynamicImportSettled();
const input = () => get<HTMLInputElement>("input[type=file]");
const values = () => [...document.querySelectorAll<HTMLInputElement>("[name=docs]")].map((item) => JSON.parse(item.value).id);
const message = () => get("[data-file-message]").textContent;

function choose(...files: File[]): void {
  Object.defineProperty(input(), "files", { value: files, configurable: true });
  input().dispatchEvent(new Event("change", { bubbles: true }));
}

beforeEach(async () => {
  FakeRequest.all = [];
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  show(page());
  await started();
});
afterEach(() => vi.unstubAllGlobals());

test("a chosen file is uploaded with the token and becomes a value", () => {
  choose(new File(["abc"], "a.png"));
  const request = FakeRequest.all[0]!;
  expect(request.headers["X-CSRFToken"]).toBe("tok");
  expect((request.body!.get("file") as File).name).toBe("a.png");
  expect(get("[data-file-progress]").hidden).toBe(false);
  request.answer(201, FACTS);
  expect(values()).toEqual(["f1"]);
  expect(get<HTMLAnchorElement>("[data-file-list] [data-file-name]").getAttribute("href")).toBe("/files/f1");
  expect(get("[data-file-list] img").getAttribute("src")).toBe("/files/f1?size=160");
  expect(message()).toBe("Added a.png");
});

test("progress is shown", () => {
  choose(new File(["abc"], "a.png"));
  const sent = Object.assign(new Event("progress"), { lengthComputable: true, loaded: 30, total: 60 });
  FakeRequest.all[0]!.upload.dispatchEvent(sent);
  expect(get<HTMLProgressElement>("[data-file-list] progress").value).toBe(50);
});

test("what is too large or too many is not sent", () => {
  choose(new File(["x".repeat(101)], "big.png"));
  expect(message()).toBe("big.png: too large");
  choose(new File(["a"], "1.png"), new File(["a"], "2.png"), new File(["a"], "3.png"));
  expect(FakeRequest.all).toHaveLength(2);
  expect(message()).toBe("too many");
  expect(get(".file-box").classList.contains("is-full")).toBe(true);
});

test("a refusal is told in the server's words, a wrong kind and a broken answer in the page's", () => {
  choose(new File(["a"], "1.png"));
  FakeRequest.all[0]!.answer(422, { message: "No such content" });
  expect(message()).toBe("No such content");
  choose(new File(["a"], "2.pdf"));
  FakeRequest.all[1]!.answer(201, { ...FACTS, kind: "pdf" });
  expect(message()).toBe("wrong type");
  choose(new File(["a"], "3.pdf"));
  FakeRequest.all[2]!.answer(502, "<html>");
  expect(message()).toBe("failed");
  expect(values()).toEqual([]);
  expect(get("[data-file-list]").children).toHaveLength(0);
});

test("removing takes the value away, or stops the upload", () => {
  choose(new File(["a"], "1.png"), new File(["a"], "2.png"));
  FakeRequest.all[0]!.answer(201, FACTS);
  get("[data-file-list] [data-file-remove]").click();
  expect(values()).toEqual([]);
  get("[data-file-list] [data-file-remove]").click();
  expect(FakeRequest.all[1]!.aborted).toBe(true);
  expect(get(".file-box").classList.contains("is-full")).toBe(false);
});

test("files can be dropped", () => {
  const transfer = { types: ["Files"], files: [new File(["a"], "1.png")] };
  const dropped = Object.assign(new Event("drop", { cancelable: true }), { dataTransfer: transfer });
  get(".file-box").dispatchEvent(dropped);
  expect(dropped.defaultPrevented).toBe(true);
  expect(FakeRequest.all).toHaveLength(1);
});

test("a form is not sent while an upload runs", () => {
  choose(new File(["a"], "1.png"));
  const early = new Event("submit", { cancelable: true });
  get("form").dispatchEvent(early);
  expect(early.defaultPrevented).toBe(true);
  expect(message()).toBe("busy");
  FakeRequest.all[0]!.answer(201, FACTS);
  const later = new Event("submit", { cancelable: true });
  get("form").dispatchEvent(later);
  expect(later.defaultPrevented).toBe(false);
});

test("a name from the server is text, never markup", () => {
  choose(new File(["a"], "<img src=x>.png"));
  FakeRequest.all[0]!.answer(201, { ...FACTS, kind: "text", name: "<img src=x>" });
  expect(document.querySelector("[data-file-list] img")).toBeNull();
});
