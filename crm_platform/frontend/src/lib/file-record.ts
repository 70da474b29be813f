/** Recording from the microphone where the browser can; the recording becomes a file of the box. */
import { one } from "./dom";
import type { FileBox } from "./file-box";

const FORMATS = ["audio/webm", "audio/mp4", "audio/ogg"];
const EXTENSIONS: Record<string, string> = { "audio/webm": "weba", "audio/mp4": "m4a", "audio/ogg": "oga" };
const LONGEST_MS = 10 * 60 * 1000;

export function startRecording(box: FileBox): () => void {
  const button = one<HTMLButtonElement>(box.element, "[data-record]")!;
  const label = one(button, "[data-record-label]")!;
  const idle = label.textContent ?? "";
  const format = "MediaRecorder" in window ? FORMATS.find((type) => MediaRecorder.isTypeSupported(type)) : undefined;
  if (!format || !navigator.mediaDevices) return () => undefined; // choosing a file is left
  button.hidden = false;

  let recorder: MediaRecorder | undefined;
  let ticking = 0;
  const stop = () => {
    window.clearInterval(ticking);
    if (recorder?.state === "recording") recorder.stop();
    recorder = undefined;
    label.textContent = idle;
    button.classList.remove("is-recording");
  };
  const start = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const made = new MediaRecorder(stream, { mimeType: format });
    const parts: Blob[] = [];
    made.addEventListener("dataavailable", (event) => parts.push(event.data));
    made.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      const stamp = new Date().toISOString().slice(0, 16).replace(/[T:]/g, "-");
      if (parts.length) box.add([new File(parts, `audio-${stamp}.${EXTENSIONS[format]}`, { type: format })]);
    });
    made.start();
    recorder = made;
    const began = Date.now();
    const tick = () => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      label.textContent = `${button.dataset.textStop} ${clock}`;
      if (seconds * 1000 >= LONGEST_MS) stop();
    };
    ticking = window.setInterval(tick, 1000);
    tick();
    button.classList.add("is-recording");
  };
  button.addEventListener("click", () => {
    if (recorder) stop();
    else start().catch(() => box.say(button.dataset.textRefused ?? ""));
  });
  return stop;
}
