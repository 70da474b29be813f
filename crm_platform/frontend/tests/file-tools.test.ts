import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startDrawing } from "../src/lib/file-draw";
import { startRecording } from "../src/lib/file-record";
import { get, settle } from "./page";

const added: File[] = [];
const said: string[] = [];
const boxOf = (element: HTMLElement) => ({
  element,
  add: (files: Iterable<File>) => void added.push(...files),
  say: (text: string) => void said.push(text),
});

beforeEach(() => {
  added.length = said.length = 0;
});
afterEach(() => vi.unstubAllGlobals());

const PAD = `<form><div id="box"><div data-draw hidden><canvas width="800" height="240"></canvas>
  <button data-draw-save disabled></button><button data-draw-clear disabled></button></div></div></form>`;

function pointer(name: string, x: number, y: number): Event {
  return Object.assign(new Event(name), { clientX: x, clientY: y, button: 0, pointerId: 1 });
}

test("strokes become a picture", () => {
  document.body.innerHTML = PAD;
  const pen = { fillRect: vi.fn(), beginPath: vi.fn(), moveTo: vi.fn(), lineTo: vi.fn(), stroke: vi.fn() };
  const canvas = get<HTMLCanvasElement>("canvas");
  Object.assign(canvas, { getContext: () => pen, toBlob: (done: (blob: Blob) => void) => done(new Blob(["png"])) });
  startDrawing(boxOf(get("#box")));
  expect(get("[data-draw]").hidden).toBe(false);
  canvas.dispatchEvent(pointer("pointermove", 5, 5));
  expect(pen.stroke).not.toHaveBeenCalled();
  canvas.dispatchEvent(pointer("pointerdown", 10, 20));
  canvas.dispatchEvent(pointer("pointermove", 30, 40));
  expect(pen.lineTo).toHaveBeenLastCalledWith(30, 40);
  const sent = new Event("submit", { cancelable: true });
  get("form").dispatchEvent(sent);
  expect(sent.defaultPrevented).toBe(true);
  expect(added.map((file) => file.name)).toEqual(["signature.png"]);
  expect(get<HTMLButtonElement>("[data-draw-save]").disabled).toBe(true);
  canvas.dispatchEvent(pointer("pointerdown", 1, 2));
  get("[data-draw-save]").click();
  expect(added).toHaveLength(2);
});

const BUTTON = `<div id="box"><button data-record data-text-stop="Stop" data-text-refused="No microphone" hidden>
  <span data-record-label>Record</span></button></div>`;

class FakeRecorder extends EventTarget {
  static isTypeSupported = (type: string) => type === "audio/mp4";
  state = "inactive";
  start() {
    this.state = "recording";
  }
  stop() {
    this.state = "inactive";
    this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob(["sound"]) }));
    this.dispatchEvent(new Event("stop"));
  }
}

test("a recording becomes a file of sound, and the microphone is let go", async () => {
  document.body.innerHTML = BUTTON;
  const track = { stop: vi.fn() };
  vi.stubGlobal("MediaRecorder", FakeRecorder);
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [track] }) } });
  startRecording(boxOf(get("#box")));
  get("[data-record]").click();
  await settle();
  expect(get("[data-record-label]").textContent).toBe("Stop 0:00");
  get("[data-record]").click();
  expect(added.map((file) => [file.name.slice(-4), file.type])).toEqual([[".m4a", "audio/mp4"]]);
  expect(track.stop).toHaveBeenCalled();
  expect(get("[data-record-label]").textContent).toBe("Record");
});

test("without a microphone the button stays away; one that is refused is told", async () => {
  document.body.innerHTML = BUTTON;
  startRecording(boxOf(get("#box")));
  expect(get("[data-record]").hidden).toBe(true);
  vi.stubGlobal("MediaRecorder", FakeRecorder);
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => Promise.reject(new Error("denied")) } });
  startRecording(boxOf(get("#box")));
  get("[data-record]").click();
  await settle();
  expect(said).toEqual(["No microphone"]);
});
