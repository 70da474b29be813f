/** Signing on a canvas with a finger, a pen or the mouse; the drawing becomes a PNG file of the box. */
import { one } from "./dom";
import type { FileBox } from "./file-box";

const INK = "#101828";

export function startDrawing(box: FileBox): () => void {
  const pad = one(box.element, "[data-draw]")!;
  const canvas = one<HTMLCanvasElement>(pad, "canvas")!;
  const save = one<HTMLButtonElement>(pad, "[data-draw-save]")!;
  const clear = one<HTMLButtonElement>(pad, "[data-draw-clear]")!;
  const pen = canvas.getContext("2d");
  if (!pen) return () => undefined; // choosing a file is left
  pad.hidden = false;

  let drawing = false;
  const setInked = (inked: boolean) => {
    save.disabled = clear.disabled = !inked;
  };
  const wipe = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    setInked(false);
  };
  const at = (event: PointerEvent): [number, number] => {
    const place = canvas.getBoundingClientRect();
    const scale = canvas.width / (place.width || canvas.width);
    return [(event.clientX - place.left) * scale, (event.clientY - place.top) * scale];
  };
  const move = (event: PointerEvent) => {
    if (!drawing) return;
    for (const point of event.getCoalescedEvents?.() ?? [event]) pen.lineTo(...at(point));
    pen.stroke();
    setInked(true);
  };
  const down = (event: PointerEvent) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture?.(event.pointerId);
    drawing = true;
    Object.assign(pen, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: INK });
    pen.beginPath();
    pen.moveTo(...at(event));
    pen.lineTo(...at(event)); // a dot, if it stays at that
    move(event);
  };
  const up = () => {
    drawing = false;
  };
  const keep = () => {
    canvas.toBlob((blob) => {
      if (!blob) return;
      box.add([new File([blob], "signature.png", { type: "image/png" })]);
      wipe();
    }, "image/png");
  };

  // A form that is sent with a signature not yet used would lose it: it is used now, and the form waits for it.
  const form = box.element.closest("form");
  const onSubmit = (event: Event) => {
    if (save.disabled) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keep();
  };
  form?.addEventListener("submit", onSubmit, true);

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel"] as const) canvas.addEventListener(name, up);
  clear.addEventListener("click", wipe);
  save.addEventListener("click", keep);
  wipe();
  return () => form?.removeEventListener("submit", onSubmit, true);
}
